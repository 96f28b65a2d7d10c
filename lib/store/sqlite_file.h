// The store's file: a journal of changes and the tables they are folded into.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/result.h"
#include "store/session_store.h"
#include "store/sqlite_db.h"
#include "store/write_cost.h"

namespace mq {

class SqliteTables;

// What an acknowledgement waits for.
enum class StoreSync : uint8_t {
  kFull,    // the disk: survives a power cut
  kNormal,  // the operating system: survives a crash of the broker; a power cut takes the last
            // moments, and leaves what was before
  kOff,     // the same, without ever syncing: a power cut may damage the file
};

struct StoreOptions {
  std::string path;
  StoreSync sync = StoreSync::kNormal;
  bool recover = false;  // set a damaged file aside and begin with an empty one
  // Bytes that wait for the disk beyond which publishers are not read.
  uint64_t backlog_max = 32ull << 20;
  // Bytes of the journal beyond which it is folded.
  uint64_t journal_max = 16ull << 20;
  // The longest that a batch waits for acknowledgements that would spare its writing.
  std::chrono::nanoseconds settle_max = std::chrono::milliseconds(20);
  const char* vfs = nullptr;  // of SQLite, null for its default

  bool operator==(const StoreOptions&) const = default;
};

// A batch is one row of the journal, which costs a few microseconds whatever is in it. When the
// journal has grown, what is left of it goes into the tables, a row a message. Most messages are
// acknowledged before that, and never become rows.
//
// All functions block. Used by one thread at a time.
class SqliteFile {
 public:
  static constexpr int64_t kSchema = 1;

  // Makes the file, or brings an older one up to date, and folds its journal. One that another
  // process has open, or that is not a store, or of a later version, is an error.
  static Result<std::unique_ptr<SqliteFile>> open(const StoreOptions& options);
  // Folds the journal.
  ~SqliteFile();

  // As SessionStore::load().
  Result<void> load(StoreSink& to, Now now);
  // One transaction: all of the changes are stored, or none.
  // REQUIRES: they were written by a ChangeWriter
  Result<void> write(Bytes changes);
  // Folds the journal if it has grown over its limit. An error costs nothing but time: the journal
  // goes on growing meanwhile.
  Result<void> fold_if_due();
  // How long writing these would take, and folding them later, as far as it is known.
  std::chrono::nanoseconds cost(size_t bytes) const { return cost_.of(bytes); }

  uint64_t journal_bytes() const { return journal_bytes_; }

 private:
  explicit SqliteFile(const StoreOptions& options);
  static Result<std::unique_ptr<SqliteFile>> try_open(const StoreOptions& options);
  Result<void> prepare();
  Result<void> identify();
  Result<void> check();
  Result<void> fold();
  // The steps of transactions.
  Result<void> migrate();
  Result<void> write_pieces();
  Result<void> fold_journal();
  Result<void> in_transaction(Result<void> (SqliteFile::*step)());
  Error damaged(const char* what) const;

  const StoreOptions options_;
  SqliteDb db_;
  SqliteStatement append_;
  Buffer net_;  // the batch at hand without what came to nothing
  uint64_t journal_bytes_ = 0;
  uint64_t fold_at_ = 0;
  WriteCost cost_;
  std::unique_ptr<SqliteTables> tables_;
};

}  // namespace mq
