// Every parser that meets bytes of strangers, as a function of those bytes. A target may do what it
// likes with them but crash, hang, leak, or break a promise its folder makes; where it sees a
// promise broken it calls broken(), which aborts with the sentence.
//
// The same table serves twice: `spillway_fuzz` (libFuzzer, built by `./dev fuzz`) looks for new
// findings, and fuzz_seeds_test (in `./dev test`) runs every kept seed and some mutations of it.
//
// Targets keep no state between inputs but what their first call sets up. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace spillway::fuzz {

struct Target {
    std::string_view name;  ///< folder of its seeds: tests/fuzz/seeds/NAME/
    std::string_view what;  ///< what is fed, and what must hold
    void (*run)(std::string_view input);
};

std::span<const Target> targets();
/// Null when there is none of that name.
const Target* find_target(std::string_view name);

[[noreturn]] void broken(std::string_view promise);
inline void promise(bool holds, std::string_view sentence) {
    if (!holds) broken(sentence);
}

/// Takes numbers off the front of an input, so that one input can carry choices and bytes.
class Choices {
  public:
    explicit Choices(std::string_view input) : left_(input) {}
    /// The next byte; 0 when there is none.
    std::uint8_t byte();
    std::uint32_t below(std::uint32_t limit);
    /// Up to the next zero byte, which is taken too.
    std::string_view line();
    std::string_view rest() const { return left_; }

  private:
    std::string_view left_;
};

// wire_targets.cc
void log_group(std::string_view input);
void log_group_list(std::string_view input);
void lz4_outline(std::string_view input);
void lz4_stitch(std::string_view input);
void signature(std::string_view input);
void metadata_json(std::string_view input);
// engine_targets.cc
void segment(std::string_view input);
void segment_index(std::string_view input);
// server_targets.cc
void request_head(std::string_view input);
void put_body(std::string_view input);
void request(std::string_view input);
// transform_targets.cc
void rule_text(std::string_view input);
void rule_events(std::string_view input);
void rule_regex(std::string_view input);
void grok_pattern(std::string_view input);
void jmespath(std::string_view input);
void time_text(std::string_view input);
void search_text(std::string_view input);

}  // namespace spillway::fuzz
