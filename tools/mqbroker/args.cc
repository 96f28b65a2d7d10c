#include "mqbroker/args.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/units.h"
#include "codec/topic.h"
#include "common/argv.h"
#include "common/invalid.h"
#include "common/option_values.h"
#include "common/options.h"
#include "io/inherited_sockets.h"
#include "mqbroker/bridge_settings.h"
#include "mqbroker/config.h"
#include "mqbroker/limit_args.h"

namespace mq {
namespace {

constexpr uint16_t kDefaultPort = 1883;
constexpr uint16_t kDefaultTlsPort = 8883;

std::string in_directory(const std::string& directory, const std::string& file) {
  if (directory.empty() || directory.ends_with('/')) return directory + file;
  return directory + '/' + file;
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
  listen.clients.auto_id_prefix = args.auto_id_prefix.value_or(args.security.auto_id_prefix);
  listen.clients.packet_max = static_cast<uint32_t>(args.packet_max);
  listen.clients.payload_max =
      static_cast<uint32_t>(std::min<uint64_t>(args.payload_max, kPacketMax));
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

Result<void> add_bridges(const BrokerArgs& args, ServeOptions& to) {
  for (const BridgeArgs& bridge : args.bridges) {
    MQ_TRY(BridgeSettings settings, resolve(bridge));
    to.bridges.push_back(std::move(settings));
  }
  for (const BridgeSettings& bridge : to.bridges) {
    const auto same =
        std::ranges::find(to.bridges, bridge.local_client_id, &BridgeSettings::local_client_id);
    if (&*same == &bridge) continue;
    return invalid(
        fmt::format("There are two bridges with the local_clientid {}: give one of them "
                    "another, or another name.",
                    bridge.local_client_id));
  }
  return {};
}

}  // namespace

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
  declare(app, args.log);
  Options(app, "Persistence")
      .text("--store", args.store_file, "FILE",
            "Keep sessions, queued and retained messages in a file. Acknowledged means stored.")
      .boolean("--persistence", args.persistence,
               "The same, with a file that is named by the next two.")
      .text("--persistence-file", args.persistence_file, "NAME", "Name of that file.")
      .text("--persistence-location", args.persistence_location, "DIR",
            "Its directory; without, the working directory.")
      .choice(
          "--sync", args.store.sync,
          {{"full", StoreSync::kFull}, {"normal", StoreSync::kNormal}, {"off", StoreSync::kOff}},
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
      .boolean("--reload-on-change", args.reload_on_change,
               "Read certificates, keys, password and ACL files again when they change, as SIGHUP "
               "does.")
      .text("--pid-file", args.pid_file, "FILE",
            "Write the process number to a file, which is removed at the end.")
      .seconds("--max-shutdown-seconds", args.shut_down_within, "SECONDS",
               "Time after SIGTERM or SIGINT in which clients may take what is queued for them.",
               std::chrono::milliseconds(1))
      .seconds("--sys-interval", args.broker.sys_interval, "SECONDS",
               "Time between updates of $SYS, 0 for never.");
  declare_limits(app, args);
  declare(app, args.web_socket);
  declare(app, args.passwd);
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
  MQ_CHECK(add_bridges(args, to));
  to.broker = args.broker;
  to.broker.log_connections = args.log.connections;
  to.broker.packet_max = static_cast<uint32_t>(args.packet_max);
  to.broker.payload_max = static_cast<uint32_t>(std::min<uint64_t>(args.payload_max, kPacketMax));
  if (args.store_file || args.persistence) {
    to.store = args.store;
    to.store->path =
        args.store_file.value_or(in_directory(args.persistence_location, args.persistence_file));
    if (to.store->path.empty()) return invalid("the store needs the name of a file");
  }
  to.port_file = args.port_file;
  to.pid_file = args.pid_file;
  to.daemon = args.daemon;
  to.reload_on_change = args.reload_on_change;
  to.shut_down_within = args.shut_down_within;
  to.user = args.user;
  MQ_TRY(to.log_level, log_level(args.log));
  to.warnings = args.warnings;
  MQ_TRY(to.log_output, log_outputs(args.log, to.warnings));
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
