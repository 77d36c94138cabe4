// Random (rule, page) pairs on which every way of running a rule has to give the same bytes: the
// fast tiers, the run that leaves out what the caller has, and rewriting step by step. From one
// seed always the same pair. For a test, and for a long run of its own.
#pragma once

#include "logstore/wire/log_group_writer.h"
#include "transform/transform.h"
#include "transform/wire_scan.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::transform::testing {

struct TierPair {
    std::string rule;
    std::string page;  ///< a LogGroupList
};

class TierPairMaker {
  public:
    explicit TierPairMaker(std::uint64_t seed) : state_(seed) {}

    TierPair make() {
        TierPair pair;
        pair.rule = rule();
        for (std::uint64_t left = below(4); left > 0; --left) {
            const std::string bytes = group();
            wire::append_group_frame(pair.page, bytes.size());
            pair.page += bytes;
        }
        return pair;
    }

  private:
    std::uint64_t roll() {  // splitmix64
        std::uint64_t mixed = state_ += 0x9E3779B97F4A7C15ULL;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
        return mixed ^ (mixed >> 31U);
    }
    std::uint64_t below(std::uint64_t limit) { return roll() % limit; }
    bool one_in(std::uint64_t of) { return below(of) == 0; }

    std::string key() {
        static constexpr std::array<std::string_view, 9> kKeys{
            "a", "b", "c", "level", "lever", "env", "x-y", "status", "\xE5\x90\x8D"};
        if (one_in(60)) return std::string(130 + below(3), 'k');
        return std::string(kKeys[below(kKeys.size())]);
    }
    std::string value() {
        static constexpr std::array<std::string_view, 7> kValues{"",     "1",     "2",       "INFO",
                                                                 "WARN", "a b=c", "\xC3\xA9"};
        if (one_in(25)) return std::string(120 + below(20), 'v');
        if (one_in(200)) return std::string(16'380 + below(10), 'w');
        return std::string(kValues[below(kValues.size())]);
    }
    std::string quoted(const std::string& text) { return "\"" + text + "\""; }

    // ---- Rules ----

    std::string condition() {
        switch (below(5)) {
            case 0:
                return "e_search(\"" + plain_key() + "==INFO\")";
            case 1:
                return "e_search(\"" + plain_key() + ": 1\")";
            case 2:
                return "v(" + quoted(key()) + ") == " + quoted(value());
            case 3:
                return "e_has(" + quoted(key()) + ")";
            default:
                return "e_not_has(" + quoted(key()) + ")";
        }
    }
    std::string plain_key() { return one_in(2) ? "level" : "a"; }

    std::string tag_step() {
        return "e_set(\"__tag__:" + std::string(one_in(3) ? "host" : "t" + plain_key()) + "\", " +
               quoted(value()) + ")";
    }
    std::string drop_step() {
        return std::string(one_in(2) ? "e_drop(" : "e_keep(") + condition() + ")";
    }
    std::string edit_step() {
        switch (below(6)) {
            case 0:
                return "e_drop_fields(" + quoted(key()) + ")";
            case 1:
                return "e_drop_fields(" + quoted(key()) + ", " + quoted(key()) + ")";
            case 2:
                return "e_rename(" + quoted(key()) + ", " + quoted(key()) + ")";
            case 3:
                return "e_set(" + quoted(key()) + ", " + quoted(value()) + ")";
            case 4:
                return "e_set(" + quoted(key()) + ", " + quoted(value()) + ", " + quoted(key()) +
                       ", " + quoted(value()) + ")";
            default:
                return "e_set(" + quoted(key()) + ", " + quoted(value()) + ", mode=\"fill\")";
        }
    }
    std::string other_step() {
        switch (below(5)) {
            case 0:
                return "e_if(" + condition() + ", " + edit_step() + ")";
            case 1:
                return "e_set(\"__topic__\", " + quoted(value()) + ")";
            case 2:
                return "e_set(\"__time__\", \"1600000000\")";
            case 3:
                return "e_if(" + condition() + ", e_coutput(\"copy\"))";
            default:
                return "e_split(\"a\", sep=\" \")";
        }
    }
    std::string rule() {
        const std::uint64_t kind = below(6);
        std::string text;
        for (std::uint64_t left = below(5); left > 0; --left) {
            if (kind == 0) text += "e_keep()\n";
            if (kind == 1) text += tag_step() + "\n";
            if (kind == 2) text += drop_step() + "\n";
            if (kind == 3) text += edit_step() + "\n";
            if (kind == 4) text += (one_in(3) ? drop_step() : edit_step()) + "\n";
            if (kind == 5) text += (one_in(2) ? other_step() : edit_step()) + "\n";
        }
        return text;
    }

    // ---- Pages ----

    /// Length-delimited; the length in more bytes than it needs now and then.
    void put_field(std::string& out, char tag, std::string_view bytes) {
        out += tag;
        if (one_in(80)) {
            out += static_cast<char>(bytes.size() | 0x80U);
            out += static_cast<char>((bytes.size() >> 7U) | 0x80U);
            out += static_cast<char>((bytes.size() >> 14U) & 0x7FU);
        } else {
            put_varint(out, bytes.size());
        }
        out += bytes;
    }
    std::string pair() {
        std::string out;
        switch (below(24)) {
            case 0:  // the value first
                put_field(out, '\x12', value());
                put_field(out, '\x0A', key());
                return out;
            case 1:  // a key twice: the second counts
                put_field(out, '\x0A', key());
                put_field(out, '\x0A', key());
                put_field(out, '\x12', value());
                return out;
            case 2:  // something unknown behind
                put_field(out, '\x0A', key());
                put_field(out, '\x12', value());
                put_field(out, '\x1A', "?");
                return out;
            case 3:  // no pair at all
                if (one_in(2)) put_field(out, '\x0A', key());
                return out;
            default:
                put_field(out, '\x0A', key());
                put_field(out, '\x12', value());
                return out;
        }
    }
    std::string log() {
        std::string out;
        const bool time_last = one_in(10);
        const auto put_time = [&] {
            out += '\x08';
            put_varint(out, 1'700'000'000 + below(100));
        };
        if (!time_last) put_time();
        for (std::uint64_t left = below(7); left > 0; --left) {
            put_field(out, '\x12', pair());
            if (one_in(30)) out += std::string("\x25\x01\x02\x03\x04", 5);  // nanoseconds
            if (one_in(60)) put_field(out, '\x7A', "unknown");
        }
        if (time_last) put_time();
        return out;
    }
    std::string tag() {
        std::string out;
        put_field(out, '\x0A', one_in(2) ? "host" : "t" + plain_key());
        put_field(out, '\x12', value());
        return out;
    }
    std::string group() {
        std::string out;
        const auto put_about = [&] {
            if (one_in(2)) put_field(out, '\x1A', value());
            if (one_in(2)) put_field(out, '\x22', "10.0.0.1");
            for (std::uint64_t left = below(3); left > 0; --left) put_field(out, '\x32', tag());
        };
        if (one_in(5)) put_about();
        for (std::uint64_t left = below(6); left > 0; --left) put_field(out, '\x0A', log());
        put_about();
        return out;
    }

    std::uint64_t state_;
};

/// A result in words, for comparing; groups that the caller has are put in.
inline std::string text_of(const Result<PageResult>& result, std::string_view page) {
    if (!result) return "error: " + result.error().to_string();
    std::vector<std::string_view> sources;
    WireField field;
    for (std::size_t at = 0; at < page.size() && read_field(page, at, field);) {
        if (field.number == 1 && field.type == 2) sources.push_back(field.payload);
    }
    std::string text = std::to_string(result->logs_read) + " read " +
                       std::to_string(result->logs_written) + " written " +
                       std::to_string(result->logs_dropped) + " dropped\n";
    for (const auto& group : result->groups) {
        text += "to \"" + group.target + "\" from " + std::to_string(group.source_group) + ": " +
                std::to_string(group.log_count) + " logs " + group.hash_key + " [";
        if (group.copies_source) text += sources.at(group.source_group);
        text += group.bytes + "]\n";
    }
    for (const auto& failed : result->failed) {
        text += "failed " + std::to_string(failed.source_group) + "/" +
                std::to_string(failed.log_index) + ": " + failed.reason + "\n";
    }
    return text;
}

/// Runs the pair every way. Empty when all agree, else the names of two that do not.
inline std::string difference_between_tiers(const TierPair& pair) {
    const RunContext context{WallTime{std::chrono::seconds{1'700'000'000}}};
    const auto compiled = Program::compile(pair.rule);
    // A step that does nothing keeps the steps before it from being joined into one.
    const auto stepwise = Program::compile(pair.rule + "\nKEEP\n");
    if (!compiled.program || !stepwise.program) {
        return compiled.program.has_value() == stepwise.program.has_value()
                   ? ""
                   : "only one of the two rules compiles";
    }
    Scratch scratch;
    const auto wanted =
        text_of(stepwise.program->run_page_rewriting(pair.page, context, scratch), pair.page);
    const auto differs = [&](Result<PageResult> result) {
        const bool same = text_of(result, pair.page) == wanted;
        if (result) scratch.recycle(std::move(*result));
        return !same;
    };
    const Program& program = *compiled.program;
    if (differs(program.run_page_rewriting(pair.page, context, scratch))) return "joined steps";
    if (differs(program.run_page(pair.page, context, scratch))) {
        return "tier " + std::string(name_of(program.tier()));
    }
    if (differs(program.run_page_sparing(pair.page, context, scratch))) {
        return "sparing, tier " + std::string(name_of(program.tier()));
    }
    return "";
}

}  // namespace spillway::transform::testing
