#include "store/sqlite_db.h"

#include <cassert>
#include <cstring>

#include <fmt/core.h>

#include "store/sqlite_api.h"

namespace mq {

void SqliteDb::Close::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

Error SqliteDb::error(std::string_view doing) const {
  const int code = sqlite3_extended_errcode(db_.get());
  const int system = sqlite3_system_errno(db_.get());
  ErrorCode kind = ErrorCode::kIo;
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: kind = ErrorCode::kMalformed; break;
    case SQLITE_FULL: kind = ErrorCode::kFull; break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: kind = ErrorCode::kRefused; break;
    default: break;
  }
  std::string text = fmt::format("{} {}: {}", doing, path_, sqlite3_errmsg(db_.get()));
  const bool of_system = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN;
  if (of_system && system != 0) text += fmt::format(" ({})", std::strerror(system));
  return {kind, std::move(text), of_system ? system : 0};
}

Result<SqliteDb> SqliteDb::open(const std::string& path, const char* vfs) {
  MQ_CHECK(load_sqlite());
  SqliteDb db;
  db.path_ = path;
  sqlite3* handle = nullptr;
  // One thread at a time uses it, which its owner sees to.
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs);
  db.db_.reset(handle);
  if (handle == nullptr) return fail(ErrorCode::kIo, fmt::format("cannot open {}", path));
  if (code != SQLITE_OK) return tl::unexpected(db.error("cannot open"));
  return db;
}

Result<void> SqliteDb::run(const char* sql) {
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return tl::unexpected(error("cannot use"));
}

Result<int64_t> SqliteDb::number(const char* sql) {
  SqliteStatement statement(*this, sql);
  statement.bind();
  MQ_TRY(const bool row, statement.next());
  return row ? statement.integer(0) : 0;
}

int64_t SqliteDb::last_row() const {
  return sqlite3_last_insert_rowid(db_.get());
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

// One that cannot be prepared stays null, and next() says why.
void SqliteStatement::prepare() {
  if (statement_ != nullptr) return;
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(db_->get(), sql_, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
}

Result<bool> SqliteStatement::next() {
  const int code = statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  Error error = db_->error("cannot use");
  reset();
  return tl::unexpected(std::move(error));
}

void SqliteStatement::reset() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

void SqliteStatement::bind_one(int parameter, int64_t value) {
  if (statement_ != nullptr) sqlite3_bind_int64(statement_.get(), parameter, value);
}

void SqliteStatement::bind_one(int parameter, std::string_view text) {
  if (statement_ == nullptr) return;
  // A null pointer would bind NULL.
  sqlite3_bind_text64(statement_.get(), parameter, text.empty() ? "" : text.data(), text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
}

void SqliteStatement::bind_one(int parameter, Bytes blob) {
  if (statement_ == nullptr) return;
  sqlite3_bind_blob64(statement_.get(), parameter,
                      blob.empty() ? static_cast<const void*>("") : blob.data(), blob.size(),
                      SQLITE_STATIC);
}

void SqliteStatement::bind_one(int parameter, std::nullopt_t) {
  if (statement_ != nullptr) sqlite3_bind_null(statement_.get(), parameter);
}

bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::text(int column) const {
  return to_string_view(blob(column));
}

Bytes SqliteStatement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const uint8_t*>(bytes), static_cast<size_t>(size)};
}

}  // namespace mq
