// What is left of a run of changes when those that came to nothing are taken out.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/change.h"

namespace mq {

// A message that was queued and acknowledged within the run is not in it, nor a retained message
// that another one replaced, nor an older sent mark. What is left leads to the same state, in its
// old order.
struct NetChanges {
  static constexpr uint32_t kNoMessage = UINT32_MAX;
  struct Kept {
    Change change;
    uint32_t message = kNoMessage;  // index into `messages`, of kPutQueued and kPutRetained
  };
  struct KeptMessage {
    Change change;
    uint32_t queued = 0;    // changes left that queue it: how many sessions it waits in
    uint32_t retained = 0;  // and that retain it
  };
  std::vector<Kept> changes;
  std::vector<KeptMessage> messages;

  // The same as bytes, each message in front of what refers to it.
  void encode(Buffer& to) const;
};

// Views into `changes`. Nothing when they are not changes.
std::optional<NetChanges> net_changes(Bytes changes);

}  // namespace mq
