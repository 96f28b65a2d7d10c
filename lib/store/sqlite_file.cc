#include "store/sqlite_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>

#include <fmt/core.h>

#include "base/log.h"
#include "store/sqlite_owner.h"
#include "store/sqlite_tables.h"

namespace mq {
namespace {

constexpr int64_t kApplicationId = 0x6d716b74;  // "mqkt"

// Step n makes schema n + 1 of schema n. Steps that were released are never changed.
//
// Times are microseconds since 1970 in UTC, NULL for never. A message that waits in one session
// only is in its row of `queued`; one that waits in several is in `message`, and `shared` refers to
// it.
constexpr std::array<const char*, SqliteFile::kSchema> kSteps = {R"(
CREATE TABLE session(
  number INTEGER PRIMARY KEY,
  client_id TEXT NOT NULL UNIQUE,
  user_name TEXT NOT NULL,
  expiry_s INTEGER NOT NULL,
  connected INTEGER NOT NULL,
  expires INTEGER,
  sent INTEGER NOT NULL DEFAULT 0,
  will_topic TEXT, will_qos INTEGER, will_retain INTEGER, will_delay_s INTEGER, will_due INTEGER,
  will_properties BLOB, will_payload BLOB);
CREATE TABLE subscription(
  session INTEGER NOT NULL,
  filter TEXT NOT NULL,
  options INTEGER NOT NULL,
  subscription_id INTEGER NOT NULL,
  PRIMARY KEY(session, filter)) WITHOUT ROWID;
CREATE TABLE message(
  number INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  qos INTEGER NOT NULL,
  retain INTEGER NOT NULL,
  expires INTEGER,
  properties BLOB NOT NULL,
  payload BLOB NOT NULL);
CREATE TABLE queued(
  session INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  released INTEGER NOT NULL,
  subscription_id INTEGER NOT NULL,
  first_byte INTEGER NOT NULL,
  share_tag INTEGER NOT NULL,
  shared INTEGER,
  topic TEXT, qos INTEGER, retain INTEGER, expires INTEGER, properties BLOB, payload BLOB,
  PRIMARY KEY(session, sequence)) WITHOUT ROWID;
CREATE INDEX queued_shared ON queued(shared) WHERE shared IS NOT NULL;
CREATE TABLE inbound(
  session INTEGER NOT NULL,
  packet_id INTEGER NOT NULL,
  PRIMARY KEY(session, packet_id)) WITHOUT ROWID;
CREATE TABLE retained(
  topic TEXT PRIMARY KEY NOT NULL,
  qos INTEGER NOT NULL,
  expires INTEGER,
  properties BLOB NOT NULL,
  payload BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE journal(
  number INTEGER PRIMARY KEY,
  changes BLOB NOT NULL);
)"};

// A value of SQLite holds at most a billion bytes. A batch that is larger goes into several rows.
constexpr size_t kPieceMax = 64 << 20;

const char* synchronous(StoreSync sync) {
  switch (sync) {
    case StoreSync::kFull: return "PRAGMA synchronous=FULL";
    case StoreSync::kNormal: return "PRAGMA synchronous=NORMAL";
    case StoreSync::kOff: return "PRAGMA synchronous=OFF";
  }
  return nullptr;
}

std::string time_suffix() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

Result<void> set_aside(const std::string& path, const Error& why) {
  std::string bad = path + ".bad-" + time_suffix();
  for (int n = 2; access(bad.c_str(), F_OK) == 0; ++n) {
    bad = fmt::format("{}.bad-{}-{}", path, time_suffix(), n);
  }
  // The write-ahead log belongs to it: with both, SQLite's tools see what can be seen.
  const std::string wal = path + "-wal", bad_wal = bad + "-wal";
  if (std::rename(path.c_str(), bad.c_str()) != 0 ||
      (std::rename(wal.c_str(), bad_wal.c_str()) != 0 && errno != ENOENT)) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot rename {} to {}: {}", path, bad, std::strerror(errno)), errno);
  }
  log(LogLevel::kError, "store_set_aside", {{"file", path}, {"as", bad}, {"why", why.text}});
  return {};
}

bool is_mosquittos(const std::string& path) {
  constexpr std::string_view kMagic("\x00\xB5\x00mosquitto db", 15);
  char head[kMagic.size()] = {};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool whole = read(fd, head, sizeof head) == static_cast<ssize_t>(sizeof head);
  close(fd);
  return whole && std::string_view(head, sizeof head) == kMagic;
}

Error with_advice(Error damage) {
  damage.text += "; --store-recover sets it aside and begins with an empty store";
  return damage;
}

class NullSink final : public StoreSink {
  void put_session(const SessionRecord&) override {}
  void drop_session(std::string_view) override {}
  void put_subscription(const SubscriptionRecord&) override {}
  void drop_subscription(std::string_view, std::string_view) override {}
  void put_queued(const QueuedRecord&) override {}
  void put_sent(std::string_view, uint64_t) override {}
  void release_queued(std::string_view, uint64_t) override {}
  void drop_queued(std::string_view, uint64_t) override {}
  void put_inbound(std::string_view, uint16_t) override {}
  void drop_inbound(std::string_view, uint16_t) override {}
  void put_retained(const Ref<const Message>&, WallTime) override {}
  void drop_retained(std::string_view) override {}
};

}  // namespace

SqliteFile::SqliteFile(const StoreOptions& options) : options_(options) {}

Error SqliteFile::damaged(const char* what) const {
  return {ErrorCode::kMalformed, fmt::format("{} is damaged: {}", options_.path, what)};
}

Result<std::unique_ptr<SqliteFile>> SqliteFile::open(const StoreOptions& options) {
  auto file = try_open(options);
  if (file && options.recover) {
    if (auto checked = (*file)->check(); !checked) file = tl::unexpected(checked.error());
  }
  if (file || file.error().code != ErrorCode::kMalformed) return file;
  if (!options.recover) {
    return tl::unexpected(with_advice(std::move(file.error())));
  }
  MQ_CHECK(set_aside(options.path, file.error()));
  return try_open(options);
}

Result<std::unique_ptr<SqliteFile>> SqliteFile::try_open(const StoreOptions& options) {
  if (options.vfs == nullptr) create_private(options.path);
  std::unique_ptr<SqliteFile> file(new SqliteFile(options));
  MQ_TRY(file->db_, SqliteDb::open(options.path, options.vfs));
  if (auto prepared = file->prepare(); !prepared) {
    Error error = std::move(prepared.error());
    if (error.code == ErrorCode::kMalformed && is_mosquittos(options.path)) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("{} is mosquitto's database, which mqbroker cannot read", options.path));
    }
    const bool locked = error.code == ErrorCode::kRefused;
    file.reset();  // its locks with it, before the next question
    if (locked) return tl::unexpected(in_use(options.path));
    return tl::unexpected(std::move(error));
  }
  return file;
}

Result<void> SqliteFile::prepare() {
  // One broker a store: the lock is taken with the first read and kept. It also spares the
  // shared-memory file that the write-ahead log has otherwise.
  MQ_CHECK(db_.run("PRAGMA locking_mode=EXCLUSIVE"));
  MQ_CHECK(db_.run("PRAGMA cell_size_check=ON"));
  MQ_CHECK(identify());
  MQ_CHECK(db_.run("PRAGMA journal_mode=WAL"));
  MQ_CHECK(db_.run(synchronous(options_.sync)));
  // The pages of the journal are used again after each fold: what a few folds wrote is copied into
  // the file once.
  constexpr uint64_t kPageSize = 4096, kPagesMin = 10;
  const uint64_t pages = std::max(2 * options_.journal_max / kPageSize, kPagesMin);
  MQ_CHECK(db_.run(fmt::format("PRAGMA wal_autocheckpoint={}", pages).c_str()));
  MQ_CHECK(db_.run(fmt::format("PRAGMA journal_size_limit={}", 2 * pages * kPageSize).c_str()));
  MQ_CHECK(in_transaction(&SqliteFile::migrate));
  append_ = SqliteStatement(db_, "INSERT INTO journal(changes) VALUES(?)");
  tables_ = std::make_unique<SqliteTables>(db_);
  MQ_TRY(const int64_t bytes, db_.number("SELECT total(length(changes)) FROM journal"));
  journal_bytes_ = static_cast<uint64_t>(bytes);
  if (journal_bytes_ > 0) MQ_CHECK(fold());
  fold_at_ = options_.journal_max;
  return {};
}

// Nothing is written to what is not a store.
Result<void> SqliteFile::identify() {
  MQ_TRY(const int64_t application, db_.number("PRAGMA application_id"));
  MQ_TRY(const int64_t version, db_.number("PRAGMA user_version"));
  MQ_TRY(const int64_t tables, db_.number("SELECT count(*) FROM sqlite_schema"));
  const bool fresh = application == 0 && version == 0 && tables == 0;
  if (!fresh && application != kApplicationId) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is a database of another program, not a store", options_.path));
  }
  if (version > kSchema) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} was written by a later mqbroker: its schema is {}, this one knows "
                            "those up to {}",
                            options_.path, version, kSchema));
  }
  return {};
}

Result<void> SqliteFile::migrate() {
  MQ_TRY(const int64_t version, db_.number("PRAGMA user_version"));
  if (version == kSchema) return {};
  if (version < 0) return tl::unexpected(damaged("its schema version is negative"));
  for (auto i = static_cast<size_t>(version); i < kSteps.size(); ++i) {
    MQ_CHECK(db_.run(kSteps[i]));
  }
  MQ_CHECK(db_.run(fmt::format("PRAGMA application_id={}", kApplicationId).c_str()));
  return db_.run(fmt::format("PRAGMA user_version={}", kSchema).c_str());
}

// All that can be known of a file before it is trusted.
Result<void> SqliteFile::check() {
  SqliteStatement integrity(db_, "PRAGMA integrity_check(1)");
  integrity.bind();
  MQ_TRY(const bool row, integrity.next());
  if (!row || integrity.text(0) != "ok") {
    return tl::unexpected(damaged("the integrity check fails"));
  }
  integrity.reset();
  NullSink sink;
  return tables_->load(sink, {Time(std::chrono::hours(1)), WallTime(std::chrono::hours(1))});
}

Result<void> SqliteFile::in_transaction(Result<void> (SqliteFile::*step)()) {
  MQ_CHECK(db_.run("BEGIN IMMEDIATE"));
  auto done = (this->*step)();
  if (done) done = db_.run("COMMIT");
  // SQLite may have rolled back by itself, as after a full disk; then there is nothing to do.
  if (!done) static_cast<void>(db_.run("ROLLBACK"));
  return done;
}

Result<void> SqliteFile::write(Bytes changes) {
  const auto net = net_changes(changes);
  assert(net);
  net_.clear();
  net->encode(net_);
  if (net_.empty()) return {};
  const auto start = std::chrono::steady_clock::now();
  MQ_CHECK(net_.size() <= kPieceMax ? append_.run(net_.bytes())
                                    : in_transaction(&SqliteFile::write_pieces));
  cost_.written(net_.size(), std::chrono::steady_clock::now() - start);
  journal_bytes_ += net_.size();
  if (net_.capacity() > options_.journal_max) net_.release();
  return {};
}

Result<void> SqliteFile::write_pieces() {
  for (Bytes rest = net_.bytes(); !rest.empty();) {
    const size_t size = std::min(rest.size(), kPieceMax);
    MQ_CHECK(append_.run(rest.first(size)));
    rest = rest.subspan(size);
  }
  return {};
}

Result<void> SqliteFile::fold_if_due() {
  if (journal_bytes_ <= fold_at_) return {};
  auto folded = fold();
  // With a full disk there is no point in trying it after every batch.
  fold_at_ = folded ? options_.journal_max : 2 * journal_bytes_;
  return folded;
}

Result<void> SqliteFile::fold() {
  const auto start = std::chrono::steady_clock::now();
  auto folded = in_transaction(&SqliteFile::fold_journal);
  tables_->forget();
  if (!folded) return folded;
  cost_.folded(journal_bytes_, std::chrono::steady_clock::now() - start);
  journal_bytes_ = 0;
  return folded;
}

Result<void> SqliteFile::fold_journal() {
  Buffer changes;
  SqliteStatement rows(db_, "SELECT changes FROM journal ORDER BY number");
  rows.bind();
  for (;;) {
    MQ_TRY(const bool row, rows.next());
    if (!row) break;
    changes.append(rows.blob(0));
  }
  const auto net = net_changes(changes.bytes());
  if (!net) return tl::unexpected(damaged("its journal cannot be read"));
  MQ_CHECK(tables_->apply(*net));
  return db_.run("DELETE FROM journal");
}

Result<void> SqliteFile::load(StoreSink& to, Now now) {
  auto loaded = tables_->load(to, now);
  if (!loaded && loaded.error().code == ErrorCode::kMalformed) {
    return tl::unexpected(with_advice(std::move(loaded.error())));
  }
  return loaded;
}

SqliteFile::~SqliteFile() {
  // What is not folded now is folded at the next start.
  if (tables_ != nullptr && journal_bytes_ > 0) static_cast<void>(fold());
}

}  // namespace mq
