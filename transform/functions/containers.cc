// Lists, dicts and inline lookup tables.
#include "transform/arguments.h"
#include "transform/csv.h"
#include "transform/registry.h"
#include "transform/unicode.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace spillway::transform {

namespace {

std::optional<Value> need_list(Frame& frame, const Expr& self, const Value& value) {
    if (value.is_null()) {
        frame.warn();
        return std::nullopt;
    }
    auto list = list_argument(frame, value);
    if (!list) frame.fail(fmt::format("{}: {} is no list", self.name, name_of(value.kind)));
    return list;
}

std::optional<Value> need_dict(Frame& frame, const Expr& self, const Value& value) {
    if (value.is_null()) {
        frame.warn();
        return std::nullopt;
    }
    auto dict = dict_argument(frame, value);
    if (!dict) frame.fail(fmt::format("{}: {} is no dict", self.name, name_of(value.kind)));
    return dict;
}

Value lst_make(Frame& frame, const Expr&, const Value* a, std::size_t count) {
    ListBuilder list(frame.arena());
    for (std::size_t i = 0; i < count; ++i) list.add(a[i]);
    return list.done();
}

Value lst_get(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto list = need_list(frame, self, a[0]);
    const auto index = list ? integer_argument(frame, self, a[1]) : std::nullopt;
    if (!index) return Value::null();
    const auto size = static_cast<std::int64_t>(list->list->size);
    const std::int64_t at = *index < 0 ? *index + size : *index;
    if (at < 0 || at >= size)
        return frame.fail(fmt::format("lst_get: there is no element {}", *index));
    return list->list->items[at];
}

Value insert_items(Frame& frame, const Value& list, std::int64_t at, const Value* items,
                   std::size_t count) {
    const auto size = static_cast<std::int64_t>(list.list->size);
    if (at < 0) at = std::max<std::int64_t>(at + size, 0);
    at = std::min(at, size);
    ListBuilder made(frame.arena());
    for (std::int64_t i = 0; i < at; ++i) made.add(list.list->items[i]);
    for (std::size_t i = 0; i < count; ++i) made.add(items[i]);
    for (std::int64_t i = at; i < size; ++i) made.add(list.list->items[i]);
    return made.done();
}

Value lst_insert(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    const auto list = need_list(frame, self, a[0]);
    const auto at = list ? integer_argument(frame, self, a[1]) : std::nullopt;
    return at ? insert_items(frame, *list, *at, a + 2, count - 2) : Value::null();
}

Value lst_append(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    const auto list = need_list(frame, self, a[0]);
    if (!list) return Value::null();
    return insert_items(frame, *list, static_cast<std::int64_t>(list->list->size), a + 1,
                        count - 1);
}

Value lst_delete_at(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto list = need_list(frame, self, a[0]);
    const auto index = list ? integer_argument(frame, self, a[1]) : std::nullopt;
    if (!index) return Value::null();
    const auto size = static_cast<std::int64_t>(list->list->size);
    const std::int64_t at = *index < 0 ? *index + size : *index;
    if (at < 0 || at >= size) {
        return frame.fail(fmt::format("lst_delete_at: there is no element {}", *index));
    }
    ListBuilder made(frame.arena());
    for (std::int64_t i = 0; i < size; ++i) {
        if (i != at) made.add(list->list->items[i]);
    }
    return made.done();
}

Value lst_reverse(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto list = need_list(frame, self, a[0]);
    if (!list) return Value::null();
    ListBuilder made(frame.arena());
    for (std::size_t i = list->list->size; i > 0; --i) made.add(list->list->items[i - 1]);
    return made.done();
}

Value dct_make(Frame& frame, const Expr&, const Value* a, std::size_t count) {
    if (count % 2 != 0) return frame.fail("dct_make: keys and values come in pairs");
    DictBuilder dict(frame.arena());
    for (std::size_t i = 0; i + 1 < count; i += 2) dict.set(a[i], a[i + 1]);
    return dict.done();
}

Value dct_get(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto dict = need_dict(frame, self, a[0]);
    if (!dict) return frame.has_failed ? Value::null() : a[2];
    const Value* found = dict->dict->find(a[1]);
    return found == nullptr ? a[2] : *found;
}

Value dct_update(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto first = need_dict(frame, self, a[0]);
    const auto second = first ? need_dict(frame, self, a[1]) : std::nullopt;
    if (!second) return Value::null();
    DictBuilder made(frame.arena());
    for (const auto& entry : *first->dict) made.set(entry.key, entry.value);
    for (const auto& entry : *second->dict) made.set(entry.key, entry.value);
    return made.done();
}

Value dct_delete(Frame& frame, const Expr& self, const Value* a, std::size_t count) {
    const auto dict = need_dict(frame, self, a[0]);
    if (!dict) return Value::null();
    DictBuilder made(frame.arena());
    for (const auto& entry : *dict->dict) {
        const bool deleted =
            std::any_of(a + 1, a + count, [&](const Value& key) { return equal(key, entry.key); });
        if (!deleted) made.set(entry.key, entry.value);
    }
    return made.done();
}

Value dct_keys(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto dict = need_dict(frame, self, a[0]);
    if (!dict) return Value::null();
    ListBuilder made(frame.arena());
    for (const auto& entry : *dict->dict) made.add(entry.key);
    return made.done();
}

Value dct_values(Frame& frame, const Expr& self, const Value* a, std::size_t) {
    const auto dict = need_dict(frame, self, a[0]);
    if (!dict) return Value::null();
    ListBuilder made(frame.arena());
    for (const auto& entry : *dict->dict) made.add(entry.value);
    return made.done();
}

std::string_view trim_blanks(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

Value table_of(Frame& frame, const std::vector<std::string_view>& columns,
               const std::vector<std::string_view>& cells, bool case_insensitive) {
    auto* table = frame.arena().array<Table>(1);
    *table = Table{};
    auto* names = frame.arena().array<std::string_view>(columns.size() + 1);
    auto* values = frame.arena().array<std::string_view>(cells.size() + 1);
    std::copy(columns.begin(), columns.end(), names);
    std::copy(cells.begin(), cells.end(), values);
    table->columns = names;
    table->column_count = columns.size();
    table->cells = values;
    table->row_count = columns.empty() ? 0 : cells.size() / columns.size();
    table->case_insensitive = case_insensitive;
    return Value::of(table);
}

Value tab_parse_csv(Frame& frame, const Expr&, const Value* a, std::size_t) {
    const auto text = text_argument(frame, a[0]);
    if (!text) return Value::null();
    CsvFormat format;
    const auto separator = stored_text(a[1], frame.arena());
    const auto quote = stored_text(a[2], frame.arena());
    if (separator.size() != 1 || quote.size() > 1) {
        return frame.fail("tab_parse_csv: sep and quote must be one ASCII character");
    }
    format.separator = separator[0];
    format.quote = quote.empty() ? '\0' : quote[0];
    format.strip_left = is_true(a[3]);
    std::vector<std::string_view> columns;
    std::vector<std::string_view> cells;
    const auto add_names = [&](const Value& list) {
        for (const auto& name : *list.list) {
            columns.push_back(trim_blanks(stored_text(name, frame.arena())));
        }
    };
    if (a[4].is_list()) add_names(a[4]);
    if (a[4].is_text()) add_names(split_csv(a[4].text(), {}, frame.arena()));
    for (std::size_t at = 0; at < text->size();) {
        const std::size_t begin = at;
        const Value record = read_csv_record(*text, at, format, frame.arena());
        if (trim_blanks(text->substr(begin, at - begin)).find_first_not_of("\r\n") ==
            std::string_view::npos) {
            continue;  // an empty line
        }
        if (columns.empty()) {
            add_names(record);
            continue;
        }
        for (std::size_t i = 0; i < columns.size(); ++i) {
            cells.push_back(i < record.list->size ? record.list->items[i].text()
                                                  : std::string_view("", 0));
        }
    }
    return table_of(frame, columns, cells, is_true(a[5]));
}

/// Texts of one field or a list of them, as column places.
std::optional<std::vector<std::size_t>> columns_of(Frame& frame, const Table& table,
                                                   const Value& names) {
    std::vector<std::size_t> places;
    const auto add = [&](const Value& name) {
        const auto place = table.column_of(stored_text(name, frame.arena()));
        if (place) places.push_back(*place);
        return place.has_value();
    };
    bool found = true;
    if (names.is_list()) {
        for (const auto& name : *names.list) found = found && add(name);
    } else {
        found = add(names);
    }
    if (!found) {
        frame.fail("tab_to_dict: the table has no such column");
        return std::nullopt;
    }
    return places;
}

std::string joined_cells(const Table& table, std::size_t row,
                         const std::vector<std::size_t>& columns, std::string_view separator) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) text += separator;
        text += table.cell(row, columns[i]);
    }
    return text;
}

Value tab_to_dict(Frame& frame, const Expr&, const Value* a, std::size_t) {
    if (a[0].is_null()) return frame.warn();
    if (a[0].kind != Kind::Table) return frame.fail("tab_to_dict: a table is needed");
    const Table& table = *a[0].table;
    const auto keys = columns_of(frame, table, a[1]);
    const auto values = keys ? columns_of(frame, table, a[2]) : std::nullopt;
    if (!values) return Value::null();
    DictBuilder made(frame.arena());
    for (std::size_t row = 0; row < table.row_count; ++row) {
        const auto key = joined_cells(table, row, *keys, stored_text(a[3], frame.arena()));
        const auto value = joined_cells(table, row, *values, stored_text(a[4], frame.arena()));
        made.set(Value::of(frame.arena().copy(key)), Value::of(frame.arena().copy(value)));
    }
    return made.done();
}

/// No job parameters reach a rule here, so the default always counts.
Value res_local(Frame&, const Expr&, const Value* a, std::size_t) {
    return a[1];
}

constexpr auto kCore = FunctionTier::Core;
constexpr auto kMore = FunctionTier::More;

constexpr FunctionEntry kFunctions[] = {
    {"lst_make(value, ...)",
     kCore,
     "A list of the values.",
     {R"(lst_make(1, "a"))", "{}", R"([1, "a"])"},
     lst_make},
    {"lst_get(list, index:n)",
     kCore,
     "One element; an index outside is the event's error.",
     {R"(lst_get(["a", "b"], -1))", "{}", "b"},
     lst_get},
    {"lst_insert(list, index:n, value, ...)",
     kMore,
     "A new list with the values put in there.",
     {R"(lst_insert([1, 4], 1, 2, 3))", "{}", "[1, 2, 3, 4]"},
     lst_insert},
    {"lst_append(list, value, ...)",
     kMore,
     "A new list with the values at its end.",
     {R"(lst_append([1], 2))", "{}", "[1, 2]"},
     lst_append},
    {"lst_delete_at(list, index:n)",
     kMore,
     "A new list without that element.",
     {R"(lst_delete_at([1, 2, 3], 1))", "{}", "[1, 3]"},
     lst_delete_at},
    {"lst_reverse(list)",
     kMore,
     "A new list in reverse order.",
     {R"(lst_reverse([1, 2]))", "{}", "[2, 1]"},
     lst_reverse},
    {"dct_make(key, value, ...2)",
     kCore,
     "A dict of the pairs.",
     {R"(dct_make("k", 1))", "{}", R"({"k": 1})"},
     dct_make},
    {"dct_get(dict, key, default=null)",
     kCore,
     "The value of a key, else the default.",
     {R"(dct_get({"a": 1}, "z", 0))", "{}", "0"},
     dct_get},
    {"dct_update(a, b)",
     kMore,
     "Both dicts in one; b wins.",
     {R"(dct_update({"a": 1}, {"a": 2, "b": 3}))", "{}", R"({"a": 2, "b": 3})"},
     dct_update},
    {"dct_delete(dict, key, ...)",
     kMore,
     "A new dict without those keys.",
     {R"(dct_delete({"a": 1, "b": 2}, "a"))", "{}", R"({"b": 2})"},
     dct_delete},
    {"dct_keys(dict)",
     kMore,
     "The keys, as a list.",
     {R"(dct_keys({"a": 1}))", "{}", R"(["a"])"},
     dct_keys},
    {"dct_values(dict)",
     kMore,
     "The values, as a list.",
     {R"(dct_values({"a": 1}))", "{}", "[1]"},
     dct_values},
    {"tab_parse_csv(text, sep:t=\",\", quote:t='\"', lstrip=True, headers:l=null, "
     "case_insensitive=True)",
     kMore,
     "A lookup table from CSV text; the first line names the columns unless headers does.",
     {R"(tab_to_dict(tab_parse_csv("k,v\na,1"), "k", "v"))", "{}", R"({"a": "1"})"},
     tab_parse_csv},
    {"tab_to_dict(table, key_field:l, value_field:l, key_join=\",\", value_join=\",\")",
     kMore,
     "A dict from two columns (or joined columns) of a table.",
     {R"(dct_get(tab_to_dict(tab_parse_csv("k,v\na,1"), "k", "v"), "a"))", "{}", "1"},
     tab_to_dict},
    {"res_local(param, default=null, type=\"auto\")",
     kMore,
     "A parameter of the job; links have none here, so this is the default.",
     {R"(res_local("limit", default=5))", "{}", "5"},
     res_local},
};

}  // namespace

std::span<const FunctionEntry> container_functions() {
    return kFunctions;
}

}  // namespace spillway::transform
