#include "mqbroker/limit_args.h"

#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/units.h"
#include "common/invalid.h"
#include "common/option_values.h"
#include "common/options.h"
#include "mqbroker/args.h"
#include "mqbroker/limit_options.h"

namespace mq {
namespace {

constexpr uint32_t kHour = 3600;

Result<void> parse_expiry(std::string_view text, std::optional<uint32_t>& to) {
  struct Unit {
    char letter;
    uint64_t seconds;
  };
  // As in mosquitto.conf a month has 30 days and `m` is one.
  constexpr Unit kUnits[] = {{'s', 1},           {'h', kHour},           {'d', 24 * kHour},
                             {'w', 168 * kHour}, {'m', 30 * 24 * kHour}, {'y', 365 * 24 * kHour}};
  uint64_t factor = 1;
  std::string_view digits = text;
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.letter)) continue;
    factor = unit.seconds;
    digits.remove_suffix(1);
  }
  const auto number = parse_number(digits);
  if (!number || *number > UINT32_MAX / factor) {
    return invalid("it must be a number of seconds, or one with s, h, d, w, m (months) or y");
  }
  to = static_cast<uint32_t>(*number * factor);
  return {};
}

// mosquitto counts them in minutes.
Result<void> parse_retain_expiry(std::string_view text, BrokerOptions& to) {
  const auto minutes = parse_number(text);
  if (!minutes) return parse_expiry(text, to.retain_expiry_max_s);
  if (*minutes > UINT32_MAX / 60) return invalid("it is too long");
  to.retain_expiry_max_s.reset();
  if (*minutes != 0) to.retain_expiry_max_s = static_cast<uint32_t>(*minutes * 60);
  return {};
}

}  // namespace

void declare_limits(CLI::App& app, BrokerArgs& args) {
  BrokerOptions& broker = args.broker;
  Options of_broker(app, "Limits of the broker");
  limit(of_broker, "--global-max-connections", broker.connections_max,
        "Clients connected at a time; more are not accepted.");
  limit(of_broker, "--max-sessions,--global-max-clients", broker.sessions_max,
        "Sessions, connected or not; a client that would need one more is refused.");
  of_broker
      .number("--max-retained-messages", broker.retained_messages_max, "COUNT",
              "Topics with a retained message.")
      .size("--max-retained-bytes", broker.retained_bytes_max, "SIZE",
            "Memory of all retained messages.");
  size_limit(of_broker, "--memory-limit", broker.message_bytes_max, 1 << 16,
             "Memory of all messages, queued and retained.");
  Options of_client(app, "Limits of a client");
  of_client.size("--max-packet-size", args.packet_max, "SIZE", "Largest packet it may send.",
                 {kPacketMaxMin, kPacketMax});
  size_limit(of_client, "--message-size-limit", args.payload_max, 1,
             "Largest payload it may send; a message with more is dropped, and MQTT 5 clients are "
             "told.");
  limit(of_client, "--max-queued-messages", broker.queued_messages_max,
        "Messages that wait for it; more are dropped.");
  size_limit(of_client, "--max-queued-bytes", broker.queued_bytes_max, 1,
             "Memory of those messages.");
  window_limit(of_client, "--max-inflight-messages", broker.inflight_max,
               "QoS 1 and 2 messages sent to it that it has not acknowledged.");
  of_client
      .parsed("--max-inflight-bytes", "SIZE", "",
              "Memory of those messages; one is sent whatever its size.",
              [&broker](std::string_view text) -> Result<void> {
                MQ_TRY(const uint64_t size, parse_size(text));
                broker.inflight_bytes_max = size == 0 ? UINT64_MAX : size;
                return {};
              })
      .choice("--slow-consumer", broker.slow_consumer,
              {{"drop", SlowConsumer::kDrop},
               {"disconnect", SlowConsumer::kDisconnect},
               {"block", SlowConsumer::kBlock}},
              "What is done when its queue is full while it is connected: drop what does not fit, "
              "disconnect it, or block those who publish to it until it has caught up.")
      .seconds("--max-block-seconds", broker.block_timeout, "SECONDS",
               "Time in which it has to take something while publishers wait for it; then it is "
               "disconnected.",
               std::chrono::milliseconds(1));
  message_rate(of_client, "--rate-messages", broker.rate_messages_max,
               "Messages read from it in a second; it waits with more.");
  byte_rate(of_client, "--rate-bytes", broker.rate_bytes_max,
            "Bytes read from it in a second; it waits with more.");
  of_client
      .number("--max-subscriptions", broker.subscriptions_max, "COUNT", "Its subscriptions.", {1})
      .number("--max-topic-levels", broker.topic_levels_max, "COUNT",
              "Levels of a topic or a filter.", {1})
      .seconds("--max-connect-seconds", broker.connect_timeout, "SECONDS",
               "Time from its connection to a valid CONNECT.", std::chrono::milliseconds(1))
      .number("--receive-maximum", broker.receive_maximum, "COUNT",
              "QoS 1 and 2 messages it may send before they are acknowledged (MQTT 5).",
              {1, kReceiveMaximumDefault})
      .choice("--retain-available", broker.retain_available, {{"true", true}, {"false", false}},
              "Whether its messages can be retained.")
      .number("--server-keep-alive", broker.server_keep_alive_s, "SECONDS",
              "Keep alive time instead of the one it asks for (MQTT 5).")
      .number("--max-keepalive", broker.keep_alive_max_s, "SECONDS",
              "Longest keep alive time; a client that asks for more, or for none, is told this one "
              "(MQTT 5).",
              {1})
      .parsed("--persistent-client-expiration", "TIME", "",
              "Longest time its session is kept after its connection has ended: seconds, or a "
              "number with s, h, d, w, m (months) or y.",
              [&broker](std::string_view text) {
                return parse_expiry(text, broker.session_expiry_max_s);
              })
      .boolean("--check-retain-source", broker.check_retain_source,
               "Send a retained message only as long as who published it may still publish to its "
               "topic.")
      .parsed("--retain-expiry-interval", "TIME", "",
              "Longest time a message of its is retained: minutes, or a number with s, h, d, w, m "
              "(months) or y; 0 for ever.",
              [&broker](std::string_view text) { return parse_retain_expiry(text, broker); })
      .boolean("--queue-qos0-messages", broker.queue_qos0,
               "Keep QoS 0 messages, too, for a session whose client is away.")
      .boolean("--upgrade-outgoing-qos", broker.upgrade_qos,
               "Send messages with the QoS of its subscription, even above their own.");
}

}  // namespace mq
