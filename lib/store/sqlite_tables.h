// The tables of the store's file: changes go in, the state comes out.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/string_map.h"
#include "store/net_changes.h"
#include "store/sqlite_db.h"

namespace mq {

// The schema is in sqlite_file.cc. Transactions are the caller's matter.
class SqliteTables {
 public:
  explicit SqliteTables(SqliteDb& db);

  // An error of kind kMalformed when the changes do not fit the tables.
  Result<void> apply(const NetChanges& net);
  // As SessionStore::load().
  Result<void> load(StoreSink& to, Now now);
  // After a rollback nothing that was remembered is certain.
  void forget();

 private:
  struct Shared {
    Ref<const Message> message;
    WallTime expires;
  };

  Result<void> apply(const Change& change);
  Result<void> put_session(const Change& change);
  Result<void> drop_session(int64_t session, std::string_view client_id);
  Result<void> put_subscription(int64_t session, const Change& change);
  Result<void> put_queued(const Change& change, const NetChanges::KeptMessage& message,
                          std::optional<int64_t>& shared);
  Result<void> put_retained(const Change& message);
  Result<void> take_message(int64_t session, int64_t sequence, SqliteStatement& change);
  Result<int64_t> session_number(std::string_view client_id);
  Result<bool> any_shared();

  Result<void> load_retained(StoreSink& to, Now now);
  Result<void> load_sessions(StoreSink& to, Now now);
  Result<void> load_subscriptions(StoreSink& to, int64_t session, std::string_view client_id);
  Result<void> load_queue(StoreSink& to, Now now, int64_t session, std::string_view client_id,
                          uint64_t sent);
  Result<void> load_inbound(StoreSink& to, int64_t session, std::string_view client_id);
  Result<Shared> load_shared(int64_t number, Now now);
  Result<Ref<const Message>> message_at(SqliteStatement& row, int column, Now now);
  Error damaged(std::string_view what) const;

  SqliteDb& db_;
  StringMap<int64_t> numbers_;        // of sessions, as far as they were asked for
  std::optional<bool> any_shared_;    // whether table `message` has rows
  std::unordered_map<int64_t, Shared> shared_;  // while loading

  SqliteStatement find_session_, put_session_, drop_session_, put_subscription_,
      drop_subscription_, drop_subscriptions_, put_queued_, find_shared_, drop_queued_,
      drop_queue_, release_queued_, put_sent_, put_message_, drop_message_, drop_orphans_,
      put_inbound_, drop_inbound_, drop_inbounds_, put_retained_, drop_retained_,
      load_subscriptions_, load_queue_, load_message_, load_inbound_;
};

}  // namespace mq
