// The retained message of each topic.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/timer_heap.h"
#include "broker/access.h"
#include "broker/topic_tree.h"
#include "session/message.h"

namespace mq {

class Retained {
 public:
  explicit Retained(uint64_t seed) : tree_(seed) {}
  ~Retained();

  // Who retained a message, for check_retain_source.
  struct Source {
    std::string client_id, user_name;
    ListenerId listener = 0;
    std::shared_ptr<const ClientGrant> grant;
    ClientIdentity identity() const { return {client_id, user_name, listener, grant.get()}; }
    size_t memory() const { return sizeof *this + client_id.size() + user_name.size(); }
  };
  struct Found {
    Ref<const Message> message;
    const Source* source;  // null: not known, or nobody is to ask
  };

  // Replaces what the topic had [MQTT-3.3.1-5]. It leaves by itself at `expires`.
  void set(Ref<const Message> message, Time expires, std::unique_ptr<Source> source = nullptr);
  // [MQTT-3.3.1-6]
  void remove(std::string_view topic);
  const Message* find(std::string_view topic);

  // Appends the messages whose topics match, expired ones left out.
  void match(std::string_view filter, Time now, std::vector<Found>& found);

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
    std::unique_ptr<Source> source;
    TimerNode timer;
    void* node = nullptr;  // the tree node this entry is the value of
    bool empty() const { return !message; }
    size_t memory() const { return message->memory() + (source ? source->memory() : 0); }
  };
  using Node = TopicTree<Entry>::Node;

  void clear(Node& node);
  void match_level(Node& node, TopicLevels levels, Time now,
                   std::vector<Found>& found);
  static void match_all(Node& from, Time now, std::vector<Found>& found);

  TopicTree<Entry> tree_;
  TimerHeap<Entry, &Entry::timer> timers_;
  size_t count_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace mq
