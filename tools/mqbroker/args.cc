#include "mqbroker/args.h"

#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/options.h"

namespace mq {
namespace {

constexpr uint16_t kDefaultPort = 1883;
// A CONNECT with a client identifier, a user name and a password has to fit.
constexpr uint64_t kPacketMaxMin = 128;

void declare_limits(CLI::App& app, BrokerArgs& args) {
  BrokerOptions& broker = args.broker;
  Options(app, "Limits of the broker")
      .number("--max-connections", broker.connections_max, "COUNT",
              "Clients connected at a time; more are not accepted.", {1})
      .number("--max-sessions", broker.sessions_max, "COUNT",
              "Sessions, connected or not; a client that would need one more is refused.", {1})
      .number("--max-retained-messages", broker.retained_messages_max, "COUNT",
              "Topics with a retained message.")
      .size("--max-retained-bytes", broker.retained_bytes_max, "SIZE",
            "Memory of all retained messages.")
      .size("--memory-limit", broker.message_bytes_max, "SIZE",
            "Memory of all messages, queued and retained.", {1 << 16});
  Options(app, "Limits of a client")
      .size("--max-packet-size", args.packet_max, "SIZE", "Largest packet it may send.",
            {kPacketMaxMin, kPacketMax})
      .number("--max-queued-messages", broker.queued_messages_max, "COUNT",
              "Messages that wait for it; more are dropped.", {1})
      .size("--max-queued-bytes", broker.queued_bytes_max, "SIZE", "Memory of those messages.", {1})
      .number("--max-inflight-messages", broker.inflight_max, "COUNT",
              "QoS 1 and 2 messages sent to it that it has not acknowledged.",
              {1, kReceiveMaximumDefault})
      .number("--max-subscriptions", broker.subscriptions_max, "COUNT", "Its subscriptions.", {1})
      .number("--max-topic-levels", broker.topic_levels_max, "COUNT",
              "Levels of a topic or a filter.", {1})
      .seconds("--max-connect-seconds", broker.connect_timeout, "SECONDS",
               "Time from its connection to a valid CONNECT.", std::chrono::milliseconds(1))
      .number("--receive-maximum", broker.receive_maximum, "COUNT",
              "QoS 1 and 2 messages it may send before they are acknowledged (MQTT 5).",
              {1, kReceiveMaximumDefault})
      .number("--topic-alias-maximum", broker.topic_alias_maximum, "COUNT",
              "Topic aliases it may use (MQTT 5).")
      .choice("--maximum-qos", broker.qos_max,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Highest quality of service of its messages and subscriptions.")
      .choice("--retain-available", broker.retain_available, {{"true", true}, {"false", false}},
              "Whether its messages can be retained.")
      .number("--server-keep-alive", broker.server_keep_alive_s, "SECONDS",
              "Keep alive time instead of the one it asks for (MQTT 5).")
      .number("--persistent-client-expiration", broker.session_expiry_max_s, "SECONDS",
              "Longest time its session is kept after its connection has ended.");
}

Result<Address> tcp_address(const std::string& text, const BrokerArgs& args) {
  MQ_TRY(Address address, parse_host_port(text, args.port.value_or(kDefaultPort)));
  if (!args.allow_anonymous && !is_loopback(address.host)) {
    return fail(ErrorCode::kNotAuthorized,
                fmt::format("{} can be reached from other machines, and this broker knows no "
                            "passwords: anybody there could connect. Say --allow-anonymous if "
                            "that is what you want.",
                            address.text()));
  }
  return address;
}

}  // namespace

void declare(CLI::App& app, BrokerArgs& args) {
  app.description(
      "[OPTION]...\n\n"
      "An MQTT broker. Without options it listens on port 1883 of this machine only.");
  app.footer(
      "Examples:\n"
      "  mqbroker\n"
      "  mqbroker -p 0 --port-file /run/user/1000/mqtt.port\n"
      "  mqbroker --bind 0.0.0.0 --allow-anonymous -d --pid-file /tmp/mqbroker.pid");
  Options(app, "Listening")
      .number("-p,--port", args.port, "PORT",
              fmt::format("TCP port [{}]; 0 takes a free one and prints it.", kDefaultPort))
      .list("--bind", args.bind, "ADDRESS",
            "Address or host name to listen on, as HOST or HOST:PORT; several allowed. Without, "
            "the loopback addresses of IPv4 and IPv6.")
      .text("--unix", args.unix_path, "PATH",
            "Listen on a unix socket; on TCP, too, only with --port or --bind.")
      .flag("--allow-anonymous", args.allow_anonymous,
            "Allow addresses that other machines can reach, without passwords.")
      .text("--port-file", args.port_file, "FILE", "Write the TCP port to a file.");
  Options(app, "Process")
      .flag("-v,--verbose", args.verbose, "Log connections that come and go.")
      .flag("-d,--daemon", args.daemon,
            "Go to the background once it listens; an error before that is still reported.")
      .text("--pid-file", args.pid_file, "FILE",
            "Write the process number to a file, which is removed at the end.")
      .seconds("--sys-interval", args.broker.sys_interval, "SECONDS",
               "Time between updates of $SYS, 0 for never.");
  declare_limits(app, args);
}

Result<ServeOptions> resolve(const BrokerArgs& args) {
  ServeOptions to;
  if (args.unix_path) {
    Address address = {};
    address.kind = TransportKind::kUnix;
    address.host = *args.unix_path;
    to.addresses.push_back(std::move(address));
  }
  for (const std::string& bind : args.bind) {
    MQ_TRY(Address address, tcp_address(bind, args));
    to.addresses.push_back(std::move(address));
  }
  if (args.bind.empty() && (args.port || !args.unix_path)) {
    MQ_TRY(Address address, tcp_address("localhost", args));
    to.addresses.push_back(std::move(address));
  }
  to.broker = args.broker;
  to.broker.packet_max = static_cast<uint32_t>(args.packet_max);
  to.port_file = args.port_file;
  to.pid_file = args.pid_file;
  to.daemon = args.daemon;
  to.verbose = args.verbose;
  return to;
}

}  // namespace mq
