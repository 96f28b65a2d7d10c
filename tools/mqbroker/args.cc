#include "mqbroker/args.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/units.h"
#include "codec/topic.h"
#include "common/argv.h"
#include "common/option_values.h"
#include "common/options.h"
#include "io/inherited_sockets.h"
#include "mqbroker/config.h"

namespace mq {
namespace {

constexpr uint16_t kDefaultPort = 1883;
constexpr uint16_t kDefaultTlsPort = 8883;
// A CONNECT with a client identifier, a user name and a password has to fit.
constexpr uint64_t kPacketMaxMin = 128;
constexpr uint32_t kHour = 3600;
constexpr uint64_t kRateMax = 1'000'000'000;

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

// A limit that mosquitto.conf knows to switch off with 0 or -1. Nothing is without limits here, but
// others stand behind this one: the memory of all messages, the limits of the whole broker.
void limit(Options& options, std::string_view names, uint32_t& to, std::string_view help) {
  options.parsed(names, "COUNT", to == UINT32_MAX ? "" : std::to_string(to), help,
                 [&to](std::string_view text) -> Result<void> {
                   const auto number = text == "-1" ? 0 : parse_number(text);
                   if (!number || *number > UINT32_MAX) return invalid("it must be a number");
                   to = *number == 0 ? UINT32_MAX : static_cast<uint32_t>(*number);
                   return {};
                 });
}

// The same for memory, where 0 is what is there by default.
void size_limit(Options& options, std::string_view names, uint64_t& to, uint64_t min,
                std::string_view help) {
  options.parsed(names, "SIZE", size_text(to), help,
                 [&to, min, by_default = to](std::string_view text) -> Result<void> {
                   MQ_TRY(const uint64_t size, parse_size(text));
                   if (size != 0 && size < min) {
                     return invalid(fmt::format("it must be at least {} bytes", min));
                   }
                   to = size == 0 ? by_default : size;
                   return {};
                 });
}

// So much a second; 0 is no limit, as it is by default.
void rate_limit(Options& options, std::string_view names, uint64_t& to,
                Result<uint64_t> (*parse)(std::string_view), std::string_view help) {
  options.parsed(names, "RATE", "", help, [&to, parse](std::string_view text) -> Result<void> {
    MQ_TRY(const uint64_t rate, parse(text));
    if (rate > kRateMax) return invalid(fmt::format("it must be at most {}", kRateMax));
    to = rate;
    return {};
  });
}

Result<uint64_t> parse_rate_number(std::string_view text) {
  const auto number = parse_number(text);
  if (!number) return invalid("it must be a number");
  return *number;
}

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

Result<void> parse_versions(std::string_view text, ListenerOptions& to) {
  to.accept_v31 = to.accept_v311 = to.accept_v5 = false;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find(','), rest.size());
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (word == "3") {
      to.accept_v31 = true;
    } else if (word == "4") {
      to.accept_v311 = true;
    } else if (word == "5") {
      to.accept_v5 = true;
    } else {
      return invalid("it must be a list of 3 (MQTT 3.1), 4 (3.1.1) and 5, with commas between");
    }
  }
  return {};
}

std::string in_directory(const std::string& directory, const std::string& file) {
  if (directory.empty() || directory.ends_with('/')) return directory + file;
  return directory + '/' + file;
}

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
  of_client
      .parsed("--max-inflight-messages", "COUNT", std::to_string(broker.inflight_max),
              "QoS 1 and 2 messages sent to it that it has not acknowledged.",
              [&broker](std::string_view text) -> Result<void> {
                const auto number = parse_number(text);
                if (!number || *number > kReceiveMaximumDefault) {
                  return invalid("it must be between 1 and 65535 inclusive");
                }
                broker.inflight_max =
                    *number == 0 ? kReceiveMaximumDefault : static_cast<uint32_t>(*number);
                return {};
              })
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
  rate_limit(of_client, "--rate-messages", broker.rate_messages_max, parse_rate_number,
             "Messages read from it in a second; it waits with more.");
  rate_limit(of_client, "--rate-bytes", broker.rate_bytes_max, parse_size,
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
      .boolean("--upgrade-outgoing-qos", broker.upgrade_qos,
               "Send messages with the QoS of its subscription, even above their own.");
}

bool has_passwords(const BrokerArgs& args, const ListenerArgs& listener) {
  return args.login || listener.security.password_file ||
         !listener.security.tokens.key_files.empty();
}

// Beyond this machine nothing is open by accident.
Result<void> check_reach(const BrokerArgs& args, const ListenerArgs& listener,
                         const Address& address, const LayerOptions& layers) {
  const bool is_local = address.kind == TransportKind::kUnix || is_loopback(address.host);
  if (is_local || has_passwords(args, listener) || listener.security.allow_anonymous) return {};
  if (identifies_strangers(layers)) return {};
  return fail(
      ErrorCode::kNotAuthorized,
      fmt::format("{} can be reached from other machines, and nobody has a password: "
                  "anybody there could connect. Give one with --login NAME:PASSWORD or "
                  "--password-file, have clients prove who they are with "
                  "--require-certificate and --use-identity-as-username, or say "
                  "--allow-anonymous if that is what you want.",
                  address.host.empty() ? fmt::format("port {}", address.port) : address.text()));
}

// A place to listen, and where it was named.
struct Place {
  Address address;
  bool by_url = false;
  bool alone = false;         // the settings are about this listener only
  bool port_of_last = false;  // as in ServeListener
};

Result<void> add(ServeOptions& to, const BrokerArgs& all, ListenerArgs args, Place place) {
  if (args.allow_anonymous) args.security.allow_anonymous = args.allow_anonymous;
  ListenOptions listen;
  MQ_TRY(listen.layers, resolve(args.layers, {place.address, place.by_url, place.alone,
                                              args.security.psk_file, all.web_socket}));
  MQ_CHECK(check_reach(all, args, place.address, listen.layers));
  listen.address = std::move(place.address);
  listen.where = args.where;
  listen.clients = args.clients;
  listen.clients.accept_empty_id = args.security.allow_empty_id;
  listen.clients.auto_id_prefix = args.security.auto_id_prefix;
  AuthSettings auth;
  auth.password_file = args.security.password_file;
  auth.acl_file = args.security.acl_file;
  auth.login = all.login;
  const TokenArgs& tokens = args.security.tokens;
  auth.jwt_key_files = tokens.key_files;
  auth.tokens.issuer = tokens.issuer;
  auth.tokens.audience = tokens.audience;
  auth.tokens.user_claim = tokens.user_claim;
  auth.tokens.leeway = std::chrono::duration_cast<std::chrono::seconds>(tokens.leeway);
  auth.allow_anonymous = args.security.allow_anonymous.value_or(!has_passwords(all, args));
  auth.names_proven = identifies_clients(listen.layers);
  to.listeners.push_back({std::move(listen), std::move(auth), place.port_of_last});
  return {};
}

Result<LogLevel> log_level(const BrokerArgs& args) {
  struct Type {
    std::string_view name;
    LogLevel level;
  };
  constexpr Type kTypes[] = {
      {"error", LogLevel::kError},          {"warning", LogLevel::kWarning},
      {"notice", LogLevel::kNotice},        {"information", LogLevel::kInfo},
      {"subscribe", LogLevel::kInfo},       {"unsubscribe", LogLevel::kInfo},
      {"websockets", LogLevel::kInfo},      {"debug", LogLevel::kDebug},
      {"all", LogLevel::kDebug},            {"none", LogLevel::kError},
  };
  LogLevel level = args.log_types.empty() ? LogLevel::kNotice : LogLevel::kError;
  for (const std::string& word : args.log_types) {
    const auto* type =
        std::ranges::find_if(kTypes, [&](const Type& each) { return each.name == word; });
    if (type == std::end(kTypes)) {
      return invalid(fmt::format("Invalid log type given: {}, it must be one of none, error, "
                                 "warning, notice, information, debug and all.", word));
    }
    level = std::max(level, type->level);
  }
  return args.verbose ? std::max(level, LogLevel::kInfo) : level;
}

Result<LogOutputs> log_outputs(const BrokerArgs& args, std::vector<std::string>& warnings) {
  LogOutputs outputs;
  outputs.format = args.log_format;
  outputs.json_time = args.log_timestamp.value_or(true);
  constexpr int kLocal0 = 16;
  if (args.log_facility) outputs.facility = kLocal0 + static_cast<int>(*args.log_facility);
  if (args.log_types == std::vector<std::string>{"none"}) {
    outputs.to.clear();
    return outputs;
  }
  if (args.log_dests.empty()) {
    if (args.log_timestamp.value_or(false)) {
      outputs.to.front().time_format = args.log_timestamp_format;
    }
    return outputs;
  }
  outputs.to.clear();
  constexpr std::string_view kFile = "file ";
  for (const std::string& dest : args.log_dests) {
    LogOutput output;
    if (dest == "none") continue;
    if (dest == "topic") {
      warnings.emplace_back("log_dest topic is ignored: the log is not published");
      continue;
    }
    if (dest == "stdout") {
      output.to = LogOutput::To::kStdout;
    } else if (dest == "syslog") {
      output.to = LogOutput::To::kSyslog;
    } else if (dest.starts_with(kFile)) {
      output.to = LogOutput::To::kFile;
      output.path = dest.substr(kFile.size());
    } else if (dest != "stderr") {
      return invalid(fmt::format("Invalid log dest given: {}, it must be stderr, stdout, syslog, "
                                 "none or 'file PATH'; systemd keeps what goes to standard error.",
                                 dest));
    }
    // JSON has a time of its own, unless somebody wants to see another one.
    const bool own_format =
        args.log_format == LogFormat::kText || args.log_timestamp_format != kLogTimestampFormat;
    if (own_format && args.log_timestamp.value_or(output.to == LogOutput::To::kFile)) {
      output.time_format = args.log_timestamp_format;
    }
    outputs.to.push_back(std::move(output));
  }
  return outputs;
}

// The listener that needs no `listener` line: what -p, --bind, --unix and --lan say.
Result<void> add_default(ServeOptions& to, const BrokerArgs& args) {
  const uint16_t port = args.port.value_or(args.dev_tls ? kDefaultTlsPort : kDefaultPort);
  const ListenerArgs& listener = args.listener;
  if (args.unix_path) {
    Address address;
    address.kind = TransportKind::kUnix;
    address.host = *args.unix_path;
    MQ_CHECK(add(to, args, listener, {std::move(address)}));
  }
  for (const std::string& bind : args.bind) {
    MQ_TRY(Address address, parse_host_port(bind, port));
    // With port 0 all get the one that the first was given.
    MQ_CHECK(add(to, args, listener, {std::move(address), false, true, bind != args.bind.front()}));
  }
  if (!args.bind.empty() || (args.unix_path && !args.port && !args.lan)) return {};
  Address address;
  address.port = port;
  if (args.lan || args.file_has_port) address.host.clear();
  return add(to, args, listener, {std::move(address), false, true});
}

// The certificate that --dev-tls makes, for whoever has none of his own.
void use_dev_certificate(const std::string& directory, BrokerArgs& args) {
  const DevCertificates files = DevCertificates::in(directory);
  const auto use = [&](ListenTlsArgs& tls) {
    if (tls.cert_file || tls.key_file || tls.psk_hint) return;
    tls.cert_file = files.cert_file;
    tls.key_file = files.key_file;
  };
  use(args.listener.layers.tls);
  for (ListenerArgs& listener : args.listeners) {
    const TransportKind kind = listener.address->kind;
    if (kind == TransportKind::kTls || kind == TransportKind::kSecureWebSocket) {
      use(listener.layers.tls);
    }
  }
}

Result<void> check_psk_file(const BrokerArgs& args, const ServeOptions& options) {
  if (!args.listener.security.psk_file) return {};
  const bool used = std::ranges::any_of(options.listeners, [](const ServeListener& listener) {
    return listener.options.layers.tls && !listener.options.layers.tls->psk_file.empty();
  });
  if (used) return {};
  return invalid("There is a psk_file, but no listener that takes its keys: give it a psk_hint.");
}

void declare_passwd(CLI::App& app, PasswdArgs& args) {
  CLI::App* const passwd = app.add_subcommand(
      "passwd", "FILE [USER [PASSWORD]]\n\nSets the password of a user in a password file.");
  passwd->final_callback([&args] { args.chosen = true; });
  using enum PasswordHash::Scheme;
  Options(*passwd, "Passwords")
      .flag("-c,--create", args.create, "Make a new file; one that is there is overwritten.")
      .flag("-b,--batch", args.batch, "Take the password from the command line.")
      .flag("-D,--delete", args.remove, "Delete the user.")
      .flag("-U,--upgrade", args.upgrade, "Hash the passwords of a file of NAME:PASSWORD lines.")
      .choice("-H,--hash", args.scheme, {{"sha512-pbkdf2", kPbkdf2},
               {"argon2id", kArgon2id},
               {"scram-sha-256", kScramSha256},
               {"scram-sha-512", kScramSha512}},
              "How to hash; with scram-* the user can log in by that method, too.")
      .number("-I,--iterations", args.iterations, "COUNT",
              "Iterations of all but argon2id: more make guessing and every log-in slower.",
              {1, PasswordHash::kIterationsMax});
  passwd->add_option("FILE", args.file)->required();
  passwd->add_option("USER", args.user);
  passwd->add_option("PASSWORD", args.password);
}

}  // namespace

void declare_listener(CLI::App& app, ListenerArgs& args) {
  ListenerOptions& clients = args.clients;
  Options options(app, "A listener");
  limit(options, "--max-connections", clients.connections_max,
        "Clients connected to it at a time; more are not accepted.");
  options
      .boolean("--allow-anonymous", args.security.allow_anonymous,
               "Whether clients without a password may connect. Without this they may as long as "
               "nobody has one, and from this machine only.")
      .text("--password-file", args.security.password_file, "FILE",
            "Users and their hashed passwords, as 'mqbroker passwd' and mosquitto_passwd write "
            "them.")
      .text("--acl-file", args.security.acl_file, "FILE", "Rules on topics, see ACCESS below.")
      .list("--jwt-key-file", args.security.tokens.key_files, "FILE",
            "Take JSON Web Tokens for passwords that are signed by this key: a public key or "
            "certificate in PEM (RS256, ES256), or a shared secret (HS256); several allowed.")
      .text("--jwt-issuer", args.security.tokens.issuer, "TEXT",
            "What the claim iss of a token has to be.")
      .text("--jwt-audience", args.security.tokens.audience, "TEXT",
            "What has to be in the claim aud of a token; without, tokens with aud are refused.")
      .text("--jwt-user-claim", args.security.tokens.user_claim, "NAME",
            "The claim that is the user name.")
      .seconds("--jwt-leeway", args.security.tokens.leeway, "SECONDS",
               "By how much the clock of who signs tokens may differ.")
      .parsed("--mount-point", "PREFIX", "",
              "Put PREFIX before every topic of its clients, and take it off what they are sent.",
              [&clients](std::string_view text) -> Result<void> {
                if (topic_name_fault(text, UINT32_MAX) != nullptr || text.starts_with('$')) {
                  return invalid("it must be the beginning of a topic, without wildcards and '$'");
                }
                clients.mount_point = text;
                return {};
              })
      .text("--psk-file", args.security.psk_file, "FILE",
            "Pre-shared keys, lines of IDENTITY:HEXKEY, for listeners with a --psk-hint.")
      .boolean("--use-username-as-clientid", clients.user_name_as_id,
               "Take a client's user name for its identifier, whatever identifier it brings.")
      .parsed("--accept-protocol-versions", "LIST", "3,4,5",
              "Versions of MQTT its clients may speak: 3 for 3.1, 4 for 3.1.1, 5 for 5.0.",
              [&clients](std::string_view text) { return parse_versions(text, clients); })
      .choice("--max-qos,--maximum-qos", clients.qos_max,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Highest quality of service of messages and subscriptions.")
      .number("--max-topic-alias,--topic-alias-maximum", clients.topic_alias_maximum, "COUNT",
              "Topic aliases a client may use (MQTT 5).")
      .number("--max-topic-alias-broker", clients.topic_alias_out_max, "COUNT",
              "Topic aliases towards a client, if it takes as many (MQTT 5).")
      .boolean("--listener-allow-anonymous", args.allow_anonymous,
               "In a file: --allow-anonymous of this listener alone.")
      .boolean("--allow-zero-length-clientid", args.security.allow_empty_id,
               "Whether a client that brings no identifier is given one.")
      .text("--auto-id-prefix", args.security.auto_id_prefix, "TEXT",
            "What such an identifier begins with.")
      .choice("--socket-domain", args.where.family,
              {{"any", ListenWhere::Family::kAny},
               {"ipv4", ListenWhere::Family::kIpv4},
               {"ipv6", ListenWhere::Family::kIpv6}},
              "Which addresses of a host name to listen on.")
      .text("--bind-interface", args.where.interface, "NAME",
            "Listen on this network interface only.");
  declare(app, args.layers);
}

void declare(CLI::App& app, BrokerArgs& args) {
  app.description(
      "[OPTION]... [FILE]\n"
      "passwd [OPTION]... FILE [USER [PASSWORD]]\n\n"
      "An MQTT broker. Without options it listens on port 1883 of this machine only. Each option "
      "can stand in a configuration FILE, too, in the manner of mosquitto.conf.");
  app.footer(
      "Examples:\n"
      "  mqbroker\n"
      "  mqbroker -p 0 --port-file /run/user/1000/mqtt.port\n"
      "  mqbroker --bind 0.0.0.0 --allow-anonymous -d --pid-file /tmp/mqbroker.pid");
  Options(app, "Configuration")
      .text("-c,--config", args.config_file, "FILE",
            "Read settings from a file; those of the command line count more.")
      .boolean("--check-config", args.check_config, "Say what is wrong with the settings, and end.")
      .boolean("--print-config", args.print_config,
               "Print the settings in effect, without secrets, and end.")
      .boolean("--per-listener-settings", args.per_listener_settings,
               "In a file: who may connect is said for each listener and not for all.");
  app.add_option_function<std::string>(
      "FILE", [&args](const std::string& file) { args.config_file = file; });
  Options(app, "Listening")
      .number("-p,--port", args.port, "PORT",
              fmt::format("TCP port [{}]; 0 takes a free one and prints it. In a file: on every "
                          "address.",
                          kDefaultPort))
      .list("--bind,--bind-address", args.bind, "ADDRESS",
            "Address or host name to listen on, as HOST or HOST:PORT; several allowed. Without, "
            "the loopback addresses of IPv4 and IPv6.")
      .boolean("--lan", args.lan, "Listen on every address of this machine.")
      .text(
          "--dev-tls", args.dev_tls, "DIR",
          "For trying TLS out: make a CA and a certificate in a directory, unless they are there, "
          "listen with it on port 8883, and print how to connect.")
      .text("--unix", args.unix_path, "PATH",
            "Listen on a unix socket; on TCP, too, only with --port or --bind.")
      .list(
          "--listen", args.listen, "URL",
          "Listen there, as mqtt://HOST:PORT, mqtts:// for TLS, ws://HOST:PORT/PATH or wss:// for "
          "WebSocket alone, or unix:///PATH; several allowed.")
      .text("--port-file", args.port_file, "FILE",
            "Write the TCP port to a file; those of several listeners in lines of their own.");
  declare_listener(app, args.listener);
  Options(app, "Clients")
      .text("--login", args.login, "NAME:PASSWORD",
            "A user without a password file; $MQBROKER_LOGIN is the same. The password may be "
            "hashed, as in a password file.")
      .number("--max-auth-failures", args.auth_failures_max, "COUNT",
              "Wrong passwords that an address may try in a minute; after that, one a second.", {1})
      .text("--clientid-prefixes", args.broker.client_id_prefix, "TEXT",
            "What the identifier of every client has to begin with.");
  Options(app, "Log")
      .list("--log-type", args.log_types, "none|error|warning|notice|information|debug|all",
            "What to log: this, and what is more urgent; several allowed, as in mosquitto.conf. "
            "Refusals are notices, connections information.")
      .boolean("-v,--verbose", args.verbose, "Log connections that come and go (information).")
      .boolean("--connection-messages", args.broker.log_connections,
               "Whether connections that come and go are information for the log.")
      .list("--log-dest", args.log_dests, "DEST",
            "Where to: stderr (the default), stdout, syslog, none, or the word file, a blank and a "
            "path; several allowed. SIGHUP opens a file anew.")
      .choice("--log-format", args.log_format,
              {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
              "Lines of text, or an object of JSON for each.")
      .number("--log-facility", args.log_facility, "NUMBER",
              "Facility of syslog: 0 to 7 for local0 to local7; without, daemon.", {0, 7})
      .boolean("--log-timestamp", args.log_timestamp,
               "Whether lines begin with the time. Without this those of a file do.")
      .text("--log-timestamp-format", args.log_timestamp_format, "FORMAT",
            "How to write the time, see strftime(3).");
  Options(app, "Persistence")
      .text("--store", args.store_file, "FILE",
            "Keep sessions, queued and retained messages in a file. Acknowledged means stored.")
      .boolean("--persistence", args.persistence,
               "The same, with a file that is named by the next two.")
      .text("--persistence-file", args.persistence_file, "NAME", "Name of that file.")
      .text("--persistence-location", args.persistence_location, "DIR",
            "Its directory; without, the working directory.")
      .choice("--sync", args.store.sync,
              {{"full", StoreSync::kFull},
               {"normal", StoreSync::kNormal},
               {"off", StoreSync::kOff}},
              "What acknowledged messages survive: full a power cut, normal a crash of the broker "
              "(a power cut takes the last moments), off the same, but a power cut may damage the "
              "file.")
      .boolean("--store-recover", args.store.recover,
               "Set a damaged store aside, as FILE.bad-TIME, and begin with an empty one.")
      .size("--max-store-backlog", args.store.backlog_max, "SIZE",
            "Changes that wait for the disk before those who publish are no longer read.",
            {1 << 16});
  Options(app, "Process")
      .text("--user", args.user, "NAME",
            "Become this user once ports and files are open; only root can. Files that SIGHUP "
            "reads again have to be readable for it.")
      .boolean("-d,--daemon", args.daemon,
               "Go to the background once it listens; an error before that is still reported.")
      .text("--pid-file", args.pid_file, "FILE",
            "Write the process number to a file, which is removed at the end.")
      .seconds("--max-shutdown-seconds", args.shut_down_within, "SECONDS",
               "Time after SIGTERM or SIGINT in which clients may take what is queued for them.",
               std::chrono::milliseconds(1))
      .seconds("--sys-interval", args.broker.sys_interval, "SECONDS",
               "Time between updates of $SYS, 0 for never.");
  declare_limits(app, args);
  declare(app, args.web_socket);
  declare_passwd(app, args.passwd);
  // Once the command line is read, what the file says goes below it.
  app.final_callback([&app, &args] {
    OptionValues values(app);
    if (const Result<void> loaded = load_config(values, args); !loaded) {
      throw CLI::ValidationError(loaded.error().text);
    }
  });
}

Result<ServeOptions> resolve(const BrokerArgs& given) {
  BrokerArgs args = given;
  if (const char* login = std::getenv("MQBROKER_LOGIN"); login != nullptr && !args.login) {
    args.login = login;
  }
  if (args.dev_tls) use_dev_certificate(*args.dev_tls, args);
  ServeOptions to;
  to.dev_tls = args.dev_tls;
  to.auth_failures_max = args.auth_failures_max;
  for (const std::string& url : args.listen) {
    MQ_TRY(ParsedUrl parsed, parse_url(url));
    MQ_CHECK(add(to, args, args.listener, {std::move(parsed.address), true}));
  }
  for (const ListenerArgs& listener : args.listeners) {
    ListenerArgs with_security = listener;
    if (!args.per_listener_settings) with_security.security = args.listener.security;
    MQ_CHECK(add(to, args, with_security, {*listener.address, listener.by_url, true}));
  }
  const bool has_place =
      args.port || !args.bind.empty() || args.unix_path || args.lan || args.file_wants_listener;
  // Whoever has opened sockets for us and says no more about places means these.
  const bool inherits = to.listeners.empty() && !has_place;
  if (inherits) {
    for (Address& place : InheritedSockets::of_process().places()) {
      MQ_CHECK(add(to, args, args.listener, {std::move(place), false, true}));
    }
  }
  if (to.listeners.empty() || has_place) MQ_CHECK(add_default(to, args));
  MQ_CHECK(check_psk_file(args, to));
  to.broker = args.broker;
  to.broker.packet_max = static_cast<uint32_t>(args.packet_max);
  to.broker.payload_max = static_cast<uint32_t>(std::min<uint64_t>(args.payload_max, kPacketMax));
  if (args.store_file || args.persistence) {
    to.store = args.store;
    to.store->path = args.store_file.value_or(in_directory(args.persistence_location,
                                                           args.persistence_file));
    if (to.store->path.empty()) return invalid("the store needs the name of a file");
  }
  to.port_file = args.port_file;
  to.pid_file = args.pid_file;
  to.daemon = args.daemon;
  to.shut_down_within = args.shut_down_within;
  to.user = args.user;
  MQ_TRY(to.log_level, log_level(args));
  to.warnings = args.warnings;
  MQ_TRY(to.log_output, log_outputs(args, to.warnings));
  return to;
}

Result<ServeOptions> read_settings(std::span<char* const> words) {
  BrokerArgs args;
  CLI::App app;
  app.set_help_flag("");
  declare(app, args);
  MQ_TRY(std::vector<std::string> spelled, spell_out(app, words));
  std::reverse(spelled.begin(), spelled.end());  // as CLI11 wants them
  try {
    app.parse(std::move(spelled));
  } catch (const CLI::ParseError& error) {
    return invalid(error.what());
  }
  return resolve(args);
}

}  // namespace mq
