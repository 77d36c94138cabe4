#include "targets.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace spillway::fuzz {

namespace {

constexpr auto kTargets = std::to_array<Target>({
    {"log_group", "LogGroup bytes: readers agree, and a copy reads the same", log_group},
    {"log_group_list", "LogGroupList bytes: the groups found are inside the list", log_group_list},
    {"lz4_outline", "an LZ4 block: what passes decodes to the size it said", lz4_outline},
    {"lz4_stitch", "pieces joined without recompressing: decodes to their row", lz4_stitch},
    {"signature", "headers of a signed request: only the right key passes", signature},
    {"metadata_json", "bodies of every metadata call", metadata_json},
    {"segment", "a segment file of a Logstore: recovery serves whole records only", segment},
    {"segment_index", "the index beside a segment", segment_index},
    {"request_head", "the head of an HTTP request, made fit and taken apart", request_head},
    {"put_body", "bodies of PutLogs in every codec", put_body},
    {"request", "bytes of a connection to a region: every answer is whole", request},
    {"rule_text", "a rule: a program or findings in it; formatted it does the same", rule_text},
    {"rule_events", "fields through rules that read text in every form", rule_events},
    {"rule_regex", "a regular expression, and a text to find it in", rule_regex},
    {"grok_pattern", "a grok pattern, one of its own, and a text", grok_pattern},
    {"jmespath", "a JMESPath, and the JSON it selects from", jmespath},
    {"time_text", "a time format, and a time: what is read is a time", time_text},
    {"search_text", "a query of e_search: an event matches or does not", search_text},
});

}  // namespace

std::span<const Target> targets() {
    return kTargets;
}

const Target* find_target(std::string_view name) {
    const auto found = std::find_if(kTargets.begin(), kTargets.end(),
                                    [name](const Target& target) { return target.name == name; });
    return found == kTargets.end() ? nullptr : &*found;
}

void broken(std::string_view promise) {
    std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(promise.size()),
                 promise.data());
    std::abort();
}

std::uint8_t Choices::byte() {
    if (left_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return first;
}

std::uint32_t Choices::below(std::uint32_t limit) {
    return limit == 0 ? 0 : byte() % limit;
}

std::string_view Choices::line() {
    const auto end = std::min(left_.find('\0'), left_.size());
    const auto taken = left_.substr(0, end);
    left_.remove_prefix(std::min(end + 1, left_.size()));
    return taken;
}

}  // namespace spillway::fuzz
