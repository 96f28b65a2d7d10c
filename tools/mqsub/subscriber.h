// Subscribes, and passes on what arrives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/client_options.h"
#include "clients/text_pattern.h"
#include "common/connect_args.h"
#include "mqsub/message_sink_options.h"
#include "mqsub/selection.h"
#include "mqsub/wanted_filter.h"

namespace mq {

// When to end by oneself.
struct EndingOptions {
  uint64_t count = 0;                    // after so many messages, 0 for never
  std::optional<Duration> timeout;       // exit code 27
  std::optional<Duration> idle_timeout;  // 0 once there was a message, else 27
  bool after_subscribe = false;
  bool after_retained = false;            // when the retained messages have come
  bool at_fresh = false;                  // at the first that is not a retained one
  std::optional<TextPattern> until, fail_if;  // found in a payload
  std::vector<std::string> until_topic;   // topic filters
};

struct SubscriberOptions {
  ConnectOptions connection;
  std::vector<WantedFilter> filters;
  std::vector<std::string> unsubscribe;
  PropertyList subscribe_properties;
  PropertyList unsubscribe_properties;
  PropertyList disconnect_properties;
  SelectionOptions selection;
  double random_percent = 100;  // of the messages are passed on
  bool remove_retained = false;
  bool dry_run = false;  // only tell what would be removed
  bool strict = false;   // a refused subscription is the end
  MessageSinkOptions sink;
  EndingOptions ending;
  bool stats = false, json_stats = false;
};

// The exit code.
int subscribe(SubscriberOptions options);

}  // namespace mq
