// Packets that wait for an acknowledgement: the outgoing QoS 1 and QoS 2 window.
#pragma once

#include <cassert>
#include <cstdint>

#include "base/ring.h"
#include "session/message.h"

namespace mq {

struct InflightEntry {
  enum class State : uint8_t {
    kDone,         // acknowledged; kept only until everything before it is
    kPublishSent,  // PUBACK (QoS 1) or PUBREC (QoS 2) is to come
    kPubrelSent,   // PUBCOMP is to come; the message is not needed any more
    kSubscribe,    // client: SUBACK is to come
    kUnsubscribe,  // client: UNSUBACK is to come
  };
  Ref<const Message> message;
  uint32_t aux = 0;        // the owner's: subscription identifiers or the sender's token
  uint8_t first_byte = 0;  // of the PUBLISH, without DUP
  State state = State::kDone;
  bool sent : 1 = false;     // bytes have been made of it: again means with DUP [MQTT-3.3.1-1]
  bool counted : 1 = false;  // it has taken from the present connection's send quota
  bool unmatched : 1 = false;  // client: PUBREC said No matching subscribers
  bool awaited : 1 = false;    // broker: sent as soon as it was queued, in a batch whose number ...
  uint8_t batch : 4 = 0;       // ... ends with these bits
  uint8_t share_tag = 0;     // broker: the shared subscription it came through, 0 for none

  bool is_publish() const { return state == State::kPublishSent || state == State::kPubrelSent; }
  Qos qos() const { return static_cast<Qos>((first_byte >> 1) & 3); }
};
static_assert(sizeof(InflightEntry) == 16);

// Identifiers are given out in ascending order, 1 to 65535 and round again, so the entries in
// flight are consecutive and an identifier is an index into a ring: adding, finding and removing
// are a few instructions. The price is that at most 65535 identifiers lie between the oldest
// unacknowledged packet and the newest one; a peer that never acknowledges one packet stalls
// itself after that many more.
class Inflight {
 public:
  bool full() const { return ring_.size() == kIds; }
  // What add() will return. REQUIRES: !full()
  uint16_t next_id() const { return wrap(first_ + ring_.size()); }
  // How many more identifiers can be given out now.
  uint32_t room() const { return kIds - ring_.size(); }
  bool empty() const { return ring_.empty(); }
  // PUBLISH packets that count against the peer's Receive Maximum (section 4.9).
  uint32_t publishes() const { return publishes_; }
  // Entries, done ones included: entry i has identifier id_at(i).
  uint32_t size() const { return ring_.size(); }
  uint16_t id_at(uint32_t i) const { return wrap(first_ + i); }
  InflightEntry& operator[](uint32_t i) { return ring_[i]; }
  const InflightEntry& operator[](uint32_t i) const { return ring_[i]; }

  // The identifier is non-zero and unused [MQTT-2.2.1-3] [MQTT-2.2.1-4]. REQUIRES: !full()
  uint16_t add(InflightEntry entry) {
    assert(!full() && entry.state != InflightEntry::State::kDone);
    const uint16_t id = next_id();
    if (entry.is_publish()) ++publishes_;
    ring_.push_back(std::move(entry));
    return id;
  }

  // An entry that is done already: keeps the place of an identifier that is not in use.
  void add_done() { ring_.push_back({}); }
  // The next identifier to give out. REQUIRES: empty()
  void start_at(uint16_t id) {
    assert(ring_.empty() && id != 0);
    first_ = id;
  }
  // Place of the entry with that identifier. REQUIRES: find(id) found one
  uint32_t index_of(uint16_t id) const { return (id + kIds - first_) % kIds; }

  // The entry with that identifier, null when none waits under it.
  InflightEntry* find(uint16_t id) {
    if (id == 0) return nullptr;
    const uint32_t index = index_of(id);
    if (index >= ring_.size() || ring_[index].state == InflightEntry::State::kDone) return nullptr;
    return &ring_[index];
  }

  // REQUIRES: `entry` came from find()
  void finish(InflightEntry& entry) {
    if (entry.is_publish()) --publishes_;
    entry.state = InflightEntry::State::kDone;
    entry.message = nullptr;
    while (!ring_.empty() && ring_.front().state == InflightEntry::State::kDone) {
      ring_.pop_front();
      first_ = wrap(uint32_t{first_} + 1);
    }
  }

  // Calls `visit(id, entry)` for each that waits, oldest first. It may finish() the entry it is
  // given.
  template <class Visit>
  void for_each(Visit&& visit) {
    const uint16_t first = first_;
    for (uint32_t i = 0, n = ring_.size(); i < n; ++i) {
      const uint16_t id = wrap(first + i);
      if (InflightEntry* entry = find(id)) visit(id, *entry);
    }
  }

  static uint16_t id_after(uint16_t id) { return wrap(uint32_t{id} + 1); }

  // Forgets everything; identifiers start again at 1.
  void clear() {
    ring_.clear();
    first_ = 1;
    publishes_ = 0;
  }

 private:
  static constexpr uint32_t kIds = 65'535;
  static uint16_t wrap(uint32_t id) { return static_cast<uint16_t>((id - 1) % kIds + 1); }

  Ring<InflightEntry> ring_;
  uint16_t first_ = 1;  // identifier of ring_[0]
  uint32_t publishes_ = 0;
};

}  // namespace mq
