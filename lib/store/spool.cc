#include "store/spool.h"

#include <utility>

#include <fmt/core.h>

#include "store/sqlite_db.h"

namespace mq {
namespace {

constexpr int64_t kVersion = 1;  // of the tables

// What a message counts for, its row and the indexes included.
constexpr uint64_t kRowSize = 64;

uint64_t size_of(const SpooledMessage& message) {
  return kRowSize + message.topic.size() + message.payload.size() + message.properties.size();
}

Result<void> make_tables(SqliteDb& db) {
  MQ_TRY(const int64_t version, db.number("PRAGMA user_version"));
  if (version == kVersion) return {};
  MQ_TRY(const int64_t tables, db.number("SELECT count(*) FROM sqlite_schema"));
  if (version != 0 || tables != 0) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{} is not a spool of mqpub, or one of a newer version", db.path()));
  }
  return db.run(
      "BEGIN;"
      "CREATE TABLE message (number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
      " payload BLOB NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL,"
      " properties BLOB NOT NULL) STRICT;"
      "PRAGMA user_version = 1;"
      "COMMIT");
}

}  // namespace

struct Spool::State {
  explicit State(SqliteDb opened)
      : db(std::move(opened)),
        insert(db,
               "INSERT INTO message (topic, payload, qos, retain, properties)"
               " VALUES (?, ?, ?, ?, ?)"),
        select(db,
               "SELECT number, topic, payload, qos, retain, properties FROM message"
               " WHERE number > ? ORDER BY number LIMIT 1"),
        erase(db,
              "DELETE FROM message WHERE number = ? RETURNING"
              " length(CAST(topic AS BLOB)) + length(payload) + length(properties)") {}

  Result<void> begin() {
    if (std::exchange(is_open, true)) return {};
    return db.run("BEGIN");
  }

  SqliteDb db;
  SqliteStatement insert, select, erase;
  uint64_t size_max = 0;
  uint64_t size = 0, count = 0, unread = 0, dropped = 0;
  int64_t read_up_to = 0;
  bool is_open = false;  // a transaction is
};

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}
Spool::Spool(Spool&&) noexcept = default;
Spool& Spool::operator=(Spool&&) noexcept = default;
Spool::~Spool() = default;

Result<Spool> Spool::open(const std::string& path, uint64_t size_max) {
  MQ_TRY(SqliteDb db, SqliteDb::open(path));
  // Locked until it is closed: a second mqpub on the same file would send everything twice.
  MQ_CHECK(
      db.run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
             "PRAGMA synchronous = FULL"));
  MQ_CHECK(make_tables(db));
  MQ_CHECK(db.run("BEGIN IMMEDIATE; COMMIT"));  // takes the lock
  auto state = std::make_unique<State>(std::move(db));
  state->size_max = size_max;
  MQ_TRY(const int64_t count, state->db.number("SELECT count(*) FROM message"));
  MQ_TRY(const int64_t size,
         state->db.number("SELECT sum(length(CAST(topic AS BLOB)) + length(payload)"
                          " + length(properties)) FROM message"));
  state->count = state->unread = static_cast<uint64_t>(count);
  state->size = static_cast<uint64_t>(size) + kRowSize * state->count;
  Spool spool(std::move(state));
  MQ_CHECK(spool.make_room());
  return spool;
}

Result<void> Spool::add(const SpooledMessage& message) {
  MQ_CHECK(state_->begin());
  MQ_CHECK(state_->insert.run(message.topic, message.payload, static_cast<int64_t>(message.qos),
                              int64_t{message.retain}, message.properties));
  state_->size += size_of(message);
  ++state_->count;
  ++state_->unread;
  return make_room();
}

// What was read is on its way to the broker and counts for little; it goes by itself.
Result<void> Spool::make_room() {
  while (state_->size > state_->size_max && state_->unread > 0) {
    SpooledMessage oldest;
    MQ_TRY(const bool found, next(oldest));
    if (!found) break;
    MQ_CHECK(remove(oldest.number));
    ++state_->dropped;
  }
  return {};
}

Result<bool> Spool::next(SpooledMessage& message) {
  SqliteStatement& select = state_->select;
  select.reset();
  select.bind(state_->read_up_to);
  MQ_TRY(const bool found, select.next());
  if (!found) return false;
  message.number = select.integer(0);
  message.topic = select.text(1);
  message.payload = select.blob(2);
  message.qos = static_cast<Qos>(select.integer(3));
  message.retain = select.integer(4) != 0;
  message.properties = select.blob(5);
  state_->read_up_to = message.number;
  --state_->unread;
  return true;
}

Result<void> Spool::remove(int64_t number) {
  MQ_CHECK(state_->begin());
  state_->select.reset();  // what it gave may be what goes
  state_->erase.bind(number);
  MQ_TRY(const bool found, state_->erase.next());
  if (!found) return {};
  state_->size -= kRowSize + static_cast<uint64_t>(state_->erase.integer(0));
  --state_->count;
  MQ_CHECK(state_->erase.next());
  return {};
}

Result<void> Spool::commit() {
  state_->select.reset();
  if (!std::exchange(state_->is_open, false)) return {};
  return state_->db.run("COMMIT");
}

uint64_t Spool::count() const {
  return state_->count;
}
uint64_t Spool::unread() const {
  return state_->unread;
}
uint64_t Spool::dropped() const {
  return state_->dropped;
}

}  // namespace mq
