// SQLite opened well (WAL, synchronous=FULL, foreign keys, busy timeout); named only in this
// folder. A Database and its Statements belong to one thread at a time; callers that share one hold
// a mutex.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace spillway {

class Database;

/// Prepared once, run often. Parameters count from 1, columns from 0.
class Statement {
  public:
    Statement(Statement&&) noexcept;
    Statement& operator=(Statement&&) noexcept;
    ~Statement();

    Statement& bind(int parameter, std::string_view text);
    Statement& bind_blob(int parameter, std::string_view bytes);
    Statement& bind(int parameter, std::int64_t number);
    Statement& bind_null(int parameter);

    /// Moves to the next row; false after the last. Errors: Conflict (constraint), Exhausted
    /// (full), Corrupt.
    Result<bool> step();
    /// Runs to the end and rewinds, for statements without rows.
    Status run();
    /// Ready for the next bind and step; bindings are cleared.
    void reset();

    std::string text(int column) const;  ///< also blobs
    std::int64_t integer(int column) const;
    bool is_null(int column) const;

  private:
    friend class Database;
    struct Impl;
    explicit Statement(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

class Database {
  public:
    /// Creates the file (mode 0600) if absent. Errors: Corrupt (not a database, or damaged; the
    /// file is left as it is), Refused, Exhausted.
    static Result<Database> open(const std::string& path);
    static Result<Database> in_memory();
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    /// One or more statements without parameters (schema).
    Status execute(std::string_view sql);
    Result<Statement> prepare(std::string_view sql);
    std::int64_t changes() const;

    /// Brings the schema up to the newest of `migrations` (each run once, in order, in a
    /// transaction), counted in PRAGMA user_version. A newer file than we know is refused
    /// (Unsupported).
    Status migrate(std::initializer_list<std::string_view> migrations);

  private:
    struct Impl;
    explicit Database(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Rolls back in its destructor unless committed.
class Transaction {
  public:
    static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    Status commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

}  // namespace spillway
