// Text: case, search, replace, split, pad. By code point, as Python's str.
#include "transform/arguments.h"
#include "transform/csv.h"
#include "transform/functions/padding.h"
#include "transform/json.h"
#include "transform/registry.h"
#include "transform/str_format.h"
#include "transform/unicode.h"

#include <algorithm>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

Value keep(Frame& frame, const std::string& text) {
    if (text.size() > kTextBytesMax) return frame.fail("the text is too long");
    return Value::of(frame.arena().copy(text));
}

using Mapping = std::string (*)(std::string_view);

/// A function of one text.
template <Mapping kMapping>
Value map_text(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    return text ? keep(frame, kMapping(*text)) : Value::null();
}

std::string reverse_text(std::string_view text) {
    const CodePoints points(text);
    std::string out;
    for (std::size_t i = points.size(); i > 0; --i) out += points[i - 1];
    return out;
}

/// Null makes null, and a warning.
bool has_null(Frame& frame, const Value* values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (!values[i].is_null()) continue;
        frame.warn();
        return true;
    }
    return false;
}

Value str_format(Frame& frame, const Expr&, const Value* a, std::size_t count) {
    const auto format = text_argument(frame, a[0]);
    if (!format || has_null(frame, a + 1, count - 1)) return Value::null();
    std::string out;
    const auto done = format_text(out, *format, a + 1, count - 1, frame.arena());
    return done ? keep(frame, out) : frame.fail("str_format: " + done.error().message);
}

Value str_join(Frame& frame, const Expr&, const Value* a, std::size_t count) {
    const auto separator = text_argument(frame, a[0]);
    if (!separator || has_null(frame, a + 1, count - 1)) return Value::null();
    std::string out;
    for (std::size_t i = 1; i < count; ++i) {
        if (i > 1) out += *separator;
        out += stored_text(a[i], frame.arena());
    }
    return keep(frame, out);
}

/// A list, JSON list text, or one CSV record.
std::optional<Value> zip_side(Frame& frame, const Value& value, const Value& parse) {
    if (value.is_list()) return value;
    const auto text = text_argument(frame, value);
    if (!text) return std::nullopt;
    if (const auto list = parse_json_list(*text, frame.arena())) return list;
    CsvFormat format;
    if (parse.is_list() && parse.list->size > 0) {
        const auto separator = stored_text(parse.list->items[0], frame.arena());
        if (!separator.empty()) format.separator = separator[0];
        if (parse.list->size > 1) {
            const auto quote = stored_text(parse.list->items[1], frame.arena());
            format.quote = quote.empty() ? '\0' : quote[0];
        }
    }
    return split_csv(*text, format, frame.arena());
}

Value str_zip(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto left = zip_side(frame, a[0], a[5]);
    const auto right = zip_side(frame, a[1], a[6]);
    if (!left || !right) return Value::null();
    const auto combine = stored_text(a[2], frame.arena());
    const auto separator = stored_text(a[3], frame.arena());
    const auto quote = stored_text(a[4], frame.arena());
    std::string out;
    const std::size_t count = std::min(left->list->size, right->list->size);
    for (std::size_t i = 0; i < count; ++i) {
        std::string pair(stored_text(left->list->items[i], frame.arena()));
        pair += combine;
        pair += stored_text(right->list->items[i], frame.arena());
        if (i > 0) out += separator;
        append_csv(out, pair, separator, quote.empty() ? '\0' : quote[0]);
    }
    return keep(frame, out);
}

Value str_replace(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    const auto old = text_argument(frame, a[1]);
    const auto with = text_argument(frame, a[2]);
    if (!text || !old || !with) return Value::null();
    std::int64_t left = -1;
    if (!a[3].is_null()) left = integer_argument(frame, self, a[3]).value_or(0);
    if (frame.has_failed) return Value::null();
    std::string out;
    if (old->empty()) {
        const CodePoints points(*text);
        for (std::size_t i = 0; i <= points.size(); ++i) {
            if (left != 0) out += *with, --left;
            if (i < points.size()) out += points[i];
            if (out.size() > kTextBytesMax) break;
        }
        return keep(frame, out);
    }
    std::size_t copied = 0;
    for (std::size_t at = text->find(*old); at != std::string_view::npos && left != 0;
         at = text->find(*old, copied), --left) {
        out.append(*text, copied, at - copied).append(*with);
        copied = at + old->size();
        if (out.size() > kTextBytesMax) break;
    }
    if (copied == 0) return Value::of(*text);
    return keep(frame, out.append(*text, copied));
}

Value str_translate(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const CodePoints from(stored_text(a[1], frame.arena()));
    const CodePoints to(stored_text(a[2], frame.arena()));
    if (from.size() != to.size()) {
        return frame.fail(
            fmt::format("{}: both sets of characters must be equally long", self.name));
    }
    std::string out;
    const CodePoints points(*text);
    for (std::size_t i = 0; i < points.size(); ++i) {
        auto mapped = points[i];
        // The last of equal characters counts, as in a Python dict.
        for (std::size_t j = from.size(); j > 0; --j) {
            if (from[j - 1] != points[i]) continue;
            mapped = to[j - 1];
            break;
        }
        out += mapped;
    }
    return keep(frame, out);
}

Value strip(Frame& frame, const Value* a, bool left, bool right) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const bool blanks = a[1].is_null();
    const CodePoints set(blanks ? std::string_view{} : stored_text(a[1], frame.arena()));
    const auto is_stripped = [&](std::string_view character) {
        if (blanks) {
            std::size_t at = 0;
            return is_in(CharacterClass::Space, next_code_point(character, at));
        }
        for (std::size_t i = 0; i < set.size(); ++i) {
            if (set[i] == character) return true;
        }
        return false;
    };
    const CodePoints points(*text);
    std::size_t begin = 0;
    std::size_t end = points.size();
    while (left && begin < end && is_stripped(points[begin])) ++begin;
    while (right && end > begin && is_stripped(points[end - 1])) --end;
    return Value::of(
        text->substr(points.byte_of(begin), points.byte_of(end) - points.byte_of(begin)));
}

Value str_strip(Frame& frame, const Expr&, const Value* a, std::size_t) {
    return strip(frame, a, true, true);
}
Value str_lstrip(Frame& frame, const Expr&, const Value* a, std::size_t) {
    return strip(frame, a, true, false);
}
Value str_rstrip(Frame& frame, const Expr&, const Value* a, std::size_t) {
    return strip(frame, a, false, true);
}

/// The part of the text between the optional character places `start` and `end`.
struct Window {
    std::string_view part;
    std::size_t first = 0;  ///< character the part begins at
    bool is_valid = false;  ///< false where Python's start lies behind its end
};

Window window(Frame& frame, const Expr& self, std::string_view text, const CodePoints& points,
              const Value& start, const Value& end) {
    const auto size = static_cast<std::int64_t>(points.size());
    const auto place = [&](const Value& value, std::int64_t otherwise) {
        if (value.is_null()) return otherwise;
        std::int64_t at = integer_argument(frame, self, value).value_or(0);
        if (at < 0) at = std::max<std::int64_t>(at + size, 0);
        return at;
    };
    const std::int64_t first = place(start, 0);
    const std::int64_t last = std::min(place(end, size), size);
    if (first > size || first > last) return {};
    const auto begin_byte = points.byte_of(static_cast<std::size_t>(first));
    const auto end_byte = points.byte_of(static_cast<std::size_t>(last));
    return {text.substr(begin_byte, end_byte - begin_byte), static_cast<std::size_t>(first), true};
}

struct Search {
    std::string_view text;
    std::string_view wanted;
    CodePoints points;
    Window in;
};

std::optional<Search> search_arguments(Frame& frame, const Expr& self, const Value* a) {
    const auto text = text_argument(frame, a[0]);
    const auto wanted = text_argument(frame, a[1]);
    if (!text || !wanted) return std::nullopt;
    Search search{*text, *wanted, CodePoints(*text), {}};
    search.in = window(frame, self, *text, search.points, a[2], a[3]);
    if (frame.has_failed) return std::nullopt;
    return search;
}

Value str_count(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto search = search_arguments(frame, self, a);
    if (!search) return Value::null();
    if (!search->in.is_valid) return Value::of(0);
    if (search->wanted.empty()) {
        return Value::of(static_cast<std::int64_t>(CodePoints(search->in.part).size()) + 1);
    }
    std::int64_t count = 0;
    for (std::size_t at = search->in.part.find(search->wanted); at != std::string_view::npos;
         at = search->in.part.find(search->wanted, at + search->wanted.size())) {
        ++count;
    }
    return Value::of(count);
}

Value find_in(Frame& frame, const Expr& self, const Value* a, bool last) {
    const auto search = search_arguments(frame, self, a);
    if (!search) return Value::null();
    if (!search->in.is_valid) return Value::of(-1);
    const auto at =
        last ? search->in.part.rfind(search->wanted) : search->in.part.find(search->wanted);
    if (at == std::string_view::npos) return Value::of(-1);
    const auto base = search->points.byte_of(search->in.first);
    return Value::of(static_cast<std::int64_t>(search->points.place_of(base + at)));
}

Value str_find(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return find_in(frame, self, a, false);
}
Value str_rfind(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return find_in(frame, self, a, true);
}

/// A tuple of affixes: any of them.
Value has_affix(Frame& frame, const Expr& self, const Value* a, bool at_end) {
    const auto matches = [&](std::string_view part, std::string_view affix) {
        return at_end ? part.ends_with(affix) : part.starts_with(affix);
    };
    if (a[1].is_list()) {
        const auto text = text_argument(frame, a[0]);
        if (!text) return Value::null();
        const CodePoints points(*text);
        const auto in = window(frame, self, *text, points, a[2], a[3]);
        for (const auto& affix : *a[1].list) {
            if (in.is_valid && matches(in.part, stored_text(affix, frame.arena()))) {
                return Value::of(true);
            }
        }
        return Value::of(false);
    }
    const auto search = search_arguments(frame, self, a);
    if (!search) return Value::null();
    return Value::of(search->in.is_valid && matches(search->in.part, search->wanted));
}

Value str_startswith(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return has_affix(frame, self, a, false);
}
Value str_endswith(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return has_affix(frame, self, a, true);
}

Value split_blanks(Frame& frame, std::string_view text, std::int64_t left) {
    ListBuilder parts(frame.arena());
    const auto is_blank = [&](std::size_t at) {
        return is_in(CharacterClass::Space, next_code_point(text, at));
    };
    const auto next = [&](std::size_t at) {
        (void)next_code_point(text, at);
        return at;
    };
    std::size_t at = 0;
    while (true) {
        while (at < text.size() && is_blank(at)) at = next(at);
        if (at == text.size()) return parts.done();
        if (left-- == 0) {
            parts.add(Value::of(text.substr(at)));  // with the blanks at its end, as Python
            return parts.done();
        }
        const std::size_t begin = at;
        while (at < text.size() && !is_blank(at)) at = next(at);
        parts.add(Value::of(text.substr(begin, at - begin)));
    }
}

Value str_split(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    std::int64_t left = integer_argument(frame, self, a[2]).value_or(-1);
    if (frame.has_failed) return Value::null();
    if (a[1].is_null()) return split_blanks(frame, *text, left);
    const auto separator = stored_text(a[1], frame.arena());
    if (separator.empty()) return frame.fail("str_split: the separator is empty");
    ListBuilder parts(frame.arena());
    std::size_t copied = 0;
    for (std::size_t at = text->find(separator); at != std::string_view::npos && left != 0;
         at = text->find(separator, copied), --left) {
        parts.add(Value::of(text->substr(copied, at - copied)));
        copied = at + separator.size();
    }
    parts.add(Value::of(text->substr(copied)));
    return parts.done();
}

Value str_splitlines(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const bool keeps = is_true(a[1]);
    ListBuilder lines(frame.arena());
    for (std::size_t begin = 0; begin < text->size();) {
        const auto end = std::min(text->find_first_of("\r\n", begin), text->size());
        std::size_t next = std::min(end + 1, text->size());
        if (end + 1 < text->size() && (*text)[end] == '\r' && (*text)[end + 1] == '\n') ++next;
        lines.add(Value::of(text->substr(begin, (keeps ? next : end) - begin)));
        begin = next;
    }
    return lines.done();
}

Value partition(Frame& frame, const Expr& self, const Value* a, bool last) {
    const auto text = text_argument(frame, a[0]);
    const auto separator = text_argument(frame, a[1]);
    if (!text || !separator) return Value::null();
    if (separator->empty()) {
        return frame.fail(fmt::format("{}: the separator is empty", self.name));
    }
    const auto at = last ? text->rfind(*separator) : text->find(*separator);
    ListBuilder parts(frame.arena());
    const std::string_view none("", 0);
    if (at == std::string_view::npos) {
        parts.add(Value::of(last ? none : *text));
        parts.add(Value::of(none));
        parts.add(Value::of(last ? *text : none));
    } else {
        parts.add(Value::of(text->substr(0, at)));
        parts.add(Value::of(*separator));
        parts.add(Value::of(text->substr(at + separator->size())));
    }
    return parts.done();
}

Value str_partition(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return partition(frame, self, a, false);
}
Value str_rpartition(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    return partition(frame, self, a, true);
}

Value str_sort(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    const CodePoints points(*text);
    std::vector<std::string_view> characters;
    for (std::size_t i = 0; i < points.size(); ++i) characters.push_back(points[i]);
    std::stable_sort(characters.begin(), characters.end());
    if (is_true(a[1])) std::reverse(characters.begin(), characters.end());
    std::string out;
    for (const auto character : characters) out += character;
    return keep(frame, out);
}

constexpr FunctionEntry kFunctions[] = {
    {"str_format(format, ...)",
     FunctionTier::Core,
     "Fills {} and {0} in the format with the values; specifications such as {:>8} and {:.2f} as "
     "Python.",
     {R"(str_format("{1}-{0:03}", 7, "x"))", "{}", "x-007"},
     str_format},
    {"str_join(sep, value, ...)",
     FunctionTier::Core,
     "Joins the values with the separator between.",
     {R"(str_join("-", "a", 1, "c"))", "{}", "a-1-c"},
     str_join},
    {"str_zip(a, b, combine_sep=\"#\", sep=\",\", quote='\"', lparse=null, rparse=null)",
     FunctionTier::Core,
     "Pairs the elements of two lists (or CSV texts), up to the shorter one.",
     {R"(str_zip("a,b", "1,2"))", "{}", "a#1,b#2"},
     str_zip},
    {"str_replace(value, old, new, count:n=null)",
     FunctionTier::Core,
     "Replaces text, all or the first count times.",
     {R"(str_replace("a.b.c", ".", "/", 1))", "{}", "a/b.c"},
     str_replace},
    {"str_translate(value, from_chars, to_chars)",
     FunctionTier::Core,
     "Replaces each character by the one at the same place of the second set.",
     {R"(str_translate("cab", "abc", "123"))", "{}", "312"},
     str_translate},
    {"str_strip(value, chars=null)",
     FunctionTier::Core,
     "Takes blanks, or any of the characters, off both ends.",
     {R"(str_strip("--a-", "-"))", "{}", "a"},
     str_strip},
    {"str_lstrip(value, chars=null)",
     FunctionTier::Core,
     "The same at the left end.",
     {R"(str_lstrip("--a-", "-"))", "{}", "a-"},
     str_lstrip},
    {"str_rstrip(value, chars=null)",
     FunctionTier::Core,
     "The same at the right end.",
     {R"(str_rstrip("--a-", "-"))", "{}", "--a"},
     str_rstrip},
    {"str_lower(value)",
     FunctionTier::Core,
     "Lower case.",
     {R"(str_lower("ÄB"))", "{}", "äb"},
     map_text<lower_text>},
    {"str_upper(value)",
     FunctionTier::Core,
     "Upper case.",
     {R"(str_upper("straße"))", "{}", "STRASSE"},
     map_text<upper_text>},
    {"str_title(value)",
     FunctionTier::Core,
     "Each word with a capital letter.",
     {R"(str_title("one two"))", "{}", "One Two"},
     map_text<title_text>},
    {"str_capitalize(value)",
     FunctionTier::Core,
     "The first letter upper case, the rest lower.",
     {R"(str_capitalize("hELLO"))", "{}", "Hello"},
     map_text<capitalize_text>},
    {"str_reverse(value)",
     FunctionTier::Core,
     "The characters in reverse order.",
     {R"(str_reverse("abc"))", "{}", "cba"},
     map_text<reverse_text>},
    {"str_count(value, sub, start:n=null, end:n=null)",
     FunctionTier::Core,
     "How often the text occurs, without overlap.",
     {R"(str_count("banana", "an"))", "{}", "2"},
     str_count},
    {"str_find(value, sub, start:n=null, end:n=null)",
     FunctionTier::Core,
     "Place of the first occurrence, or -1.",
     {R"(str_find("banana", "an"))", "{}", "1"},
     str_find},
    {"str_rfind(value, sub, start:n=null, end:n=null)",
     FunctionTier::Core,
     "Place of the last occurrence, or -1.",
     {R"(str_rfind("banana", "an"))", "{}", "3"},
     str_rfind},
    {"str_startswith(value, prefix, start:n=null, end:n=null)",
     FunctionTier::Core,
     "Whether the text begins so.",
     {R"(str_startswith("abc", "ab"))", "{}", "true"},
     str_startswith},
    {"str_endswith(value, suffix, start:n=null, end:n=null)",
     FunctionTier::Core,
     "Whether the text ends so.",
     {R"(str_endswith("abc", "ab"))", "{}", "false"},
     str_endswith},
    {"str_split(value, sep=null, maxsplit:n=-1)",
     FunctionTier::Core,
     "The parts between separators; without one, the words.",
     {R"(str_split(" a  b "))", "{}", R"(["a", "b"])"},
     str_split},
    {"str_splitlines(value, keepends=False)",
     FunctionTier::Core,
     R"(The lines; \n, \r and \r\n end one.)",
     {R"(str_splitlines("a\r\nb"))", "{}", R"(["a", "b"])"},
     str_splitlines},
    {"str_partition(value, sep)",
     FunctionTier::Core,
     "Before the first separator, it, and what is behind.",
     {R"(str_partition("a=b=c", "="))", "{}", R"(["a", "=", "b=c"])"},
     str_partition},
    {"str_rpartition(value, sep)",
     FunctionTier::Core,
     "Before the last separator, it, and what is behind.",
     {R"(str_rpartition("a=b=c", "="))", "{}", R"(["a=b", "=", "c"])"},
     str_rpartition},
    {"str_ljust(value, width:n, fillchar=\" \")",
     FunctionTier::Core,
     "Fills up on the right; never cuts.",
     {R"(str_ljust("ab", 4, "."))", "{}", "ab.."},
     str_ljust},
    {"str_rjust(value, width:n, fillchar=\" \")",
     FunctionTier::Core,
     "Fills up on the left; never cuts.",
     {R"(str_rjust("ab", 4, "."))", "{}", "..ab"},
     str_rjust},
    {"str_zfill(value, width:n)",
     FunctionTier::Core,
     "Zeros on the left, behind a sign.",
     {R"(str_zfill("-7", 4))", "{}", "-007"},
     str_zfill},
    {"str_sort(value, reverse=False)",
     FunctionTier::More,
     "The characters in order.",
     {R"(str_sort("bca"))", "{}", "abc"},
     str_sort},
    {"str_swapcase(value)",
     FunctionTier::More,
     "Upper to lower case and back.",
     {R"(str_swapcase("aBc"))", "{}", "AbC"},
     map_text<swap_case_text>},
    {"str_center(value, width:n, fillchar=\" \")",
     FunctionTier::More,
     "Fills up on both sides.",
     {R"(str_center("ab", 6, "*"))", "{}", "**ab**"},
     str_center},
    {"str_expandtabs(value, tabsize:n=8)",
     FunctionTier::More,
     "Tabs as blanks up to the next column.",
     {R"(str_expandtabs("a\tb", 4))", "{}", "a   b"},
     str_expandtabs},
};

}  // namespace

std::span<const FunctionEntry> string_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
