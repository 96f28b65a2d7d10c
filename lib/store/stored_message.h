// A message as a store keeps it, and the way back.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "session/message.h"

namespace mq {

// Views of what was stored.
struct StoredMessage {
  std::string_view topic;
  Bytes payload;
  Bytes properties;  // with the Subscription Identifiers of a receiver that has several
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  WallTime expires = WallTime::max();
};

// Whether a stored time can be reckoned with: never, or before the year 2230. Expiry intervals end
// before 2170.
inline bool is_sound(WallTime at) {
  constexpr std::chrono::hours kLatest{260 * 365 * 24};
  return at == WallTime::max() || (at.time_since_epoch() >= kLatest.zero() &&
                                   at.time_since_epoch() <= kLatest);
}
// Whether make_message() can be asked for it: a damaged store holds anything.
bool is_sound(const StoredMessage& stored);

// REQUIRES: is_sound(stored)
Ref<const Message> make_message(const StoredMessage& stored, Now now);

}  // namespace mq
