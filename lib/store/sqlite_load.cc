// The state out of the tables. Nothing in them is trusted: whatever a damaged file holds becomes an
// error, not a broken invariant of the broker.
#include <limits>

#include "codec/topic.h"
#include "store/sqlite_tables.h"

namespace mq {
namespace {

// Packet identifiers from the first unacknowledged message of a session on: no window holds more.
constexpr uint64_t kWindowMax = 65'535;

WallTime time_at(const SqliteStatement& row, int column) {
  if (row.is_null(column)) return WallTime::max();
  return WallTime(std::chrono::microseconds(row.integer(column)));
}

template <class T>
bool fits(int64_t value) {
  return value >= 0 && static_cast<uint64_t>(value) <= std::numeric_limits<T>::max();
}

bool is_sound_filter(std::string_view filter) {
  if (is_shared(filter)) {
    const auto shared = split_shared(filter);
    if (!shared) return false;
    filter = shared->filter;
  }
  return topic_filter_fault(filter, UINT32_MAX) == nullptr;
}

}  // namespace

Result<void> SqliteTables::load(StoreSink& to, Now now) {
  auto loaded = load_retained(to, now);
  if (loaded) loaded = load_sessions(to, now);
  shared_.clear();
  return loaded;
}

// The message in columns topic, qos, retain, expires, properties, payload.
Result<Ref<const Message>> SqliteTables::message_at(SqliteStatement& row, int column, Now now) {
  const int64_t qos = row.integer(column + 1);
  const StoredMessage stored{row.text(column),
                             row.blob(column + 5),
                             row.blob(column + 4),
                             static_cast<Qos>(qos & 0xFF),
                             row.integer(column + 2) != 0,
                             time_at(row, column + 3)};
  if (!fits<uint8_t>(qos) || !is_sound(stored)) {
    return tl::unexpected(damaged("a message in it cannot be read"));
  }
  return make_message(stored, now);
}

Result<void> SqliteTables::load_retained(StoreSink& to, Now now) {
  SqliteStatement rows(db_, "SELECT topic, qos, 1, expires, properties, payload FROM retained");
  rows.bind();
  for (;;) {
    MQ_TRY(const bool row, rows.next());
    if (!row) return {};
    MQ_TRY(const auto message, message_at(rows, 0, now));
    to.put_retained(message, time_at(rows, 3));
  }
}

Result<void> SqliteTables::load_sessions(StoreSink& to, Now now) {
  SqliteStatement rows(db_,
                       "SELECT number, client_id, user_name, expiry_s, connected, expires, sent,"
                       " will_topic, will_qos, will_retain, will_delay_s, will_due,"
                       " will_properties, will_payload FROM session ORDER BY number");
  rows.bind();
  for (;;) {
    MQ_TRY(const bool row, rows.next());
    if (!row) return {};
    const int64_t number = rows.integer(0);
    const int64_t flags = rows.integer(4);
    const int64_t sent = rows.integer(6);
    SessionRecord record{rows.text(1),
                         rows.text(2),
                         static_cast<uint32_t>(rows.integer(3)),
                         (flags & SessionRecord::kConnectedBit) != 0,
                         time_at(rows, 5),
                         nullptr,
                         (flags & SessionRecord::kProvenBit) != 0};
    bool sound = fits<uint32_t>(rows.integer(3)) && fits<int64_t>(sent) &&
                 is_sound(record.expires) && !record.client_id.empty() &&
                 record.client_id.size() <= kStringMax && record.user_name.size() <= kStringMax;
    SessionRecord::Will will{};
    if (!rows.is_null(7)) {
      will = {rows.text(7),         rows.blob(13),
              rows.blob(12),        static_cast<Qos>(rows.integer(8) & 3),
              rows.integer(9) != 0, static_cast<uint32_t>(rows.integer(10)),
              time_at(rows, 11)};
      record.will = &will;
      const StoredMessage message{will.topic, will.payload, {},
                                  will.qos,   will.retain,  WallTime::max()};
      sound = sound && is_sound(message) && is_sound(will.due) &&
              fits<uint32_t>(rows.integer(10)) &&
              !check_properties(will.properties, PropertiesIn::kWill);
    }
    if (!sound) return tl::unexpected(damaged("a session in it cannot be read"));
    // Its views stay: other statements have rows of their own.
    to.put_session(record);
    MQ_CHECK(load_subscriptions(to, number, record.client_id));
    to.put_sent(record.client_id, static_cast<uint64_t>(sent));
    MQ_CHECK(load_queue(to, now, number, record.client_id, static_cast<uint64_t>(sent)));
    MQ_CHECK(load_inbound(to, number, record.client_id));
  }
}

Result<void> SqliteTables::load_subscriptions(StoreSink& to, int64_t session,
                                              std::string_view client_id) {
  load_subscriptions_.bind(session);
  for (;;) {
    MQ_TRY(const bool row, load_subscriptions_.next());
    if (!row) return {};
    const std::string_view filter = load_subscriptions_.text(0);
    const int64_t options = load_subscriptions_.integer(1);
    const int64_t id = load_subscriptions_.integer(2);
    if (!is_sound_filter(filter) || !fits<uint8_t>(options) || (options & 3) == 3 ||
        !fits<uint32_t>(id)) {
      return tl::unexpected(damaged("a subscription in it cannot be read"));
    }
    to.put_subscription({client_id, filter,
                         SubscribeOptions::decoded(static_cast<uint8_t>(options)),
                         static_cast<uint32_t>(id)});
  }
}

Result<void> SqliteTables::load_queue(StoreSink& to, Now now, int64_t session,
                                      std::string_view client_id, uint64_t sent) {
  SqliteStatement& rows = load_queue_;
  std::optional<uint64_t> first;
  bool waiting = false;  // from the first that was not sent on
  rows.bind(session);
  for (;;) {
    MQ_TRY(const bool row, rows.next());
    if (!row) return {};
    const bool released = rows.integer(1) != 0;
    QueuedRecord record;
    record.client_id = client_id;
    record.sequence = static_cast<uint64_t>(rows.integer(0));
    record.subscription_id = static_cast<uint32_t>(rows.integer(2));
    record.first_byte = static_cast<uint8_t>(rows.integer(3));
    record.share_tag = static_cast<uint8_t>(rows.integer(4));
    if (!released && rows.is_null(5)) {
      MQ_TRY(record.message, message_at(rows, 6, now));
      record.expires = time_at(rows, 9);
    } else if (!released) {
      MQ_TRY(const Shared shared, load_shared(rows.integer(5), now));
      record.message = shared.message;
      record.expires = shared.expires;
    }
    if (!first) first = record.sequence;
    const uint64_t place = record.sequence - *first;
    const bool waits = record.sequence >= sent && !released;
    // The broker keeps a place in the window for every number up to the first that waits.
    const bool in_order = waiting ? waits : place < kWindowMax + (waits ? 1 : 0);
    const int qos = (record.first_byte >> 1) & 3;
    if (!fits<int64_t>(rows.integer(0)) || !fits<uint32_t>(rows.integer(2)) ||
        !fits<uint8_t>(rows.integer(3)) || !fits<uint8_t>(rows.integer(4)) || !in_order ||
        qos == 3 || (qos == 0 && !waits)) {
      return tl::unexpected(damaged("a queue in it cannot be read"));
    }
    waiting = waits;
    to.put_queued(record);
  }
}

Result<SqliteTables::Shared> SqliteTables::load_shared(int64_t number, Now now) {
  if (const auto found = shared_.find(number); found != shared_.end()) return found->second;
  load_message_.bind(number);
  MQ_TRY(const bool row, load_message_.next());
  if (!row) return tl::unexpected(damaged("a message is not there"));
  MQ_TRY(auto message, message_at(load_message_, 0, now));
  Shared shared{std::move(message), time_at(load_message_, 3)};
  load_message_.reset();
  shared_.emplace(number, shared);
  return shared;
}

Result<void> SqliteTables::load_inbound(StoreSink& to, int64_t session,
                                        std::string_view client_id) {
  load_inbound_.bind(session);
  for (;;) {
    MQ_TRY(const bool row, load_inbound_.next());
    if (!row) return {};
    const int64_t packet_id = load_inbound_.integer(0);
    if (!fits<uint16_t>(packet_id) || packet_id == 0) {
      return tl::unexpected(damaged("a packet identifier in it is none"));
    }
    to.put_inbound(client_id, static_cast<uint16_t>(packet_id));
  }
}

}  // namespace mq
