// A line as it is typed: keys in, line and cursor out.
#include "daemon/commands/line_editor.h"

#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace spillway::daemon {
namespace {

Completion complete(std::string_view before) {
    Completion found;
    found.begin = before.find_last_of(" (") + 1;
    for (const std::string_view word : {"e_set(", "e_search(", "e_drop("}) {
        if (word.starts_with(before.substr(found.begin))) found.words.emplace_back(word);
    }
    return found;
}

LineEditor::Event type(LineEditor& editor, std::string_view keys) {
    auto last = LineEditor::Event::Typing;
    for (const char key : keys) last = editor.feed(key);
    return last;
}

std::string typed(std::string_view keys) {
    LineEditor editor(complete);
    type(editor, keys);
    return editor.line();
}

TEST(LineEditor, TakesTextAtTheCursor) {
    EXPECT_EQ(typed("ac\x1b[Db"), "abc");
    EXPECT_EQ(typed("bc\x01"
                    "a\x05"
                    "d"),
              "abcd");
    EXPECT_EQ(typed("bc\x1b[Ha\x1b[Fd"), "abcd");
}

TEST(LineEditor, ErasesCharactersWordsAndTheRest) {
    EXPECT_EQ(typed("abc\x7f"), "ab");
    EXPECT_EQ(typed("abc\x1b[D\x1b[D\x1b[3~"), "ac");
    EXPECT_EQ(typed("one two\x17"), "one ");
    EXPECT_EQ(typed("one two\x1b[D\x1b[D\x0b"), "one t");
    EXPECT_EQ(typed("one two\x15"), "");
}

TEST(LineEditor, MovesOverWholeCharacters) {
    EXPECT_EQ(typed("\u65e5\u5fd7\x7f"), "\u65e5");
    EXPECT_EQ(typed("\u65e5\u5fd7\x1b[D\x1b[Dx"), "x\u65e5\u5fd7");
}

TEST(LineEditor, IgnoresKeysItDoesNotKnow) {
    EXPECT_EQ(typed("a\x1b[15~b\x1b[1;5Cc\x1bOPd"), "abcd");
}

TEST(LineEditor, BringsEarlierLinesBackAndTheUnfinishedOneAfterThem) {
    LineEditor editor(complete);
    EXPECT_EQ(type(editor, "one\r"), LineEditor::Event::Done);
    EXPECT_EQ(editor.take_line(), "one");
    type(editor, "two\r");
    EXPECT_EQ(editor.take_line(), "two");
    type(editor, "thr\x1b[A");
    EXPECT_EQ(editor.line(), "two");
    type(editor, "\x1b[A\x1b[A\x1b[A");
    EXPECT_EQ(editor.line(), "one");
    type(editor, "\x1b[B\x1b[B\x1b[B");
    EXPECT_EQ(editor.line(), "thr");
}

TEST(LineEditor, CompletesWhatIsClearAndShowsWhatIsNot) {
    EXPECT_EQ(typed("e_d\t"), "e_drop(");
    EXPECT_EQ(typed("x(e_dr\t1"), "x(e_drop(1");
    LineEditor editor(complete);
    type(editor, "e\t");
    EXPECT_EQ(editor.line(), "e_");
    EXPECT_TRUE(editor.choices().empty());
    type(editor, "s\t");
    EXPECT_EQ(editor.line(), "e_se");
    type(editor, "\t");
    EXPECT_EQ(editor.choices(), (std::vector<std::string>{"e_set(", "e_search("}));
    type(editor, "t");
    EXPECT_TRUE(editor.choices().empty());
    EXPECT_EQ(typed("zz\t"), "zz");
}

TEST(LineEditor, EndsOnlyOnAnEmptyLineAndStartsAnewOnAnInterrupt) {
    LineEditor editor(complete);
    EXPECT_EQ(type(editor, "\x04"), LineEditor::Event::Ended);
    EXPECT_EQ(type(editor, "ab\x1b[D\x04"), LineEditor::Event::Typing);
    EXPECT_EQ(editor.line(), "a");
    EXPECT_EQ(type(editor, "\x03"), LineEditor::Event::Cancelled);
    EXPECT_EQ(editor.line(), "");
}

TEST(LineEditor, DrawsTheCursorInItsColumn) {
    LineEditor editor(complete);
    type(editor,
         "a\u65e5"
         "b\x1b[D");
    EXPECT_EQ(editor.drawn("> ", 80),
              "\r> a\u65e5"
              "b\x1b[K\r\x1b[5C");
}

TEST(LineEditor, ShowsThePartOfALongLineThatHoldsTheCursor) {
    LineEditor editor(complete);
    type(editor, std::string(100, 'x') + "END");
    const auto end = editor.drawn("> ", 40);
    EXPECT_NE(end.find("END"), std::string::npos);
    EXPECT_LT(end.size(), 60U);
    type(editor, "\x01");
    EXPECT_EQ(editor.drawn("> ", 40).find("END"), std::string::npos);
}

TEST(TerminalLines, ReadsAFileLineByLine) {
    std::istringstream in("one\ntwo");
    std::ostringstream out;
    TerminalLines lines(in, out, complete);
    EXPECT_EQ(lines.next("> "), "one");
    EXPECT_EQ(lines.next("> "), "two");
    EXPECT_EQ(lines.next("> "), std::nullopt);
    EXPECT_EQ(out.str(), "> > > ");
}

}  // namespace
}  // namespace spillway::daemon
