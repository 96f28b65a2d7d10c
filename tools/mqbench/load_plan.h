// Who publishes where, who subscribes to what, and who must therefore receive whose messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mq {

enum class Pattern : uint8_t {
  kP2p,     // pairs: each publisher has its own topic; the smaller side goes round
  kFanIn,   // each publisher has its own topic, every subscriber gets them all
  kFanOut,  // all publishers share one topic, every subscriber gets it
  kNone,    // nobody publishes: connections alone, or subscribers of what others publish
};

std::string_view name(Pattern pattern);

class LoadPlan {
 public:
  // The topic template has {i} where the number of a topic goes and {run} for the run's name.
  // An error where the pattern needs several topics and the template has one.
  static Result<LoadPlan> make(Pattern pattern, uint32_t publishers, uint32_t subscribers,
                               std::string_view topic_template, std::string_view run);

  // Subscribers without publishers. The template of the filter has {i} where the number of a
  // subscriber goes; with none there is no subscription.
  static Result<LoadPlan> make_listeners(uint32_t subscribers, std::string_view filter_template,
                                         std::string_view run);

  // What clients and topics are numbered from, 0 without.
  void set_first_number(uint32_t number) { first_number_ = number; }
  uint32_t first_number() const { return first_number_; }

  Pattern pattern() const { return pattern_; }
  uint32_t publishers() const { return publishers_; }
  uint32_t subscribers() const { return subscribers_; }

  std::string topic(uint32_t publisher) const;
  std::vector<std::string> filters(uint32_t subscriber) const;

  // How many subscribers a message of this publisher must reach.
  uint32_t receivers_of(uint32_t publisher) const;
  // The publishers that a subscriber hears are numbered in slots from 0.
  uint32_t senders_of(uint32_t subscriber) const;
  uint32_t sender(uint32_t subscriber, uint32_t slot) const;
  // Nothing when this subscriber must not receive from this publisher.
  std::optional<uint32_t> slot(uint32_t subscriber, uint32_t publisher) const;

  // With pairs, publisher i and subscriber j belong together when they agree modulo this; with
  // everybody to everybody it is 1.
  uint32_t groups() const;

 private:

  Pattern pattern_ = Pattern::kP2p;
  uint32_t publishers_ = 1, subscribers_ = 1;
  uint32_t first_number_ = 0;
  std::string topic_template_;  // {run} is filled in
};

}  // namespace mq
