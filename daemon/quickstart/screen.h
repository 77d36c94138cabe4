// What a person sees while a quickstart runs: on a terminal one block that is drawn again in place,
// with events scrolling away above it; elsewhere one line an event, with its time. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::daemon::quickstart {

struct ScreenOptions {
    bool terminal = false;
    bool colour = false;
    int width = 80;
};

/// Looks at descriptor 2, NO_COLOR and TERM.
ScreenOptions screen_of_stderr();

enum class Tone { Plain, Good, Bad, Strong, Faint };

/// The state of the run at one moment; nothing where it is not known.
struct LiveState {
    std::chrono::milliseconds elapsed{0};
    std::string now;  ///< "waiting for the daemon to see it"
    double fed = 0;
    std::uint64_t produced_lines = 0;
    std::uint64_t produced_bytes = 0;
    std::uint64_t in_source = 0;  ///< different lines, as last seen
    std::uint64_t in_target = 0;
    std::uint64_t in_target_direct = 0;
    bool source_up = true;
    std::string lag;  ///< "0.4 s", "unknown"
    std::string active;
    std::string pair_state;
};

/// The block on a terminal.
std::vector<std::string> live_lines(const LiveState& state);
/// The same as one line.
std::string live_sentence(const LiveState& state);
/// "00:07.4"
std::string clock_text(std::chrono::milliseconds elapsed);
/// At most `width` columns, counting code points.
std::string clipped(std::string_view text, std::size_t width);

class Screen {
  public:
    Screen(std::ostream& out, ScreenOptions options) : out_(out), options_(options) {}
    ~Screen() { clear(); }

    /// An event. One line.
    void say(std::chrono::milliseconds at, std::string_view text, Tone tone = Tone::Plain);
    /// The state: redraws the block, or now and then prints a line.
    void show(const LiveState& state);
    /// Takes the block away.
    void clear();
    std::string painted(std::string_view text, Tone tone) const;

  private:
    void erase_block();
    void draw_block();

    std::mutex mutex_;  // guards all below
    std::ostream& out_;
    const ScreenOptions options_;
    std::vector<std::string> block_;
    std::size_t drawn_ = 0;
    std::optional<std::chrono::milliseconds> last_sentence_;
};

}  // namespace spillway::daemon::quickstart
