#include "bench/transform_limits.h"

#include "base/result.h"
#include "bench/hand_wire.h"

#include <cstring>
#include <string>
#include <vector>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <simdjson.h>

namespace spillway::bench {

namespace {

template <class Visit>
void for_each_log(std::string_view page, Visit visit) {
    for_each_field(page, [&](char, std::string_view group, std::string_view) {
        for_each_field(group, [&](char tag, std::string_view log, std::string_view) {
            if (tag == kFirst) visit(log);
        });
    });
}

std::string_view first_value(std::string_view log) {
    Reader reader(log);
    while (reader.more()) {
        if (reader.tag() == kSecond) return pair_of(reader.bytes()).value;
        (void)reader.varint();
    }
    return {};
}

}  // namespace

std::uint64_t count_by_hand(std::string_view page, std::string_view key, std::string_view value) {
    std::uint64_t count = 0;
    for_each_log(page, [&](std::string_view log) {
        Reader reader(log);
        while (reader.more()) {
            if (reader.tag() != kSecond) {
                (void)reader.varint();
                continue;
            }
            const Pair pair = pair_of(reader.bytes());
            if (pair.key != key) continue;
            count += pair.value == value ? 1 : 0;
            return;
        }
    });
    return count;
}

struct RegexLimit::Impl {
    pcre2_code* code = nullptr;
    pcre2_match_data* match = nullptr;
    pcre2_match_context* context = nullptr;
    pcre2_jit_stack* stack = nullptr;
};

RegexLimit::RegexLimit(std::string_view pattern) : impl_(std::make_unique<Impl>()) {
    int error = 0;
    PCRE2_SIZE at = 0;
    impl_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), 0,
                                &error, &at, nullptr);
    SPILLWAY_INVARIANT(impl_->code != nullptr, "the benchmark's pattern is wrong");
    SPILLWAY_INVARIANT(pcre2_jit_compile(impl_->code, PCRE2_JIT_COMPLETE) == 0,
                       "PCRE2 has no just-in-time compiler here");
    impl_->match = pcre2_match_data_create_from_pattern(impl_->code, nullptr);
    impl_->context = pcre2_match_context_create(nullptr);
    impl_->stack = pcre2_jit_stack_create(32 * 1024, 512 * 1024, nullptr);
    pcre2_jit_stack_assign(impl_->context, nullptr, impl_->stack);
}

RegexLimit::~RegexLimit() {
    pcre2_jit_stack_free(impl_->stack);
    pcre2_match_context_free(impl_->context);
    pcre2_match_data_free(impl_->match);
    pcre2_code_free(impl_->code);
}

std::uint64_t RegexLimit::run(std::string_view page) {
    std::uint64_t captured = 0;
    for_each_log(page, [&](std::string_view log) {
        const std::string_view text = first_value(log);
        const int groups = pcre2_jit_match(impl_->code, reinterpret_cast<PCRE2_SPTR>(text.data()),
                                           text.size(), 0, 0, impl_->match, impl_->context);
        SPILLWAY_INVARIANT(groups == 9, "the benchmark's pattern does not match");
        const auto* ends = pcre2_get_ovector_pointer(impl_->match);
        for (std::size_t i = 1; i < 9; ++i) captured += ends[2 * i + 1] - ends[2 * i];
    });
    return captured;
}

struct JsonLimit::Impl {
    simdjson::ondemand::parser parser;
    std::string padded;

    std::uint64_t read(std::string_view text) {
        padded.resize(text.size() + simdjson::SIMDJSON_PADDING);
        std::memcpy(padded.data(), text.data(), text.size());
        const simdjson::padded_string_view view(padded.data(), text.size(), padded.size());
        simdjson::ondemand::document document;
        SPILLWAY_INVARIANT(parser.iterate(view).get(document) == simdjson::SUCCESS,
                           "the benchmark's JSON is wrong");
        std::uint64_t bytes = 0;
        for (auto member : document.get_object()) {
            bytes += std::string_view(member.unescaped_key()).size();
            auto value = member.value();
            if (simdjson::ondemand::json_type(value.type()) ==
                simdjson::ondemand::json_type::string) {
                bytes += std::string_view(value.get_string()).size();
            } else {
                bytes += std::string_view(value.raw_json_token()).size();
            }
        }
        return bytes;
    }
};

JsonLimit::JsonLimit() : impl_(std::make_unique<Impl>()) {}
JsonLimit::~JsonLimit() = default;

std::uint64_t JsonLimit::run(std::string_view page) {
    std::uint64_t bytes = 0;
    for_each_log(page, [&](std::string_view log) { bytes += impl_->read(first_value(log)); });
    return bytes;
}

}  // namespace spillway::bench
