// One-line statements for the catalog's files. The caller holds the database's mutex.
#pragma once

#include "base/storage/sqlite.h"
#include "logstore/engine/hash_key.h"

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace spillway::engine::sql {

template <class Value>
void bind_value(Statement& statement, int parameter, const Value& value) {
    if constexpr (std::is_same_v<Value, HashKey>) {
        statement.bind_blob(parameter, hash_key_bytes(value));
    } else if constexpr (std::is_integral_v<Value> || std::is_enum_v<Value>) {
        statement.bind(parameter, static_cast<std::int64_t>(value));
    } else {
        statement.bind(parameter, std::string_view(value));
    }
}

/// Prepared, with the values bound in order.
template <class... Values>
Result<Statement> query(Database& database, std::string_view text, const Values&... values) {
    auto statement = database.prepare(text);
    if (!statement) return statement;
    int parameter = 0;
    (bind_value(*statement, ++parameter, values), ...);
    return statement;
}

template <class... Values>
Status run(Database& database, std::string_view text, const Values&... values) {
    auto statement = query(database, text, values...);
    if (!statement) return std::move(statement).error();
    return statement->run();
}

/// Calls `visit(Statement&)` for each row.
template <class Visit>
Status each_row(Result<Statement> statement, Visit&& visit) {
    if (!statement) return std::move(statement).error();
    while (true) {
        auto row = statement->step();
        if (!row) return std::move(row).error();
        if (!*row) return {};
        visit(*statement);
    }
}

/// The first column of the first row.
inline Result<std::optional<std::int64_t>> integer(Result<Statement> statement) {
    std::optional<std::int64_t> value;
    auto read = each_row(std::move(statement), [&](Statement& row) {
        if (!value) value = row.integer(0);
    });
    if (!read) return std::move(read).error();
    return value;
}

/// The first column of all rows, as names.
template <class Name>
Result<std::vector<Name>> names(Result<Statement> statement) {
    std::vector<Name> found;
    auto read =
        each_row(std::move(statement), [&](Statement& row) { found.push_back(Name(row.text(0))); });
    if (!read) return std::move(read).error();
    return found;
}

}  // namespace spillway::engine::sql
