#include "store/sqlite_tables.h"

#include <fmt/core.h>

namespace mq {
namespace {

std::optional<int64_t> nullable(WallTime at) {
  if (at == WallTime::max()) return std::nullopt;
  return at.time_since_epoch().count();
}

}  // namespace

SqliteTables::SqliteTables(SqliteDb& db)
    : db_(db),
      find_session_(db, "SELECT number FROM session WHERE client_id = ?"),
      put_session_(db,
                   "INSERT INTO session(client_id, user_name, expiry_s, connected, expires,"
                   " will_topic, will_qos, will_retain, will_delay_s, will_due, will_properties,"
                   " will_payload) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
                   " ON CONFLICT(client_id) DO UPDATE SET user_name=?2, expiry_s=?3, connected=?4,"
                   " expires=?5, will_topic=?6, will_qos=?7, will_retain=?8, will_delay_s=?9,"
                   " will_due=?10, will_properties=?11, will_payload=?12"),
      drop_session_(db, "DELETE FROM session WHERE number = ?"),
      put_subscription_(db, "INSERT OR REPLACE INTO subscription VALUES(?, ?, ?, ?)"),
      drop_subscription_(db, "DELETE FROM subscription WHERE session = ? AND filter = ?"),
      drop_subscriptions_(db, "DELETE FROM subscription WHERE session = ?"),
      put_queued_(db,
                  "INSERT OR REPLACE INTO queued(session, sequence, released, subscription_id,"
                  " first_byte, share_tag, shared, topic, qos, retain, expires, properties,"
                  " payload) VALUES(?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      find_shared_(db, "SELECT shared FROM queued WHERE session = ? AND sequence = ?"),
      drop_queued_(db, "DELETE FROM queued WHERE session = ? AND sequence = ?"),
      drop_queue_(db, "DELETE FROM queued WHERE session = ?"),
      release_queued_(db,
                      "UPDATE queued SET released = 1, shared = NULL, topic = NULL,"
                      " properties = NULL, payload = NULL WHERE session = ? AND sequence = ?"),
      put_sent_(db, "UPDATE session SET sent = ? WHERE number = ?"),
      put_message_(db,
                   "INSERT INTO message(topic, qos, retain, expires, properties, payload)"
                   " VALUES(?, ?, ?, ?, ?, ?)"),
      drop_message_(db,
                    "DELETE FROM message WHERE number = ?1 AND"
                    " NOT EXISTS (SELECT 1 FROM queued WHERE shared = ?1)"),
      drop_orphans_(db,
                    "DELETE FROM message WHERE number IN"
                    " (SELECT shared FROM queued WHERE session = ?1 AND shared IS NOT NULL)"
                    " AND NOT EXISTS (SELECT 1 FROM queued"
                    " WHERE shared = message.number AND session <> ?1)"),
      put_inbound_(db, "INSERT OR IGNORE INTO inbound VALUES(?, ?)"),
      drop_inbound_(db, "DELETE FROM inbound WHERE session = ? AND packet_id = ?"),
      drop_inbounds_(db, "DELETE FROM inbound WHERE session = ?"),
      put_retained_(db,
                    "INSERT OR REPLACE INTO retained(topic, qos, expires, properties, payload)"
                    " VALUES(?, ?, ?, ?, ?)"),
      drop_retained_(db, "DELETE FROM retained WHERE topic = ?"),
      load_subscriptions_(db,
                          "SELECT filter, options, subscription_id FROM subscription"
                          " WHERE session = ?"),
      load_queue_(db,
                  "SELECT sequence, released, subscription_id, first_byte, share_tag, shared,"
                  " topic, qos, retain, expires, properties, payload FROM queued"
                  " WHERE session = ? ORDER BY sequence"),
      load_message_(db,
                    "SELECT topic, qos, retain, expires, properties, payload FROM message"
                    " WHERE number = ?"),
      load_inbound_(db, "SELECT packet_id FROM inbound WHERE session = ?") {}

void SqliteTables::forget() {
  numbers_.clear();
  any_shared_.reset();
}

Error SqliteTables::damaged(std::string_view what) const {
  return {ErrorCode::kMalformed, fmt::format("{} is damaged: {}", db_.path(), what)};
}

Result<void> SqliteTables::apply(const NetChanges& net) {
  // Of messages that wait in several sessions: their rows, once made.
  std::vector<std::optional<int64_t>> shared(net.messages.size());
  for (const auto& [change, message] : net.changes) {
    switch (change.kind) {
      case ChangeKind::kPutQueued:
        MQ_CHECK(put_queued(change, net.messages[message], shared[message]));
        break;
      case ChangeKind::kPutRetained: MQ_CHECK(put_retained(net.messages[message].change)); break;
      default: MQ_CHECK(apply(change));
    }
  }
  return {};
}

Result<void> SqliteTables::apply(const Change& change) {
  if (change.kind == ChangeKind::kPutSession) return put_session(change);
  if (change.kind == ChangeKind::kDropRetained) return drop_retained_.run(change.key);
  MQ_TRY(const int64_t session, session_number(change.key));
  const auto number = static_cast<int64_t>(change.number);
  switch (change.kind) {
    case ChangeKind::kDropSession: return drop_session(session, change.key);
    case ChangeKind::kPutSubscription: return put_subscription(session, change);
    case ChangeKind::kDropSubscription:
      return drop_subscription_.run(session, to_string_view(change.body));
    case ChangeKind::kPutSent: return put_sent_.run(number, session);
    case ChangeKind::kReleaseQueued: return take_message(session, number, release_queued_);
    case ChangeKind::kDropQueued: return take_message(session, number, drop_queued_);
    case ChangeKind::kPutInbound: return put_inbound_.run(session, number);
    case ChangeKind::kDropInbound: return drop_inbound_.run(session, number);
    default: return tl::unexpected(damaged("its journal has a change out of place"));
  }
}

Result<int64_t> SqliteTables::session_number(std::string_view client_id) {
  if (const auto known = numbers_.find(client_id); known != numbers_.end()) return known->second;
  find_session_.bind(client_id);
  MQ_TRY(const bool row, find_session_.next());
  if (!row) return tl::unexpected(damaged("its journal names a session that is not there"));
  const int64_t number = find_session_.integer(0);
  find_session_.reset();
  numbers_.emplace(client_id, number);
  return number;
}

Result<void> SqliteTables::put_session(const Change& change) {
  SessionRecord record;
  SessionRecord::Will will{};
  if (!read_body(change, record, will)) {
    return tl::unexpected(damaged("its journal has a session that cannot be read"));
  }
  const auto connected = int64_t{record.flags()};
  if (record.will == nullptr) {
    constexpr auto kNull = std::nullopt;
    return put_session_.run(record.client_id, record.user_name, int64_t{record.expiry_s}, connected,
                            nullable(record.expires), kNull, kNull, kNull, kNull, kNull, kNull,
                            kNull);
  }
  return put_session_.run(record.client_id, record.user_name, int64_t{record.expiry_s}, connected,
                          nullable(record.expires), will.topic, static_cast<int64_t>(will.qos),
                          static_cast<int64_t>(will.retain), int64_t{will.delay_s},
                          nullable(will.due), will.properties, will.payload);
}

Result<void> SqliteTables::drop_session(int64_t session, std::string_view client_id) {
  MQ_TRY(const bool shared, any_shared());
  if (shared) MQ_CHECK(drop_orphans_.run(session));
  MQ_CHECK(drop_queue_.run(session));
  MQ_CHECK(drop_inbounds_.run(session));
  MQ_CHECK(drop_subscriptions_.run(session));
  if (const auto known = numbers_.find(client_id); known != numbers_.end()) numbers_.erase(known);
  return drop_session_.run(session);
}

Result<void> SqliteTables::put_subscription(int64_t session, const Change& change) {
  SubscriptionRecord record;
  if (!read_body(change, record)) {
    return tl::unexpected(damaged("its journal has a subscription that cannot be read"));
  }
  return put_subscription_.run(session, record.filter, int64_t{record.options.encoded()},
                               int64_t{record.subscription_id});
}

Result<void> SqliteTables::put_queued(const Change& change, const NetChanges::KeptMessage& message,
                                      std::optional<int64_t>& shared) {
  MQ_TRY(const int64_t session, session_number(change.key));
  QueuedRecord record;
  StoredMessage stored;
  if (!read_body(change, record) || !read_body(message.change, stored)) {
    return tl::unexpected(damaged("its journal has a message that cannot be read"));
  }
  const auto qos = static_cast<int64_t>(stored.qos);
  const auto retain = static_cast<int64_t>(stored.retain);
  const auto put = [&](const auto&... its_message) {
    return put_queued_.run(session, static_cast<int64_t>(record.sequence),
                           int64_t{record.subscription_id}, int64_t{record.first_byte},
                           int64_t{record.share_tag}, its_message...);
  };
  if (message.queued == 1) {
    return put(std::nullopt, stored.topic, qos, retain, nullable(stored.expires), stored.properties,
               stored.payload);
  }
  if (!shared) {
    MQ_CHECK(put_message_.run(stored.topic, qos, retain, nullable(stored.expires),
                              stored.properties, stored.payload));
    shared = db_.last_row();
    any_shared_ = true;
  }
  constexpr auto kNull = std::nullopt;
  return put(*shared, kNull, kNull, kNull, kNull, kNull, kNull);
}

Result<void> SqliteTables::put_retained(const Change& message) {
  StoredMessage stored;
  if (!read_body(message, stored)) {
    return tl::unexpected(damaged("its journal has a message that cannot be read"));
  }
  return put_retained_.run(stored.topic, static_cast<int64_t>(stored.qos), nullable(stored.expires),
                           stored.properties, stored.payload);
}

// Runs `change`, which ends the need of a queued entry for its message. A message that was shared
// goes with the last of its entries.
Result<void> SqliteTables::take_message(int64_t session, int64_t sequence,
                                        SqliteStatement& change) {
  MQ_TRY(const bool shared, any_shared());
  if (!shared) return change.run(session, sequence);
  find_shared_.bind(session, sequence);
  MQ_TRY(const bool row, find_shared_.next());
  std::optional<int64_t> message;
  if (row && !find_shared_.is_null(0)) message = find_shared_.integer(0);
  find_shared_.reset();
  MQ_CHECK(change.run(session, sequence));
  if (message) return drop_message_.run(*message);
  return {};
}

Result<bool> SqliteTables::any_shared() {
  if (!any_shared_) {
    MQ_TRY(const int64_t any, db_.number("SELECT EXISTS (SELECT 1 FROM message)"));
    any_shared_ = any != 0;
  }
  return *any_shared_;
}

}  // namespace mq
