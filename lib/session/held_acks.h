// Acknowledgements that wait until whoever the messages are passed on to has them.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ring.h"
#include "codec/packet.h"

namespace mq {

// Received QoS 1 and 2 messages in the order in which they came, which is the order of their
// acknowledgements [MQTT-4.6.0-2] [MQTT-4.6.0-3], whatever order they are done in. They outlive the
// connection: one that the sender sends again is not taken for a new one as long as it is here.
//
// An acknowledgement is owed to the connection on which the message has come, and to no other. What
// a new connection has not brought again yet may still come, but for what should have come before
// something that did: the sender keeps their order [MQTT-4.6.0-1].
class HeldAcks {
 public:
  struct Entry {
    uint16_t packet_id;
    Qos qos;
    bool done = false;  // it may be acknowledged
    bool owed = false;  // it has come on the present connection
  };

  // Receipts are up to this; greater ones are never given.
  static constexpr uint32_t kReceiptMax = 0x7fffffff;

  uint32_t size() const { return entries_.size(); }
  // Messages of earlier connections, which may come again.
  uint32_t unowed() const { return unowed_; }

  // A new message. Gives its receipt.
  uint32_t add(uint16_t packet_id, Qos qos) {
    superseded_ = entries_.size();
    entries_.push_back({packet_id, qos, false, true});
    return (first_ + entries_.size() - 1) & kReceiptMax;
  }

  // A message that may be one that is here. Null when it is not; else it is owed from now on, and
  // `came_again` says whether it was not before.
  const Entry* find_again(uint16_t packet_id, Qos qos, bool& came_again) {
    // From the newest on: of an old one the sender may have forgotten that it sent it.
    for (uint32_t i = entries_.size(); i-- > 0;) {
      Entry& entry = entries_[i];
      if (entry.packet_id != packet_id || entry.qos != qos) continue;
      // An identifier of QoS 1 that was owed is free with its PUBACK: the message is another one.
      if (entry.owed && qos == Qos::kAtLeastOnce) continue;
      came_again = !entry.owed;
      if (came_again) {
        entry.owed = true;
        --unowed_;
        superseded_ = i > superseded_ ? i : superseded_;
      }
      return &entry;
    }
    return nullptr;
  }

  // It has been passed on. A receipt that is not known any more is none.
  void done(uint32_t receipt) {
    const uint32_t index = (receipt - first_) & kReceiptMax;
    if (receipt <= kReceiptMax && index < entries_.size()) entries_[index].done = true;
  }

  // Takes the next that is to be acknowledged now; nothing when there is none.
  std::optional<Entry> take() {
    while (!entries_.empty() && entries_.front().done) {
      const Entry entry = entries_.front();
      if (!entry.owed && superseded_ == 0) break;  // it may still come again
      entries_.pop_front();
      ++first_;
      if (superseded_ > 0) --superseded_;
      if (entry.owed) return entry;
      --unowed_;
    }
    return std::nullopt;
  }

  void connection_lost() {
    for (uint32_t i = 0; i < entries_.size(); ++i) entries_[i].owed = false;
    unowed_ = entries_.size();
    superseded_ = 0;
  }

  // The sender has forgotten the session.
  void clear() {
    first_ += entries_.size();
    entries_.clear();
    unowed_ = superseded_ = 0;
  }

 private:
  Ring<Entry> entries_;
  uint32_t first_ = 0;  // receipt of the first entry
  uint32_t unowed_ = 0;
  uint32_t superseded_ = 0;  // so many at the front, if not owed, will not come again
};

}  // namespace mq
