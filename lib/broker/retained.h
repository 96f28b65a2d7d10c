// The retained message of each topic.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/timer_heap.h"
#include "broker/topic_tree.h"
#include "session/message.h"

namespace mq {

class Retained {
 public:
  explicit Retained(uint64_t seed) : tree_(seed) {}
  ~Retained();

  // Replaces what the topic had [MQTT-3.3.1-5]. It leaves by itself when it expires.
  void set(Ref<const Message> message);
  // [MQTT-3.3.1-6]
  void remove(std::string_view topic);
  const Message* find(std::string_view topic);

  // Appends the messages whose topics match, expired ones left out.
  void match(std::string_view filter, Time now, std::vector<Ref<const Message>>& found);

  // Drops what has expired and reports each topic, before it goes.
  template <class Report>
  void drop_expired(Time now, Report&& report) {
    while (const Entry* entry = timers_.pop_due(now)) {
      report(entry->message->topic());
      clear(*static_cast<Node*>(entry->node));
    }
  }
  Time next_deadline() const { return timers_.next(); }
  size_t size() const { return count_; }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Ref<const Message> message;
    TimerNode timer;
    void* node = nullptr;  // the tree node this entry is the value of
    bool empty() const { return !message; }
  };
  using Node = TopicTree<Entry>::Node;

  void clear(Node& node);
  void match_level(Node& node, TopicLevels levels, Time now,
                   std::vector<Ref<const Message>>& found);
  static void match_all(Node& from, Time now, std::vector<Ref<const Message>>& found);

  TopicTree<Entry> tree_;
  TimerHeap<Entry, &Entry::timer> timers_;
  size_t count_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace mq
