#include "replicator/provenance.h"

#include "base/text.h"

#include <algorithm>
#include <limits>

namespace spillway::replicator {
namespace {

template <class Number>
bool read_number(std::string_view text, Number& number) {
    const auto parsed = parse_uint(text);
    if (!parsed || *parsed > static_cast<std::uint64_t>(std::numeric_limits<Number>::max())) {
        return false;
    }
    number = static_cast<Number>(*parsed);
    return true;
}

bool read_pair(std::string_view text, char separator, auto& left, auto& right) {
    const std::size_t at = text.find(separator);
    return at != std::string_view::npos && read_number(text.substr(0, at), left) &&
           read_number(text.substr(at + 1), right);
}

bool read_word(std::string_view key, std::string_view value, Provenance& into) {
    if (key == "link") {
        into.link = std::string(value);
        return !value.empty();
    }
    if (key == "shard") {
        std::uint32_t shard = 0;
        if (!read_number(value, shard)) return false;
        into.shard = ShardId(shard);
        return true;
    }
    if (key == "cursor") {
        return read_pair(value, '-', into.first, into.last) && into.first <= into.last;
    }
    if (key == "epoch") return read_number(value, into.epoch);
    if (key == "hops") return read_number(value, into.hops);
    if (key == "part") return read_pair(value, '/', into.part, into.parts);
    if (key == "nth") return read_number(value, into.nth);
    if (key == "late") into.late = value == "1";
    if (key == "via") {
        for (const std::string_view link : split(value, ',')) into.via.emplace_back(link);
    }
    return true;  // a word of a later version
}

}  // namespace

std::string format_provenance(const Provenance& provenance) {
    std::string text =
        "v1 link=" + provenance.link + " shard=" + std::to_string(provenance.shard.value()) +
        " cursor=" + std::to_string(provenance.first) + "-" + std::to_string(provenance.last) +
        " epoch=" + std::to_string(provenance.epoch) + " hops=" + std::to_string(provenance.hops);
    if (provenance.parts > 1) {
        text += " part=" + std::to_string(provenance.part) + "/" + std::to_string(provenance.parts);
    }
    if (provenance.nth > 1) text += " nth=" + std::to_string(provenance.nth);
    if (provenance.late) text += " late=1";
    for (std::size_t index = 0; index < provenance.via.size(); ++index) {
        text += (index == 0 ? " via=" : ",") + provenance.via[index];
    }
    return text;
}

std::optional<Provenance> parse_provenance(std::string_view text) {
    const auto words = split(text, ' ');
    if (words.empty() || words.front() != "v1") return std::nullopt;
    Provenance provenance;
    int required = 0;
    for (std::size_t index = 1; index < words.size(); ++index) {
        const std::size_t at = words[index].find('=');
        if (at == std::string_view::npos) return std::nullopt;
        const std::string_view key = words[index].substr(0, at);
        if (!read_word(key, words[index].substr(at + 1), provenance)) return std::nullopt;
        if (key == "link" || key == "shard" || key == "cursor") ++required;
    }
    if (required != 3) return std::nullopt;
    return provenance;
}

bool passed_link(const Provenance& provenance, std::string_view link) {
    return provenance.link == link ||
           std::find(provenance.via.begin(), provenance.via.end(), link) != provenance.via.end();
}

}  // namespace spillway::replicator
