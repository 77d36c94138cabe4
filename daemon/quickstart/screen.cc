#include "daemon/quickstart/screen.h"

#include "base/text.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace spillway::daemon::quickstart {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kSentenceEvery{3'000};
constexpr int kBarCells = 24;

std::string bar(double fraction) {
    const int full = std::clamp(static_cast<int>(fraction * kBarCells + 0.5), 0, kBarCells);
    std::string text;
    for (int i = 0; i < kBarCells; ++i) text += i < full ? "█" : "░";
    return text;
}

bool starts_code_point(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

}  // namespace

ScreenOptions screen_of_stderr() {
    ScreenOptions options;
    const char* term = std::getenv("TERM");
    const char* no_color = std::getenv("NO_COLOR");
    const bool dumb = term == nullptr || std::string_view(term) == "dumb";
    options.terminal = isatty(2) != 0 && !dumb;
    options.colour = options.terminal && (no_color == nullptr || *no_color == '\0');
    winsize size{};
    if (ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) options.width = size.ws_col;
    return options;
}

std::string clock_text(milliseconds elapsed) {
    const auto tenths = elapsed.count() / 100;
    return fmt::format("{:02}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10);
}

std::string clipped(std::string_view text, std::size_t width) {
    std::size_t columns = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!starts_code_point(text[i])) continue;
        if (columns++ == width) return std::string(text.substr(0, i));
    }
    return std::string(text);
}

std::vector<std::string> live_lines(const LiveState& state) {
    const std::string source =
        state.source_up
            ? fmt::format("{:>10} lines", human_count(state.in_source))
            : fmt::format("{:>10} lines   region is down", human_count(state.in_source));
    const std::string direct =
        state.in_target_direct == 0
            ? ""
            : fmt::format("   {} by the agents themselves", human_count(state.in_target_direct));
    return {
        fmt::format("  {}  {}  {:3.0f} % of the input", clock_text(state.elapsed), bar(state.fed),
                    state.fed * 100),
        fmt::format("  produced  {:>10} lines   {}", human_count(state.produced_lines),
                    human_bytes(state.produced_bytes)),
        fmt::format("  in hz     {}", source),
        fmt::format("  in sh     {:>10} lines{}", human_count(state.in_target), direct),
        fmt::format("  lag       {:>10}", state.lag),
        fmt::format("  active    {:>10}   {}", state.active, state.pair_state),
        fmt::format("  now       {}", state.now.empty() ? "-" : "waiting for " + state.now),
    };
}

std::string live_sentence(const LiveState& state) {
    return fmt::format(
        "produced {} lines ({}), in hz {}{}, in sh {}{}, lag {}, active {}",
        human_count(state.produced_lines), human_bytes(state.produced_bytes),
        human_count(state.in_source), state.source_up ? "" : " (down)",
        human_count(state.in_target),
        state.in_target_direct == 0
            ? ""
            : fmt::format(" ({} by the agents themselves)", human_count(state.in_target_direct)),
        state.lag, state.active);
}

std::string Screen::painted(std::string_view text, Tone tone) const {
    if (!options_.colour || tone == Tone::Plain) return std::string(text);
    const char* code = tone == Tone::Good     ? "32"
                       : tone == Tone::Bad    ? "31;1"
                       : tone == Tone::Strong ? "1"
                                              : "2";
    return fmt::format("\033[{}m{}\033[0m", code, text);
}

void Screen::say(milliseconds at, std::string_view text, Tone tone) {
    const std::lock_guard lock(mutex_);
    erase_block();
    const std::string stamp = clock_text(at) + "  ";
    const auto width = static_cast<std::size_t>(std::max(options_.width, 40));
    const std::string shown =
        options_.terminal ? clipped(text, width - stamp.size() - 1) : std::string(text);
    out_ << painted(stamp, Tone::Faint) << painted(shown, tone) << "\n";
    draw_block();
    out_.flush();
}

void Screen::show(const LiveState& state) {
    const std::lock_guard lock(mutex_);
    if (options_.terminal) {
        erase_block();
        block_ = live_lines(state);
        draw_block();
    } else if (!last_sentence_ || state.elapsed - *last_sentence_ >= kSentenceEvery) {
        last_sentence_ = state.elapsed;
        out_ << clock_text(state.elapsed) << "  " << live_sentence(state) << "\n";
    }
    out_.flush();
}

void Screen::clear() {
    const std::lock_guard lock(mutex_);
    erase_block();
    block_.clear();
    out_.flush();
}

void Screen::erase_block() {
    if (drawn_ > 0) out_ << "\033[" << drawn_ << "A\r\033[J";
    drawn_ = 0;
}

void Screen::draw_block() {
    if (block_.empty()) return;
    const auto width = static_cast<std::size_t>(std::max(options_.width, 40)) - 1;
    out_ << "\n";
    for (const std::string& line : block_) out_ << clipped(line, width) << "\n";
    drawn_ = block_.size() + 1;
}

}  // namespace spillway::daemon::quickstart
