// Deadlines of many owners, earliest first.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"

namespace mq {

// Embedded in the owner; remembers where its entry stands in the heap.
class TimerNode {
 public:
  bool armed() const { return slot_ != kNone; }

 private:
  template <class Owner, TimerNode Owner::*>
  friend class TimerHeap;
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t slot_ = kNone;
};

// A binary heap whose entries know their owner and whose owners know their entry: set and cancel
// are O(log n), without a hash table and with exactly one entry an owner. An owner must cancel()
// before it dies.
template <class Owner, TimerNode Owner::*Node>
class TimerHeap {
 public:
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  Time next() const { return heap_.empty() ? kNever : heap_.front().at; }

  // Arms or re-arms the owner's timer. kNever cancels it.
  void set(Owner& owner, Time at) {
    if (at == kNever) return cancel(owner);
    TimerNode& node = owner.*Node;
    if (!node.armed()) {
      node.slot_ = static_cast<uint32_t>(heap_.size());
      heap_.push_back({at, &owner});
      return up(node.slot_);
    }
    heap_[node.slot_].at = at;
    up(node.slot_);
    down(node.slot_);
  }

  void cancel(Owner& owner) {
    TimerNode& node = owner.*Node;
    if (!node.armed()) return;
    const uint32_t slot = node.slot_;
    node.slot_ = TimerNode::kNone;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (slot == heap_.size()) return;
    place(slot, last);
    up(slot);
    down((last.owner->*Node).slot_);
  }

  // The owner of the earliest deadline that is not after `now`, disarmed; null when none is due.
  Owner* pop_due(Time now) {
    if (heap_.empty() || heap_.front().at > now) return nullptr;
    Owner* owner = heap_.front().owner;
    cancel(*owner);
    return owner;
  }

 private:
  struct Entry {
    Time at;
    Owner* owner;
  };

  void place(uint32_t slot, Entry entry) {
    heap_[slot] = entry;
    (entry.owner->*Node).slot_ = slot;
  }

  void up(uint32_t slot) {
    const Entry entry = heap_[slot];
    while (slot > 0 && entry.at < heap_[(slot - 1) / 2].at) {
      place(slot, heap_[(slot - 1) / 2]);
      slot = (slot - 1) / 2;
    }
    place(slot, entry);
  }

  void down(uint32_t slot) {
    const Entry entry = heap_[slot];
    for (;;) {
      size_t child = 2 * size_t{slot} + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1].at < heap_[child].at) ++child;
      if (entry.at <= heap_[child].at) break;
      place(slot, heap_[child]);
      slot = static_cast<uint32_t>(child);
    }
    place(slot, entry);
  }

  std::vector<Entry> heap_;
};

}  // namespace mq
