// All topics that were seen, with what is known of each, and a window of them in an order.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "mqsub/recent_rate.h"

namespace mq {

enum class TopicOrder : uint8_t { kTopic, kCount, kRate, kBytes, kAge };

struct SeenTopic {
  std::string topic;
  std::string value;        // the last payload, or its begin
  uint32_t value_size = 0;  // of the whole payload
  uint64_t count = 0;
  uint64_t bytes = 0;  // of payloads
  RecentRate rate;
  Time last{};     // when a message came
  Time changed{};  // when one came whose payload was another than before

  bool value_is_cut() const { return value.size() < value_size; }
};

// What a message costs does not depend on how many topics there are; what a window costs grows with
// their number, as each must be looked at, but only the window is put in order.
class TopicTable {
 public:
  struct Limits {
    size_t topics = 200'000;
    size_t value_bytes = 256;              // kept of a payload
    size_t name_bytes = 64 * 1024 * 1024;  // of all topics together
  };

  TopicTable(Limits limits, Time now) : limits_(limits), since_(now) {}

  void put(std::string_view topic, Bytes payload, Time now);

  // Only topics with this in them, whatever the case of ASCII letters. Empty: all.
  void set_filter(std::string_view text);
  const std::string& filter() const { return filter_; }
  // Ties are in the order in which topics were first seen.
  void set_order(TopicOrder order, bool reversed);
  TopicOrder order() const { return order_; }
  bool reversed() const { return reversed_; }

  // The topics of those that the filter lets through from the `first` one on, at most `count`.
  // Valid until the next call.
  std::span<const SeenTopic* const> window(size_t first, size_t count, Time now);
  size_t matching();

  size_t topics() const { return topics_.size(); }
  uint64_t messages() const { return messages_; }
  uint64_t bytes() const { return bytes_; }
  double rate(Time now) const { return rate_.at(now, since_); }
  double rate(const SeenTopic& topic, Time now) const { return topic.rate.at(now, since_); }
  // Messages of topics that were over a limit.
  uint64_t passed_over() const { return passed_over_; }
  const Limits& limits() const { return limits_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    size_t operator()(const SeenTopic* topic) const { return (*this)(topic->topic); }
  };
  struct Equal {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return name(a) == name(b);
    }
    static std::string_view name(std::string_view text) { return text; }
    static std::string_view name(const SeenTopic* topic) { return topic->topic; }
  };
  struct Keyed {
    double key;
    uint32_t index;
  };

  SeenTopic* find_or_add(std::string_view topic);
  void take_in_new();
  bool passes(const SeenTopic& topic) const;
  double key(const SeenTopic& topic, Time now) const;
  void window_by_name(size_t first, size_t count);
  void window_by_key(size_t first, size_t count, Time now);

  Limits limits_;
  Time since_;
  std::deque<SeenTopic> topics_;  // by index; they stay where they are
  std::unordered_set<SeenTopic*, Hash, Equal> index_;
  RecentRate rate_;
  uint64_t messages_ = 0, bytes_ = 0, passed_over_ = 0;
  size_t name_bytes_ = 0;

  std::string filter_;
  TopicOrder order_ = TopicOrder::kRate;
  bool reversed_ = false;
  size_t looked_at_ = 0;            // so many topics have been through the filter
  std::vector<uint32_t> matching_;  // their indexes; in the order of their names up to in_order_
  size_t in_order_ = 0;
  std::vector<Keyed> keyed_;
  std::vector<const SeenTopic*> window_;
};

}  // namespace mq
