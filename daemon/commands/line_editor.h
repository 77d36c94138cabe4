// A line typed in a terminal: editing, history, completion. The editor takes bytes and says what to
// show, and touches no terminal itself; TerminalLines does that. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace spillway::daemon {

/// What may stand at the cursor: the whole words that `before` (the line up to there) may end in.
struct Completion {
    std::size_t begin = 0;  ///< where in the line the word begins
    std::vector<std::string> words;
};
using Completer = std::function<Completion(std::string_view before)>;

class LineEditor {
  public:
    explicit LineEditor(Completer completer) : completer_(std::move(completer)) {}

    enum class Event {
        Typing,     ///< the line may have changed: show it
        Done,       ///< Enter: take_line()
        Cancelled,  ///< Ctrl-C: the line is empty again
        Ended,      ///< Ctrl-D on an empty line
    };
    /// One byte from the terminal; escape sequences and UTF-8 come byte by byte.
    Event feed(char byte);

    /// The finished line; it goes to the history.
    std::string take_line();
    const std::string& line() const { return line_; }
    /// Bytes before the cursor.
    std::size_t cursor() const { return cursor_; }
    /// Words to choose from after a Tab; empty otherwise.
    const std::vector<std::string>& choices() const { return choices_; }

    /// The bytes that draw prompt, line and cursor in one row of `columns`.
    std::string drawn(std::string_view prompt, std::size_t columns) const;

  private:
    Event control(char byte);
    void escape(char byte);
    void insert(char byte);
    void erase(std::size_t begin, std::size_t end);
    std::size_t left_of(std::size_t at) const;
    std::size_t right_of(std::size_t at) const;
    std::size_t word_left() const;
    void from_history(std::ptrdiff_t step);
    void complete();

    Completer completer_;
    std::string line_;
    std::size_t cursor_ = 0;
    std::string escape_;  ///< of an escape sequence: what came so far
    std::vector<std::string> history_;
    std::size_t history_at_ = 0;
    std::string unfinished_;  ///< what was typed before going up the history
    std::vector<std::string> choices_;
};

/// Lines of a person at a terminal, or of a file.
class TerminalLines {
  public:
    TerminalLines(std::istream& in, std::ostream& out, Completer completer);

    /// Nothing at the end of the input.
    std::optional<std::string> next(std::string_view prompt);

  private:
    std::optional<std::string> next_typed(std::string_view prompt);

    std::istream& in_;
    std::ostream& out_;
    LineEditor editor_;
    bool is_terminal_ = false;
};

}  // namespace spillway::daemon
