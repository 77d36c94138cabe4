#include "base/storage/state_store.h"

#include "base/storage/durable_file.h"
#include "base/storage/sqlite.h"
#include "base/text.h"

#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace spillway {

namespace {

Error compare_failed(const StateCompare& compare, Revision found) {
    const auto told = [](Revision revision) {
        return revision == 0 ? std::string("absent") : fmt::format("revision {}", revision);
    };
    return make_error(ErrorCode::Conflict,
                      fmt::format("state key \"{}\" is {}, expected {}: somebody changed it",
                                  to_valid_utf8(compare.key), told(found), told(compare.expected)));
}

class MemoryStateStore final : public StateStore {
  public:
    Result<std::optional<StoredValue>> get(std::string_view key) override {
        const std::lock_guard lock(mutex_);
        const auto found = values_.find(key);
        if (found == values_.end()) return std::optional<StoredValue>{};
        return std::optional(found->second);
    }

    Result<std::vector<StoredValue>> list(std::string_view prefix) override {
        const std::lock_guard lock(mutex_);
        std::vector<StoredValue> out;
        for (auto at = values_.lower_bound(prefix);
             at != values_.end() && at->first.starts_with(prefix); ++at) {
            out.push_back(at->second);
        }
        return out;
    }

    Result<Revision> commit(const std::vector<StateCompare>& compares,
                            const std::vector<StateWrite>& writes) override {
        const std::lock_guard lock(mutex_);
        for (const auto& compare : compares) {
            const auto found = values_.find(compare.key);
            const Revision held = found == values_.end() ? 0 : found->second.modified;
            if (held != compare.expected) return compare_failed(compare, held);
        }
        if (writes.empty()) return revision_;
        ++revision_;
        for (const auto& write : writes) apply(write);
        return revision_;
    }

  private:
    void apply(const StateWrite& write) {
        if (!write.value) {
            values_.erase(write.key);
            return;
        }
        auto& slot = values_[write.key];
        if (slot.created == 0) slot.created = revision_;
        slot.key = write.key;
        slot.value = *write.value;
        slot.modified = revision_;
    }

    std::mutex mutex_;  // guards everything below
    std::map<std::string, StoredValue, std::less<>> values_;
    Revision revision_ = 0;
};

// One row a key, and one row that holds the revision of the whole store: it rises in the same
// transaction as the writes, so a revision is never given twice, whatever crashed in between.
constexpr std::string_view kSchema = R"sql(
    CREATE TABLE state (
        key BLOB PRIMARY KEY, value BLOB NOT NULL,
        created INTEGER NOT NULL, modified INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE revision (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);
    INSERT INTO revision VALUES (1, 0);
)sql";

constexpr std::string_view kGet = "SELECT key, value, created, modified FROM state WHERE key = ?1";
constexpr std::string_view kList =
    "SELECT key, value, created, modified FROM state WHERE key >= ?1 ORDER BY key";
constexpr std::string_view kPut =
    "INSERT INTO state VALUES (?1, ?2, ?3, ?3) "
    "ON CONFLICT (key) DO UPDATE SET value = ?2, modified = ?3";
constexpr std::string_view kErase = "DELETE FROM state WHERE key = ?1";
constexpr std::string_view kRevision = "SELECT number FROM revision";
constexpr std::string_view kSetRevision = "UPDATE revision SET number = ?1";

struct Statements {
    Statement get;
    Statement list;
    Statement put;
    Statement erase;
    Statement revision;
    Statement set_revision;

    static Result<Statements> prepare(Database& database) {
        std::vector<Statement> made;
        for (const auto sql : {kGet, kList, kPut, kErase, kRevision, kSetRevision}) {
            auto statement = database.prepare(sql);
            if (!statement) return std::move(statement).error();
            made.push_back(std::move(*statement));
        }
        return Statements{std::move(made[0]), std::move(made[1]), std::move(made[2]),
                          std::move(made[3]), std::move(made[4]), std::move(made[5])};
    }
};

/// A statement that still points at a row would keep the read transaction open.
class Rewind {
  public:
    explicit Rewind(Statement& statement) : statement_(statement) {}
    Rewind(const Rewind&) = delete;
    Rewind& operator=(const Rewind&) = delete;
    ~Rewind() { statement_.reset(); }

  private:
    Statement& statement_;
};

StoredValue row_of(const Statement& row) {
    return {row.text(0), row.text(1), static_cast<Revision>(row.integer(2)),
            static_cast<Revision>(row.integer(3))};
}

class SqliteStateStore final : public StateStore {
  public:
    SqliteStateStore(FileLock lock, Database database, Statements statements)
        : lock_(std::move(lock)),
          database_(std::move(database)),
          statements_(std::move(statements)) {}

    Result<std::optional<StoredValue>> get(std::string_view key) override {
        const std::lock_guard lock(mutex_);
        return find(key);
    }

    Result<std::vector<StoredValue>> list(std::string_view prefix) override {
        const std::lock_guard lock(mutex_);
        const Rewind rewind(statements_.list);
        statements_.list.bind_blob(1, prefix);
        std::vector<StoredValue> out;
        for (;;) {
            auto row = statements_.list.step();
            if (!row) return std::move(row).error();
            if (!*row) return out;
            auto value = row_of(statements_.list);
            if (!value.key.starts_with(prefix)) return out;
            out.push_back(std::move(value));
        }
    }

    Result<Revision> commit(const std::vector<StateCompare>& compares,
                            const std::vector<StateWrite>& writes) override {
        const std::lock_guard lock(mutex_);
        auto transaction = Transaction::begin(database_);
        if (!transaction) return std::move(transaction).error();
        if (auto held = check(compares); !held) return std::move(held).error();
        auto revision = read_revision();
        if (!revision || writes.empty()) return revision;
        ++*revision;
        if (auto written = apply(writes, *revision); !written) return std::move(written).error();
        if (auto done = transaction->commit(); !done) return std::move(done).error();
        return revision;
    }

  private:
    Result<std::optional<StoredValue>> find(std::string_view key) {
        const Rewind rewind(statements_.get);
        statements_.get.bind_blob(1, key);
        auto row = statements_.get.step();
        if (!row) return std::move(row).error();
        if (!*row) return std::optional<StoredValue>{};
        return std::optional(row_of(statements_.get));
    }

    Result<Revision> read_revision() {
        const Rewind rewind(statements_.revision);
        auto row = statements_.revision.step();
        if (!row) return std::move(row).error();
        if (!*row) {
            return make_error(ErrorCode::Corrupt, "the state database has lost its revision");
        }
        return static_cast<Revision>(statements_.revision.integer(0));
    }

    Status check(const std::vector<StateCompare>& compares) {
        for (const auto& compare : compares) {
            auto found = find(compare.key);
            if (!found) return std::move(found).error();
            const Revision held = *found ? (*found)->modified : 0;
            if (held != compare.expected) return compare_failed(compare, held);
        }
        return {};
    }

    Status apply(const std::vector<StateWrite>& writes, Revision revision) {
        const auto number = static_cast<std::int64_t>(revision);
        for (const auto& write : writes) {
            auto& statement = write.value ? statements_.put : statements_.erase;
            const Rewind rewind(statement);
            statement.bind_blob(1, write.key);
            if (write.value) statement.bind_blob(2, *write.value).bind(3, number);
            if (auto ran = statement.run(); !ran) return ran;
        }
        const Rewind rewind(statements_.set_revision);
        return statements_.set_revision.bind(1, number).run();
    }

    std::mutex mutex_;  // guards everything below
    FileLock lock_;
    Database database_;
    Statements statements_;
};

}  // namespace

Result<std::unique_ptr<StateStore>> open_sqlite_state_store(const std::string& path) {
    auto lock = FileLock::acquire(path + ".lock");
    if (!lock) return std::move(lock).error();
    auto database = Database::open(path);
    if (!database) return std::move(database).error();
    if (auto ready = database->migrate({kSchema}); !ready) {
        return std::move(ready).error().while_doing("open " + path);
    }
    auto statements = Statements::prepare(*database);
    if (!statements) return std::move(statements).error().while_doing("open " + path);
    return std::unique_ptr<StateStore>(std::make_unique<SqliteStateStore>(
        std::move(*lock), std::move(*database), std::move(*statements)));
}

std::unique_ptr<StateStore> make_memory_state_store() {
    return std::make_unique<MemoryStateStore>();
}

}  // namespace spillway
