// Values of the rule language while it runs: null, bool, int, float, text, bytes, list, dict, time.
// A Value is a trivially copyable handle; what it points to lies in an Arena, in the page or in the
// Program, and lives as long as that. Any thread may read.
// Source: docs/transform.md, "Values".
#pragma once

#include "transform/arena.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spillway::transform {

enum class Kind : std::uint8_t {
    Null,
    Bool,
    Int,
    BigInt,  ///< an integer too large for 64 bits, as its decimal text; arithmetic takes it as
             ///< float
    Float,
    String,
    Bytes,
    List,
    Tuple,
    Dict,
    Table,
    DateTime,
    Weekday,  ///< dt_MO(n)
};

/// "text", "a number (int)", ...: as people read it in a message.
std::string_view name_of(Kind kind);

struct List;
struct Dict;
struct Table;
struct DateTime;

struct Value {
    Kind kind = Kind::Null;
    union {
        bool boolean;
        std::int64_t integer;
        double real;
        const char* chars;
        const List* list;
        const Dict* dict;
        const Table* table;
        const DateTime* time;
    };
    std::size_t size = 0;  ///< bytes of text; for Weekday: the weekday, Monday 0

    Value() : integer(0) {}
    static Value null() { return {}; }
    static Value of(bool value);
    static Value of(std::int64_t value);
    static Value of(int value) { return of(static_cast<std::int64_t>(value)); }
    static Value of(double value);
    static Value of(std::string_view text);
    static Value of(const char*) = delete;
    static Value bytes(std::string_view bytes);
    static Value big_int(std::string_view digits);
    static Value of(const List* list, bool tuple = false);
    static Value of(const Dict* dict);
    static Value of(const Table* table);
    static Value of(const DateTime* time);

    bool is_null() const { return kind == Kind::Null; }
    bool is_text() const { return kind == Kind::String; }
    bool is_list() const { return kind == Kind::List || kind == Kind::Tuple; }
    bool is_number() const {
        return kind == Kind::Int || kind == Kind::Float || kind == Kind::Bool ||
               kind == Kind::BigInt;
    }
    /// Of String, Bytes and BigInt.
    std::string_view text() const { return {chars, size}; }
};

struct List {
    Value* items = nullptr;
    std::size_t size = 0;
    const Value* begin() const { return items; }
    const Value* end() const { return items + size; }
};

struct DictEntry {
    Value key;
    Value value;
};

/// Keeps insertion order; a key occurs once.
struct Dict {
    DictEntry* items = nullptr;
    std::size_t size = 0;
    const std::uint32_t* index = nullptr;  ///< open addressing, 0 is free; only for large dicts
    std::size_t index_mask = 0;
    const DictEntry* begin() const { return items; }
    const DictEntry* end() const { return items + size; }
    const Value* find(const Value& key) const;
    const Value* find(std::string_view key) const;
};

/// Rows of an inline lookup table; every row has as many cells as there are columns.
struct Table {
    const std::string_view* columns = nullptr;
    std::size_t column_count = 0;
    const std::string_view* cells = nullptr;
    std::size_t row_count = 0;
    bool case_insensitive = true;
    std::string_view cell(std::size_t row, std::size_t column) const {
        return cells[row * column_count + column];
    }
    std::optional<std::size_t> column_of(std::string_view name) const;
};

bool is_true(const Value& value);
/// As Python's ==: numbers by value, other kinds only with their own kind.
bool equal(const Value& left, const Value& right);
/// <0, 0, >0; nothing when the two kinds have no order.
std::optional<int> compare(const Value& left, const Value& right);

/// The text a field would hold; `arena` keeps it unless the value is text already. Null gives "".
std::string_view stored_text(const Value& value, Arena& arena);
/// Shortest text that reads back as the same number, always with a point or an exponent.
std::string float_text(double number);
/// JSON with ", " and ": " between the parts, UTF-8 as it is.
void append_json(std::string& out, const Value& value);
void append_json_text(std::string& out, std::string_view text);

double as_double(const Value& number);
/// Integral text gives Int, other numeric text Float (blanks around allowed, as in Python).
std::optional<Value> parse_number(std::string_view text, Arena& arena);
std::optional<double> parse_double(std::string_view text);
/// A number's text without blanks around it and with ASCII digits, whatever script they are of;
/// `room` holds it when it had to be made.
std::string_view ascii_number_text(std::string_view text, std::string& room);

/// Grows a list or dict in an arena.
class ListBuilder {
  public:
    explicit ListBuilder(Arena& arena) : arena_(arena) {}
    void add(const Value& value);
    Value done(bool tuple = false);
    std::size_t size() const { return list_.size; }

  private:
    Arena& arena_;
    List list_;
    std::size_t capacity_ = 0;
};

class DictBuilder {
  public:
    explicit DictBuilder(Arena& arena) : arena_(arena) {}
    /// A key that is there already keeps its place and gets the new value.
    void set(const Value& key, const Value& value);
    Value done();

  private:
    void grow();
    void index_entry(std::size_t place);

    Arena& arena_;
    Dict dict_;
    std::size_t capacity_ = 0;
    std::uint32_t* index_ = nullptr;
};

}  // namespace spillway::transform
