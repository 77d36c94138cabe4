#include "base/storage/sqlite.h"

#include "base/storage/durable_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace spillway {

namespace {

/// `result` is an extended result code.
ErrorCode code_of(int result, int system_errno) {
    // A write that failed for another reason than a full disk (a quota, a limit, a dying disk) asks
    // the same of the caller: take no more work.
    if (result == SQLITE_IOERR_WRITE || result == SQLITE_IOERR_SHMSIZE) return ErrorCode::Exhausted;
    switch (result & 0xFF) {
        case SQLITE_CONSTRAINT:
            return ErrorCode::Conflict;
        case SQLITE_FULL:
        case SQLITE_NOMEM:
        case SQLITE_TOOBIG:
            return ErrorCode::Exhausted;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorCode::Corrupt;
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_READONLY:
            return ErrorCode::Refused;
        case SQLITE_INTERRUPT:
            return ErrorCode::Cancelled;
        case SQLITE_ERROR:
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
        case SQLITE_MISMATCH:
            return ErrorCode::Internal;
        default:
            break;
    }
    const bool full = system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EMFILE ||
                      system_errno == ENFILE;
    if (full) return ErrorCode::Exhausted;
    const bool forbidden = system_errno == EACCES || system_errno == EPERM || system_errno == EROFS;
    return forbidden ? ErrorCode::Refused : ErrorCode::Unavailable;
}

Error sqlite_error(sqlite3* handle, int result) {
    const int system_errno = handle == nullptr ? 0 : sqlite3_system_errno(handle);
    const char* text = handle == nullptr ? sqlite3_errstr(result) : sqlite3_errmsg(handle);
    const char* file = handle == nullptr ? nullptr : sqlite3_db_filename(handle, "main");
    const bool named = file != nullptr && *file != '\0';
    // The handle remembers more exactly than the call said.
    const int exact = handle == nullptr ? result : sqlite3_extended_errcode(handle);
    const bool same = (exact & 0xFF) == (result & 0xFF);
    return make_error(code_of(same ? exact : result, system_errno),
                      fmt::format("database{}{}: {}", named ? " " : "", named ? file : "", text));
}

/// SQLite would take a short or foreign file for an empty one, or write to it before it noticed.
Status check_header(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0 || found.st_size == 0) return {};
    const auto damaged = [&](std::string_view what) {
        return make_error(
            ErrorCode::Corrupt,
            fmt::format("{} {}; it is left as it is: move it away or restore a copy", path, what));
    };
    if (!S_ISREG(found.st_mode)) return damaged("is not a file");
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno_error("open " + path, errno);
    char head[16] = {};
    const ssize_t got = ::read(file, head, sizeof head);
    ::close(file);
    constexpr std::string_view kMagic{"SQLite format 3\0", 16};
    if (got != static_cast<ssize_t>(sizeof head) || std::string_view(head, sizeof head) != kMagic) {
        return damaged("is not a database");
    }
    return {};
}

/// Made by us, so that nobody else may read it; SQLite gives its side files the same mode.
Status create_private(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST) return {};
    if (file < 0) return errno_error("create " + path, errno);
    ::close(file);
    const auto slash = path.find_last_of('/');
    return sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

}  // namespace

struct Statement::Impl {
    sqlite3_stmt* handle = nullptr;
    int bind_failure = SQLITE_OK;

    ~Impl() { sqlite3_finalize(handle); }
    void bound(int result) {
        if (bind_failure == SQLITE_OK) bind_failure = result;
    }
};

struct Database::Impl {
    sqlite3* handle = nullptr;

    // v2: statements that are still alive keep the handle until they go.
    ~Impl() { sqlite3_close_v2(handle); }
};

Statement::Statement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

Statement& Statement::bind(int parameter, std::string_view text) {
    const char* bytes = text.empty() ? "" : text.data();  // a null pointer would bind NULL
    impl_->bound(sqlite3_bind_text64(impl_->handle, parameter, bytes, text.size(), SQLITE_TRANSIENT,
                                     SQLITE_UTF8));
    return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
    const char* start = bytes.empty() ? "" : bytes.data();
    impl_->bound(
        sqlite3_bind_blob64(impl_->handle, parameter, start, bytes.size(), SQLITE_TRANSIENT));
    return *this;
}

Statement& Statement::bind(int parameter, std::int64_t number) {
    impl_->bound(sqlite3_bind_int64(impl_->handle, parameter, number));
    return *this;
}

Statement& Statement::bind_null(int parameter) {
    impl_->bound(sqlite3_bind_null(impl_->handle, parameter));
    return *this;
}

Result<bool> Statement::step() {
    sqlite3* database = sqlite3_db_handle(impl_->handle);
    if (impl_->bind_failure != SQLITE_OK) {
        const int failure = std::exchange(impl_->bind_failure, SQLITE_OK);
        return sqlite_error(nullptr, failure).while_doing("bind a parameter");
    }
    const int result = sqlite3_step(impl_->handle);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    auto error = sqlite_error(database, result);
    sqlite3_reset(impl_->handle);
    return error;
}

Status Statement::run() {
    for (;;) {
        auto row = step();
        if (!row) return std::move(row).error();
        if (!*row) break;
    }
    sqlite3_reset(impl_->handle);
    return {};
}

void Statement::reset() {
    sqlite3_reset(impl_->handle);
    sqlite3_clear_bindings(impl_->handle);
    impl_->bind_failure = SQLITE_OK;
}

std::string Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(impl_->handle, column);
    const int size = sqlite3_column_bytes(impl_->handle, column);
    if (bytes == nullptr || size <= 0) return {};
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(impl_->handle, column);
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(impl_->handle, column) == SQLITE_NULL;
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

namespace {

/// The first thing wrong inside the file, found before anything is written to it.
Status check_inside(Database& database, const std::string& path) {
    const auto damaged = [&](std::string_view what) {
        return make_error(ErrorCode::Corrupt,
                          fmt::format("{} is damaged ({}); it is left as it is: move it away or "
                                      "restore a copy",
                                      path, what));
    };
    auto check = database.prepare("PRAGMA quick_check(1)");
    if (!check) {
        return check.error().code == ErrorCode::Corrupt ? damaged(check.error().message)
                                                        : std::move(check).error();
    }
    auto row = check->step();
    if (!row && row.error().code == ErrorCode::Corrupt) return damaged(row.error().message);
    if (!row) return std::move(row).error();
    const std::string verdict = *row ? check->text(0) : "no answer";
    return verdict == "ok" ? Status{} : Status{damaged(verdict)};
}

constexpr const char* kOpenWell =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;";

}  // namespace

Result<Database> Database::open(const std::string& path) {
    if (auto sound = check_header(path); !sound) return std::move(sound).error();
    if (auto made = create_private(path); !made) return std::move(made).error();
    auto impl = std::make_unique<Impl>();
    const int result = sqlite3_open_v2(path.c_str(), &impl->handle,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    if (result != SQLITE_OK) return sqlite_error(impl->handle, result).while_doing("open " + path);
    constexpr int kBusyTimeoutMs = 5'000;
    sqlite3_busy_timeout(impl->handle, kBusyTimeoutMs);
    sqlite3_db_config(impl->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3* handle = impl->handle;
    Database database(std::move(impl));
    if (auto sound = check_inside(database, path); !sound) return std::move(sound).error();
    // Only now may closing fold the write-ahead log in: a damaged file stays as it was found.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    if (auto set = database.execute(kOpenWell); !set) return std::move(set).error();
    return database;
}

Result<Database> Database::in_memory() {
    auto impl = std::make_unique<Impl>();
    const int result = sqlite3_open(":memory:", &impl->handle);
    if (result != SQLITE_OK) return sqlite_error(impl->handle, result);
    Database database(std::move(impl));
    if (auto set = database.execute("PRAGMA foreign_keys = ON"); !set) {
        return std::move(set).error();
    }
    return database;
}

Status Database::execute(std::string_view sql) {
    const int result =
        sqlite3_exec(impl_->handle, std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (result != SQLITE_OK) return sqlite_error(impl_->handle, result);
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    auto impl = std::make_unique<Statement::Impl>();
    const int result = sqlite3_prepare_v3(impl_->handle, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &impl->handle, nullptr);
    if (result != SQLITE_OK) return sqlite_error(impl_->handle, result);
    return Statement(std::move(impl));
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(impl_->handle);
}

Status Database::migrate(std::initializer_list<std::string_view> migrations) {
    auto asked = prepare("PRAGMA user_version");
    if (!asked) return std::move(asked).error();
    auto row = asked->step();
    if (!row) return std::move(row).error();
    auto version = static_cast<std::size_t>(asked->integer(0));
    asked->reset();
    if (version > migrations.size()) {
        return make_error(ErrorCode::Unsupported,
                          fmt::format("the database has schema {}, this program knows up to {}: "
                                      "use the newer program",
                                      version, migrations.size()));
    }
    for (; version < migrations.size(); ++version) {
        auto transaction = Transaction::begin(*this);
        if (!transaction) return std::move(transaction).error();
        if (auto ran = execute(std::data(migrations)[version]); !ran) return ran;
        auto counted = execute(fmt::format("PRAGMA user_version = {}", version + 1));
        if (!counted) return counted;
        if (auto done = transaction->commit(); !done) return done;
    }
    return {};
}

Result<Transaction> Transaction::begin(Database& database) {
    // IMMEDIATE: a lock that cannot be had is told here, not at the first write.
    if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return std::move(begun).error();
    return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
    // A full disk makes SQLite roll back by itself; then there is nothing left to undo.
    if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

Status Transaction::commit() {
    if (auto done = database_->execute("COMMIT"); !done) return done;
    database_ = nullptr;
    return {};
}

}  // namespace spillway
