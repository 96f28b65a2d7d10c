// Subscribes, and prints what arrives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/client_options.h"
#include "codec/packet.h"
#include "common/connect_args.h"
#include "mqsub/format.h"

namespace mq {

struct Printing {
  bool verbose = false;  // the topic in front
  bool newline = true;   // and a line feed behind each message
  std::optional<Format> format = std::nullopt;
};

struct SubscriberOptions {
  Connection connection;
  std::vector<std::string> filters;
  std::vector<std::string> unsubscribe;
  std::vector<std::string> filter_out;
  SubscribeOptions subscribe_options;
  PropertyList subscribe_properties;
  PropertyList unsubscribe_properties;
  PropertyList disconnect_properties;
  Printing printing;
  bool no_retained = false;
  bool retained_only = false;
  uint64_t count = 0;  // messages after which to end, 0 for never
  std::optional<Duration> timeout;
  bool exit_after_subscribe = false;
};

// Appends a message as it is printed; nothing, and an error for the user, when it does not fit the
// format.
Result<void> print(const Printing& printing, const Publish& publish, WallTime received,
                   Buffer& out);

// The exit code.
int subscribe(SubscriberOptions options);

}  // namespace mq
