// Publishes what it was given and ends when all of it is delivered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/client_options.h"
#include "codec/version.h"
#include "common/connect_args.h"
#include "mqpub/pacing.h"
#include "mqpub/record.h"
#include "mqpub/template.h"
#include "store/spool.h"

namespace mq {

struct PublisherOptions {
  ConnectOptions connection;
  std::vector<std::string> topics;  // of what has none of its own
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  bool stamp = false;                  // add when it was published, as a user property
  PropertyList properties;             // of each PUBLISH
  PropertyList disconnect_properties;  // of DISCONNECT

  std::optional<RecordFormat> records;  // send those of standard input, not `payload`
  std::string payload;
  uint64_t repeat = 1;  // how often `payload` is sent, 0 for ever
  Duration repeat_delay{};
  PacingOptions pacing;
  // In place of `topics` and `payload`.
  std::vector<Template> topic_templates;
  std::optional<Template> payload_template;

  std::optional<SpoolOptions> spool;  // keep what is not delivered here
  bool only_spool = false;            // and send nothing but what is there
  bool keep_trying = false;           // without a server, also when there is nothing more to read

  uint32_t queue_max = 1000;  // messages read and not delivered
  bool ignore_denied = false;
  bool require_subscriber = false;
};

// The exit code: 0 when everything was delivered (QoS 1 and 2: acknowledged, QoS 0: handed to the
// operating system).
int publish(PublisherOptions options);

}  // namespace mq
