#include "daemon/commands/line_editor.h"

#include <algorithm>
#include <cctype>
#include <iostream>

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace spillway::daemon {

namespace {

constexpr char kEscape = '\x1b';
constexpr char kBackspace = '\x7f';

constexpr char control_key(char letter) {
    return static_cast<char>(letter & 0x1F);
}

bool continues_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Columns of a terminal: two for the East Asian characters, from three bytes of UTF-8 on.
std::size_t width_of(std::string_view text) {
    std::size_t columns = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (continues_character(c)) continue;
        const bool wide = byte >= 0xE3 && byte != 0xEF;
        columns += wide ? 2 : 1;
    }
    return columns;
}

}  // namespace

LineEditor::Event LineEditor::feed(char byte) {
    choices_.clear();
    if (!escape_.empty()) {
        escape(byte);
        return Event::Typing;
    }
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || byte == kBackspace) return control(byte);
    insert(byte);
    return Event::Typing;
}

LineEditor::Event LineEditor::control(char byte) {
    switch (byte) {
        case '\r':
        case '\n':
            return Event::Done;
        case control_key('C'):
            line_.clear();
            cursor_ = 0;
            history_at_ = history_.size();
            return Event::Cancelled;
        case control_key('D'):
            if (line_.empty()) return Event::Ended;
            erase(cursor_, right_of(cursor_));
            break;
        case control_key('A'):
            cursor_ = 0;
            break;
        case control_key('E'):
            cursor_ = line_.size();
            break;
        case control_key('B'):
            cursor_ = left_of(cursor_);
            break;
        case control_key('F'):
            cursor_ = right_of(cursor_);
            break;
        case control_key('K'):
            erase(cursor_, line_.size());
            break;
        case control_key('U'):
            erase(0, cursor_);
            break;
        case control_key('W'):
            erase(word_left(), cursor_);
            break;
        case control_key('H'):
        case kBackspace:
            erase(left_of(cursor_), cursor_);
            break;
        case control_key('P'):
            from_history(-1);
            break;
        case control_key('N'):
            from_history(1);
            break;
        case '\t':
            complete();
            break;
        case kEscape:
            escape_ = kEscape;
            break;
        default:
            break;
    }
    return Event::Typing;
}

void LineEditor::escape(char byte) {
    escape_ += byte;
    if (escape_.size() == 2 && (byte == '[' || byte == 'O')) return;
    const bool is_last = std::isalpha(static_cast<unsigned char>(byte)) != 0 || byte == '~';
    if (escape_.size() > 2 && !is_last && escape_.size() < 8) return;
    const std::string keys = escape_.substr(1);
    escape_.clear();
    if (keys == "[A" || keys == "OA") from_history(-1);
    if (keys == "[B" || keys == "OB") from_history(1);
    if (keys == "[C" || keys == "OC") cursor_ = right_of(cursor_);
    if (keys == "[D" || keys == "OD") cursor_ = left_of(cursor_);
    if (keys == "[H" || keys == "OH" || keys == "[1~") cursor_ = 0;
    if (keys == "[F" || keys == "OF" || keys == "[4~") cursor_ = line_.size();
    if (keys == "[3~") erase(cursor_, right_of(cursor_));
}

void LineEditor::insert(char byte) {
    line_.insert(cursor_, 1, byte);
    ++cursor_;
}

void LineEditor::erase(std::size_t begin, std::size_t end) {
    line_.erase(begin, end - begin);
    cursor_ = begin;
}

std::size_t LineEditor::left_of(std::size_t at) const {
    if (at > 0) --at;
    while (at > 0 && continues_character(line_[at])) --at;
    return at;
}

std::size_t LineEditor::right_of(std::size_t at) const {
    if (at < line_.size()) ++at;
    while (at < line_.size() && continues_character(line_[at])) ++at;
    return at;
}

std::size_t LineEditor::word_left() const {
    std::size_t at = cursor_;
    while (at > 0 && line_[at - 1] == ' ') --at;
    while (at > 0 && line_[at - 1] != ' ') --at;
    return at;
}

void LineEditor::from_history(std::ptrdiff_t step) {
    if (history_at_ == history_.size()) unfinished_ = line_;
    const auto wanted = static_cast<std::ptrdiff_t>(history_at_) + step;
    if (wanted < 0 || wanted > static_cast<std::ptrdiff_t>(history_.size())) return;
    history_at_ = static_cast<std::size_t>(wanted);
    line_ = history_at_ == history_.size() ? unfinished_ : history_[history_at_];
    cursor_ = line_.size();
}

/// Puts in what all words have in common; shows them where that is nothing new.
void LineEditor::complete() {
    auto found = completer_(std::string_view(line_).substr(0, cursor_));
    if (found.words.empty()) return;
    std::string common = found.words.front();
    for (const auto& word : found.words) {
        const auto differs = std::mismatch(common.begin(), common.end(), word.begin(), word.end());
        common.erase(differs.first, common.end());
    }
    const std::string typed = line_.substr(found.begin, cursor_ - found.begin);
    if (common.size() > typed.size()) {
        erase(found.begin, cursor_);
        line_.insert(cursor_, common);
        cursor_ += common.size();
    } else if (found.words.size() > 1) {
        choices_ = std::move(found.words);
    }
}

std::string LineEditor::take_line() {
    std::string taken = std::move(line_);
    line_.clear();
    cursor_ = 0;
    if (!taken.empty() && (history_.empty() || history_.back() != taken)) {
        history_.push_back(taken);
    }
    history_at_ = history_.size();
    return taken;
}

std::string LineEditor::drawn(std::string_view prompt, std::size_t columns) const {
    // The part of the line around the cursor that fits in the row.
    std::size_t begin = 0;
    const std::size_t room = columns > prompt.size() + 8 ? columns - prompt.size() - 1 : 8;
    while (width_of(std::string_view(line_).substr(begin, cursor_ - begin)) >= room) {
        begin = right_of(begin);
    }
    std::size_t end = begin;
    while (end < line_.size() &&
           width_of(std::string_view(line_).substr(begin, right_of(end) - begin)) <= room) {
        end = right_of(end);
    }
    const auto before = std::string_view(line_).substr(begin, cursor_ - begin);
    std::string text = "\r";
    text.append(prompt).append(line_, begin, end - begin).append("\x1b[K\r\x1b[");
    return text.append(std::to_string(prompt.size() + width_of(before))).append("C");
}

// ---- The terminal ----

namespace {

/// Keys one by one and without echo, for as long as it lives.
class RawTerminal {
  public:
    RawTerminal() : works_(tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (!works_) return;
        termios raw = before_;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
        raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        works_ = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
    }
    ~RawTerminal() {
        if (works_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

  private:
    termios before_{};
    bool works_ = false;
};

std::size_t columns_of_terminal() {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

void show_choices(const std::vector<std::string>& choices, std::ostream& out) {
    constexpr std::size_t kShownMax = 60;
    std::size_t widest = 0;
    for (const auto& choice : choices) widest = std::max(widest, choice.size());
    const std::size_t across = std::max<std::size_t>(1, columns_of_terminal() / (widest + 2));
    out << "\r\n";
    for (std::size_t i = 0; i < std::min(choices.size(), kShownMax); ++i) {
        out << choices[i];
        const bool ends_row = (i + 1) % across == 0 || i + 1 == std::min(choices.size(), kShownMax);
        out << (ends_row ? "\r\n" : std::string(widest + 2 - choices[i].size(), ' '));
    }
    if (choices.size() > kShownMax) out << "... " << choices.size() - kShownMax << " more\r\n";
}

}  // namespace

TerminalLines::TerminalLines(std::istream& in, std::ostream& out, Completer completer)
    : in_(in),
      out_(out),
      editor_(std::move(completer)),
      is_terminal_(&in == &std::cin && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) {}

std::optional<std::string> TerminalLines::next(std::string_view prompt) {
    if (is_terminal_) return next_typed(prompt);
    out_ << prompt << std::flush;
    std::string line;
    if (!std::getline(in_, line)) return std::nullopt;
    return line;
}

std::optional<std::string> TerminalLines::next_typed(std::string_view prompt) {
    const RawTerminal raw;
    out_ << editor_.drawn(prompt, columns_of_terminal()) << std::flush;
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) == 1) {
        const auto event = editor_.feed(byte);
        if (!editor_.choices().empty()) show_choices(editor_.choices(), out_);
        if (event == LineEditor::Event::Cancelled) out_ << "^C\r\n";
        out_ << editor_.drawn(prompt, columns_of_terminal()) << std::flush;
        if (event == LineEditor::Event::Done || event == LineEditor::Event::Ended) {
            out_ << "\r\n" << std::flush;
            if (event == LineEditor::Event::Ended) return std::nullopt;
            return editor_.take_line();
        }
    }
    return std::nullopt;
}

}  // namespace spillway::daemon
