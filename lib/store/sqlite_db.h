// A database file of SQLite, and statements on it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mq {

// Errors of all its functions: kMalformed for a file that is damaged or no database, kFull for a
// full disk, kRefused when another process has it locked, else kIo.
class SqliteDb {
 public:
  // Makes the file if it is not there. `vfs` names one that was registered; null is the default.
  static Result<SqliteDb> open(const std::string& path, const char* vfs = nullptr);

  // Runs statements that have no rows, or whose rows do not matter.
  Result<void> run(const char* sql);
  // The first column of the first row, 0 when there is none.
  Result<int64_t> number(const char* sql);

  int64_t last_row() const;  // number of the row inserted last

  const std::string& path() const { return path_; }
  sqlite3* get() const { return db_.get(); }
  // What went wrong just now. `doing` is like "cannot write".
  Error error(std::string_view doing) const;

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  std::unique_ptr<sqlite3, Close> db_;
  std::string path_;
};

// A statement that is prepared once and run often. Text and bytes that are bound must live until
// the last row was read; what a column gives is valid until the next call.
class SqliteStatement {
 public:
  SqliteStatement() = default;
  SqliteStatement(SqliteDb& db, const char* sql) : db_(&db), sql_(sql) {}

  template <class... Values>
  SqliteStatement& bind(const Values&... values) {
    prepare();
    int parameter = 0;
    (bind_one(++parameter, values), ...);
    return *this;
  }
  // True while there is a row. After the last one it is ready to be bound anew.
  Result<bool> next();
  // Runs it to its end.
  template <class... Values>
  Result<void> run(const Values&... values) {
    bind(values...);
    for (;;) {
      MQ_TRY(const bool row, next());
      if (!row) return {};
    }
  }
  // Leaves rows unread.
  void reset();

  bool is_null(int column) const;
  int64_t integer(int column) const;
  std::string_view text(int column) const;
  Bytes blob(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void prepare();
  void bind_one(int parameter, int64_t value);
  void bind_one(int parameter, std::string_view text);
  void bind_one(int parameter, Bytes blob);
  void bind_one(int parameter, std::nullopt_t);
  template <class T>
  void bind_one(int parameter, const std::optional<T>& value) {
    if (value) {
      bind_one(parameter, *value);
    } else {
      bind_one(parameter, std::nullopt);
    }
  }

  SqliteDb* db_ = nullptr;
  const char* sql_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace mq
