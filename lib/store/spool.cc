#include "store/spool.h"

#include <cassert>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "store/sqlite_db.h"
#include "store/sqlite_owner.h"

namespace mq {
namespace {

constexpr int64_t kApplicationId = 0x6d717370;  // "mqsp"
constexpr int64_t kSchema = 1;

constexpr const char* kTables = R"(
BEGIN;
CREATE TABLE message(
  number INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  payload BLOB NOT NULL,
  qos INTEGER NOT NULL,
  retain INTEGER NOT NULL,
  properties BLOB NOT NULL,
  received INTEGER) STRICT;
PRAGMA application_id = 1836151664;
PRAGMA user_version = 1;
COMMIT)";

// What a message of so many bytes takes of the file. Rows share pages of 4 KiB; from half a page
// on, each has its own.
uint64_t size_on_disk(uint64_t bytes) {
  constexpr uint64_t kRow = 32, kPage = 4096, kPageHead = 4;
  const uint64_t row = bytes + kRow;
  if (row <= kPage / 2) return row;
  return (row + kPage - kPageHead - 1) / (kPage - kPageHead) * kPage;
}

uint64_t size_on_disk(const SpooledMessage& message) {
  return size_on_disk(message.topic.size() + message.payload.size() + message.properties.size());
}

}  // namespace

struct Spool::State {
  explicit State(SqliteDb opened)
      : db(std::move(opened)),
        insert(db,
               "INSERT INTO message(number, topic, payload, qos, retain, properties, received)"
               " VALUES(?, ?, ?, ?, ?, ?, ?)"),
        select(db,
               "SELECT number, topic, payload, qos, retain, properties, received FROM message"
               " WHERE number > ? ORDER BY number LIMIT 1"),
        measure(db,
                "SELECT length(CAST(topic AS BLOB)) + length(payload) + length(properties)"
                " FROM message WHERE number = ?"),
        erase(db, "DELETE FROM message WHERE number = ?"),
        topic(db, "SELECT topic FROM message WHERE number = ?") {}

  Result<void> prepare();
  Result<void> identify();
  Result<void> count_up();
  Result<void> begin();
  Result<void> make_room(uint64_t wanted);
  Result<void> remove(int64_t number);
  Error damaged(std::string_view what) const {
    return {ErrorCode::kMalformed,
            fmt::format("{} is damaged: {}; sqlite3's .recover may save what is in it", db.path(),
                        what)};
  }

  SqliteDb db;
  SqliteStatement insert, select, measure, erase, topic;
  SpooledMessage front;
  uint64_t size_max = 0;
  uint64_t size = 0, count = 0, unsent = 0, dropped = 0;
  int64_t last = 0;      // number of the newest message
  int64_t sent_to = 0;   // and of the last one that was sent
  bool is_open = false;  // a transaction is
  // In the transaction: messages that are not on the disk yet, which have the numbers from
  // saved_to on, and whether one was removed that is.
  int64_t saved_to = 0;
  uint64_t unsaved = 0;
  bool has_removed = false;
};

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}
Spool::Spool(Spool&&) noexcept = default;
Spool& Spool::operator=(Spool&&) noexcept = default;
Spool::~Spool() = default;

Result<Spool> Spool::open(const SpoolOptions& options) {
  if (options.vfs == nullptr) create_private(options.path);
  MQ_TRY(SqliteDb db, SqliteDb::open(options.path, options.vfs));
  auto state = std::make_unique<State>(std::move(db));
  state->size_max = options.size_max;
  if (auto prepared = state->prepare(); !prepared) {
    Error error = std::move(prepared.error());
    state.reset();  // its locks with it, before the next question
    if (error.code == ErrorCode::kRefused) error = in_use(options.path);
    return tl::unexpected(std::move(error));
  }
  return Spool(std::move(state));
}

Result<void> Spool::State::prepare() {
  // The lock is taken with the first read and kept: a second process would send everything twice.
  MQ_CHECK(db.run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA cell_size_check=ON"));
  MQ_CHECK(identify());
  // With a write-ahead log saving is one sync, and FULL makes it survive a power cut.
  MQ_CHECK(db.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"));
  MQ_CHECK(db.run("PRAGMA journal_size_limit=4194304"));
  MQ_TRY(const int64_t version, db.number("PRAGMA user_version"));
  if (version == 0) MQ_CHECK(db.run(kTables));
  SqliteStatement check(db, "PRAGMA quick_check(1)");
  check.bind();
  MQ_TRY(const bool row, check.next());
  if (!row || check.text(0) != "ok") {
    return tl::unexpected(damaged(row ? check.text(0) : "it cannot be checked"));
  }
  check.reset();
  MQ_CHECK(db.run("BEGIN IMMEDIATE; COMMIT"));  // the lock, also where nothing was written
  MQ_CHECK(count_up());
  return make_room(0);
}

// Nothing is written to what is not a spool.
Result<void> Spool::State::identify() {
  MQ_TRY(const int64_t application, db.number("PRAGMA application_id"));
  MQ_TRY(const int64_t version, db.number("PRAGMA user_version"));
  MQ_TRY(const int64_t tables, db.number("SELECT count(*) FROM sqlite_schema"));
  const bool fresh = application == 0 && version == 0 && tables == 0;
  if (!fresh && application != kApplicationId) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is a database of another program, not a spool", db.path()));
  }
  if (version > kSchema) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} was written by a later mqpub: its schema is {}, this one knows {}",
                            db.path(), version, kSchema));
  }
  return {};
}

Result<void> Spool::State::count_up() {
  SqliteStatement rows(db,
                       "SELECT number, length(CAST(topic AS BLOB)) + length(payload)"
                       " + length(properties) FROM message ORDER BY number");
  rows.bind();
  for (;;) {
    MQ_TRY(const bool row, rows.next());
    if (!row) break;
    if (rows.integer(0) <= 0) return tl::unexpected(damaged("a message has no number"));
    last = rows.integer(0);
    size += size_on_disk(static_cast<uint64_t>(rows.integer(1)));
    ++count;
  }
  saved_to = last;
  unsent = count;
  return {};
}

Result<void> Spool::State::begin() {
  if (std::exchange(is_open, true)) return {};
  return db.run("BEGIN IMMEDIATE");
}

// Drops the oldest until there is room for so much more.
Result<void> Spool::State::make_room(uint64_t wanted) {
  while (size + wanted > size_max && unsent > 0) {
    select.reset();
    select.bind(sent_to);
    MQ_TRY(const bool found, select.next());
    if (!found) return tl::unexpected(damaged("a message is missing"));
    sent_to = select.integer(0);
    --unsent;
    MQ_CHECK(remove(sent_to));
    ++dropped;
  }
  return {};
}

// (A DELETE with RETURNING would do it in one, but makes a temporary table each time.)
Result<void> Spool::State::remove(int64_t number) {
  MQ_CHECK(begin());
  select.reset();  // what it gave may be what goes
  measure.bind(number);
  MQ_TRY(const bool found, measure.next());
  if (!found) return tl::unexpected(damaged("a message is missing"));
  size -= size_on_disk(static_cast<uint64_t>(measure.integer(0)));
  measure.reset();
  MQ_CHECK(erase.run(number));
  --count;
  if (number > saved_to) {
    --unsaved;
  } else {
    has_removed = true;
  }
  return {};
}

Result<void> Spool::add(const SpooledMessage& message) {
  State& s = *state_;
  const uint64_t wanted = size_on_disk(message);
  if (wanted > s.size_max) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("a message of {} bytes does not fit into {}, which may take {}",
                            message.payload.size(), s.db.path(), s.size_max));
  }
  MQ_CHECK(s.begin());
  MQ_CHECK(s.make_room(wanted));
  std::optional<int64_t> received;
  if (message.received) {
    received =
        std::chrono::duration_cast<std::chrono::microseconds>(message.received->time_since_epoch())
            .count();
  }
  MQ_CHECK(s.insert.run(s.last + 1, message.topic, message.payload,
                        static_cast<int64_t>(message.qos), int64_t{message.retain},
                        message.properties, received));
  ++s.last;
  s.size += wanted;
  ++s.count;
  ++s.unsent;
  ++s.unsaved;
  return {};
}

Result<const SpooledMessage*> Spool::front() {
  State& s = *state_;
  s.select.reset();
  if (s.unsent == 0) return nullptr;
  s.select.bind(s.sent_to);
  MQ_TRY(const bool found, s.select.next());
  if (!found) return tl::unexpected(s.damaged("a message is missing"));
  SpooledMessage& front = s.front;
  front.number = s.select.integer(0);
  front.topic = s.select.text(1);
  front.payload = s.select.blob(2);
  const int64_t qos = s.select.integer(3);
  front.qos = static_cast<Qos>(qos);
  front.retain = s.select.integer(4) != 0;
  front.properties = s.select.blob(5);
  front.received.reset();
  if (!s.select.is_null(6)) {
    front.received = WallTime(std::chrono::microseconds(s.select.integer(6)));
  }
  if (qos < 0 || qos > 2) return tl::unexpected(s.damaged("a message has no QoS"));
  return &front;
}

void Spool::sent() {
  assert(state_->front.number > state_->sent_to);
  state_->sent_to = state_->front.number;
  --state_->unsent;
}

Result<void> Spool::remove(int64_t number) {
  assert(number <= state_->sent_to);
  return state_->remove(number);
}

Result<std::string> Spool::topic(int64_t number) {
  SqliteStatement& statement = state_->topic;
  statement.bind(number);
  MQ_TRY(const bool found, statement.next());
  std::string topic = found ? std::string(statement.text(0)) : "";
  statement.reset();
  return topic;
}

Result<void> Spool::save() {
  State& s = *state_;
  s.select.reset();
  if (!std::exchange(s.is_open, false)) return {};
  // Numbers are never given twice, so that nothing goes wrong when the counting is not undone.
  if (s.unsaved == 0 && !s.has_removed) return s.db.run("ROLLBACK");
  MQ_CHECK(s.db.run("COMMIT"));
  s.saved_to = s.last;
  s.unsaved = 0;
  s.has_removed = false;
  return {};
}

bool Spool::is_safe() const {
  return state_->unsaved == 0;
}
bool Spool::is_changed() const {
  return state_->unsaved > 0 || state_->has_removed;
}
const std::string& Spool::path() const {
  return state_->db.path();
}
uint64_t Spool::count() const {
  return state_->count;
}
uint64_t Spool::unsent() const {
  return state_->unsent;
}
uint64_t Spool::size() const {
  return state_->size;
}
uint64_t Spool::dropped() const {
  return state_->dropped;
}

}  // namespace mq
