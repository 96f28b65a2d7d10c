// What store tests share: messages, changes by chance, and a state as text.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "store/change.h"
#include "store/sqlite_file.h"

namespace mq::test {

// Far from each other and from zero, so that a time taken for another one is seen.
inline constexpr Now kNow{Time(std::chrono::hours(1)), WallTime(std::chrono::hours(500'000))};

Ref<const Message> message(std::string_view topic, std::string_view payload,
                           bool retain = false);

// Everything that load() replays, a line each, in order.
std::vector<std::string> state_of(SessionStore& store);
std::vector<std::string> state_of(SqliteFile& file);

// The bytes of batches, as a store gets them.
class Batch final : public ChangeWriter {
 public:
  Buffer take_all() { return take(); }
  Result<void> load(StoreSink&, Now) override { return {}; }
  BatchId commit() override { return 0; }
  StoreState state() override { return {}; }
};

// Makes changes as a broker does: of what is there, and numbered as sessions number.
class RandomChanges {
 public:
  explicit RandomChanges(uint64_t seed) : random_(seed) {}
  // The next change, to all of them.
  void next(const std::vector<StoreSink*>& to);

 private:
  struct Session {
    std::set<uint64_t> queue, released;
    std::set<uint16_t> inbound;
    uint64_t next = 0;
  };
  std::string client();
  Random random_;
  std::map<std::string, Session> sessions_;
};

}  // namespace mq::test
