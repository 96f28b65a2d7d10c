#include "common/connect_args.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string_view>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/random.h"
#include "base/units.h"
#include "common/invalid.h"
#include "common/options.h"
#include "common/topic_args.h"
#include "common/url_query.h"
#include "io/socket_address.h"
#include "io/srv_lookup.h"

namespace mq {
namespace {

// What mosquitto's clients ask for, too: enough for a program that prints what arrives.
constexpr uint16_t kReceiveMaximum = 20;

// "MIN[,MAX]"
Result<BackoffOptions> parse_backoff(std::string_view text) {
  const size_t comma = text.find(',');
  const Result<Duration> first = parse_duration(text.substr(0, comma));
  const Result<Duration> max =
      comma == std::string_view::npos ? first : parse_duration(text.substr(comma + 1));
  if (!first || !max || *first <= Duration::zero() || *max < *first) {
    return invalid(
        fmt::format("Invalid reconnect delay given: {}, it must be MIN or MIN,MAX in "
                    "seconds, more than 0.",
                    text));
  }
  return BackoffOptions{.first = *first, .max = *max};
}

Result<uint32_t> parse_session_expiry(std::string_view text) {
  if (text == "-1" || text == "∞") return kSessionNeverExpires;
  const std::optional<uint64_t> number = parse_number(text);
  if (!number) return invalid("session-expiry-interval not a number.");
  if (*number > kSessionNeverExpires) return invalid("session-expiry-interval out of range.");
  return static_cast<uint32_t>(*number);
}

// Host, port, user, password and topic from -L, or host and port from their own options.
Result<void> resolve_address(const ConnectArgs& args, ConnectOptions& to) {
  Address& address = to.runner.address;
  if (args.unix_path) {
    address.kind = TransportKind::kUnix;
    address.host = *args.unix_path;
    return {};
  }
  if (!args.url) {
    if (args.host) {
      address.host = *args.host;
    } else if (args.srv) {
      address.host = local_domain();
      if (address.host.empty()) {
        return invalid("-S needs a domain (-h): this machine's resolver is not told any.");
      }
    }
    address.port = args.port.value_or(address.port);
    return {};
  }
  const auto wrong = [](const Error& error) {
    return invalid(fmt::format("Invalid URL for -L argument specified - {}.", error.text));
  };
  const size_t mark = std::min(args.url->find('?'), args.url->size());
  Result<ParsedUrl> url = parse_url(std::string_view(*args.url).substr(0, mark));
  if (!url) return wrong(url.error());
  if (mark < args.url->size()) {
    if (!args.url_may_have_query) return invalid("A query ('?') has no place in the URL here.");
    auto query = parse_url_query(std::string_view(*args.url).substr(mark + 1));
    if (!query) return wrong(query.error());
    to.url_qos = query->qos;
    to.url_retain = query->retain.value_or(false);
    if (query->client_id) to.client.client_id = std::move(*query->client_id);
  }
  address = std::move(url->address);
  if (url->user_name && !args.user_name) to.client.user_name = std::move(url->user_name);
  if (url->password && !to.client.password) to.client.password = std::move(url->password);
  to.url_topic = std::move(url->topic);
  return {};
}

// -S, once it is known whether there is TLS. Its certificate must be the domain's: DNS is no proof
// of whose the machine is that it names.
Result<void> resolve_service(const ConnectArgs& args, RunnerOptions& runner) {
  if (!args.srv) return {};
  if (args.unix_path || runner.address.kind == TransportKind::kUnix) {
    return invalid("-S and a unix socket cannot be used together.");
  }
  if (args.proxy) return invalid("-S and --proxy cannot be used together.");
  const bool tls = runner.address.kind == TransportKind::kTls ||
                   runner.address.kind == TransportKind::kSecureWebSocket;
  runner.service = tls ? "_secure-mqtt._tcp" : "_mqtt._tcp";
  return {};
}

Result<void> resolve_will(const ConnectArgs& args, ClientOptions& client,
                          const GivenProperties& properties) {
  if (!args.will_topic) {
    if (args.will_payload) return invalid("Will payload given, but no will topic given.");
    if (args.will_retain) return invalid("Will retain given, but no will topic given.");
    if (!properties.of(PropertiesIn::kWill).empty()) {
      return invalid("Will properties given, but no will topic given.");
    }
    return {};
  }
  MQ_CHECK(check_topic("will", *args.will_topic));
  client.will = WillOptions{.topic = *args.will_topic,
                            .payload = args.will_payload.value_or(""),
                            .qos = args.will_qos,
                            .retain = args.will_retain,
                            .properties = properties.list(PropertiesIn::kWill)};
  return {};
}

// Properties of CONNECT that the session has a field of its own for go there.
void resolve_properties(const GivenProperties& properties, ClientOptions& client) {
  for (const GivenProperty& property : properties.of(PropertiesIn::kConnect)) {
    switch (property.id) {
      case PropertyId::kSessionExpiryInterval: client.session_expiry_s = property.number; break;
      case PropertyId::kReceiveMaximum:
        client.receive_maximum = static_cast<uint16_t>(property.number);
        break;
      case PropertyId::kMaximumPacketSize: client.maximum_packet_size = property.number; break;
      case PropertyId::kTopicAliasMaximum:
        client.topic_alias_maximum = static_cast<uint16_t>(property.number);
        break;
      default: append(client.properties, property); break;
    }
  }
}

Result<void> resolve_identity(const ConnectArgs& args, ClientOptions& client) {
  if (args.client_id && args.id_prefix) {
    return invalid("-i and -I argument cannot be used together.");
  }
  if (args.client_id) client.client_id = *args.client_id;
  if (args.id_prefix) client.client_id = fmt::format("{}{}", *args.id_prefix, getpid());
  if (args.user_name) client.user_name = args.user_name;
  return {};
}

// User name and password go into SCRAM instead of the CONNECT.
Result<void> resolve_scram(Digest digest, ConnectOptions& to) {
  ClientOptions& client = to.client;
  if (!client.user_name || !client.password) {
    return invalid("--auth-method needs a user name (-u) and a password (-P).");
  }
  for (const GivenProperty& given : to.properties.of(PropertiesIn::kConnect)) {
    if (given.id == PropertyId::kAuthenticationMethod ||
        given.id == PropertyId::kAuthenticationData) {
      return invalid("--auth-method sees to the authentication properties: no -D for them.");
    }
  }
  to.runner.scram = {digest, std::move(*client.user_name), std::move(*client.password)};
  client.user_name.reset();
  client.password.reset();
  client.properties.add(PropertyId::kAuthenticationMethod, scram_method(digest));
  return {};
}

// -c and -x, once the client identifier is known.
Result<void> resolve_session(const ConnectArgs& args, ClientOptions& client) {
  client.clean_start = !args.keep_session;
  if (args.session_expiry) {
    if (client.session_expiry_s) {
      return invalid("Duplicate property session-expiry-interval: give it with -x or with -D.");
    }
    MQ_TRY(client.session_expiry_s, parse_session_expiry(*args.session_expiry));
  } else if (args.keep_session && client.version == Version::kV5 && !client.session_expiry_s) {
    client.session_expiry_s = kSessionNeverExpires;
  }
  if (!client.client_id.empty()) return {};
  if (client.version == Version::kV5) {
    if (args.keep_session && client.session_expiry_s == kSessionNeverExpires) {
      return invalid(
          "You must provide a client id if you are using an infinite session expiry "
          "interval.");
    }
  } else if (args.keep_session) {
    return invalid("You must provide a client id if you are using the -c option.");
  }
  if (client.version == Version::kV31) client.client_id = random_client_id();
  return {};
}

// Of a name with addresses of both families the one that reaches more.
std::string preferred(const std::vector<std::string>& addresses) {
  const auto v4 = std::ranges::find_if(
      addresses, [](const std::string& address) { return address.find(':') == std::string::npos; });
  return v4 != addresses.end() ? *v4 : addresses.front();
}

Result<std::optional<Proxy>> resolve_proxy(const std::string& text, const std::string& host) {
  std::optional<Proxy> proxy;
  if (text == "env") {
    MQ_TRY(proxy, proxy_of_environment(host));
  } else {
    MQ_TRY(proxy, parse_proxy(text));
  }
  if (proxy && !proxy->looks_up) {
    const auto found = addresses_of(host);
    if (found.empty())
      return invalid(fmt::format("'{}' is not found (socks5h has the proxy look it up).", host));
    proxy->target = preferred(found);
  }
  return proxy;
}

}  // namespace

Result<std::string> local_address(const std::string& text) {
  const auto found = addresses_of(text);
  if (found.empty()) return invalid(fmt::format("'{}' is not an address to connect from.", text));
  return preferred(found);
}

void declare(CLI::App& app, ConnectArgs& args, Clients clients) {
  const bool own_letters = clients == Clients::kManyWithOwnLetters;
  args.url_may_have_query = clients == Clients::kOne;
  Options connection(app, "Connection");
  connection
      .text("-h,--host", args.host, "HOST",
            clients == Clients::kOne
                ? "Host name or address of the broker [localhost, with -S this machine's domain]."
                : "Host name or address of the broker [localhost].")
      .number("-p,--port", args.port, "PORT", "TCP port of the broker [1883, with TLS 8883].")
      .text(own_letters ? "--url" : "-L,--url", args.url, "URL",
            clients == Clients::kOne
                ? "User, password, host, port and topic in one: "
                  "mqtt://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC[?qos=QOS&retain=1&client-id=ID]; "
                  "also mqtts://, ws:// and wss://."
                : "User, password, host, port and topic in one: "
                  "mqtt://[USER[:PASSWORD]@]HOST[:PORT]/TOPIC; also mqtts://, ws:// and wss://.")
      .text("--unix", args.unix_path, "PATH", "Connect to a unix socket instead.");
  if (!own_letters) {
    connection.text("-A", args.bind_address, "ADDRESS", "Local address to connect from.");
  }
  connection
      .seconds("--connect-timeout", args.connect_timeout, "SECONDS",
               "Time for a try to connect, from looking up the name to the answer of the broker.",
               std::chrono::milliseconds(1))
      .text("--reconnect-delay", args.reconnect_delay, "MIN[,MAX]",
            "Seconds before a lost connection is made again; doubled after each try that fails, "
            "up to MAX.")
      .flag("-4", args.only_v4, "Use IPv4 addresses only.")
      .flag("-6", args.only_v6, "Use IPv6 addresses only.")
      .text(
          "--proxy", args.proxy, "URL",
          "Connect through a proxy: socks5h://[USER[:PASSWORD]@]HOST[:PORT], socks5:// to look up "
          "the name here, http:// for CONNECT; env for that of $ALL_PROXY, without those of "
          "$NO_PROXY.");
  if (clients == Clients::kOne) {
    connection
        .flag("-S", args.srv,
              "HOST is a domain: look up in DNS (SRV records) which machines are its brokers.")
        .number("--max-reconnects", args.reconnects_max, "COUNT",
                "End after so many tries in a row that failed.")
        .flag("--no-reconnect", args.no_reconnect, "End when the connection is lost.")
        .flag("--retry-connect", args.retry_connect,
              "Try again, too, when the first connection cannot be made.")
        .flag("--nodelay", args.no_delay,
              "Send without waiting for more (TCP_NODELAY): always so, the option is for scripts "
              "written for mosquitto.");
  }
  declare(app, args.tls);
  if (clients != Clients::kOne) {
    Options(app, "TLS")
        .flag("--no-tls-resume", args.tls.no_resume,
              "Have a client that comes back shake hands in full; without, it takes up its last "
              "session "
              "if the server lets it.");
  }
  declare(app, args.web_socket);
  Options mqtt(app, "MQTT");
  if (clients == Clients::kOne) {
    mqtt.choice("-V,--protocol-version", args.version,
                {{"5", Version::kV5},
                 {"mqttv5", Version::kV5},
                 {"311", Version::kV311},
                 {"mqttv311", Version::kV311},
                 {"31", Version::kV31},
                 {"mqttv31", Version::kV31},
                 {"auto", {Version::kV5, true}}},
                "Version of MQTT: 5.0, 3.1.1 or 3.1; auto is 5.0, and 3.1.1 where the broker does "
                "not know that.");
  } else {
    mqtt.choice("-V,--protocol-version", args.version,
                {{"5", Version::kV5},
                 {"mqttv5", Version::kV5},
                 {"311", Version::kV311},
                 {"mqttv311", Version::kV311},
                 {"4", Version::kV311},
                 {"31", Version::kV31},
                 {"mqttv31", Version::kV31},
                 {"3", Version::kV31}},
                "Version of MQTT: 5.0, 3.1.1 or 3.1.");
  }
  if (clients == Clients::kOne) {
    mqtt.text("-i,--id", args.client_id, "ID",
              "Client identifier; without, the broker makes one up.")
        .text("-I,--id-prefix", args.id_prefix, "PREFIX",
              "Client identifier made of PREFIX and the process number.");
  }
  mqtt.text("-u,--username", args.user_name, "USER", "User name.");
  declare(app, args.password);
  mqtt.choice("--auth-method", args.auth_method,
              {{"SCRAM-SHA-256", Digest::kSha256}, {"SCRAM-SHA-512", Digest::kSha512}},
              "Prove the password without sending it, and have the broker prove that it knows it. "
              "Implies MQTT 5.");
  mqtt.number("-k,--keepalive", args.keep_alive_s, "SECONDS",
              "Longest silence before the connection is probed.", {5, 65535});
  if (clients == Clients::kOne) {
    mqtt.flag("-c,--disable-clean-session", args.keep_session,
              "Take up the session the broker has for this client, and leave it there at the end.")
        .text("-x", args.session_expiry, "EXPIRY",
              "Seconds that the broker keeps the session after the end, -1 for ever. Implies "
              "MQTT 5.")
        .number("-M", args.inflight_max_given, "INFLIGHT",
                fmt::format("Most QoS 1 and 2 messages sent and not yet acknowledged. Default: {}.",
                            args.inflight_max_help.empty() ? std::to_string(args.inflight_max)
                                                           : args.inflight_max_help),
                {1, 65535});
  }
  mqtt.list("-D,--property", args.properties, "COMMAND NAME VALUE",
            "Property of a packet, COMMAND one of connect, publish, subscribe, unsubscribe, "
            "disconnect and will; user-property takes a name and a value. Implies MQTT 5.")
      .list("--prop", args.encoded_properties, "COMMAND.NAME=VALUE",
            "The same with any bytes as value: hex:DIGITS, b64:BASE64, @FILE, or text.");
  if (clients != Clients::kOne) return;
  Options(app, "Will")
      .text("--will-topic", args.will_topic, "TOPIC",
            "Topic of the message that the broker publishes if the connection is lost.")
      .text("--will-payload", args.will_payload, "TEXT", "Its payload; empty without.")
      .choice("--will-qos", args.will_qos,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Its quality of service.")
      .flag("--will-retain", args.will_retain, "Have it retained.");
  Options(app, "Diagnostics")
      .flag("-d,--debug", args.debug, "Report every packet on standard error.")
      .flag("--quiet", args.quiet, "Report no errors but those of usage.")
      .text("--log-file", args.log_file, "FILE",
            "Append what is reported to FILE, too, each line with the time; with --quiet only "
            "there.");
}

Result<ConnectOptions> resolve(const ConnectArgs& args) {
  ConnectOptions to;
  to.console = Console({.quiet = args.quiet, .debug = args.debug});
  if (args.log_file) MQ_CHECK(to.console.log_to(*args.log_file));
  MQ_TRY(to.properties, GivenProperties::parse(args.properties, args.encoded_properties));

  ClientOptions& client = to.client;
  WantedVersion wanted = args.version;
  if (args.session_expiry || args.auth_method || !to.properties.empty()) wanted = Version::kV5;
  client.version = wanted.version;
  to.runner.or_v311 = wanted.or_v311;
  client.keep_alive_s = args.keep_alive_s;
  client.inflight_max = args.inflight_max_given.value_or(args.inflight_max);
  MQ_TRY(client.password, read_password(args.password));
  MQ_CHECK(resolve_address(args, to));
  MQ_CHECK(resolve_identity(args, client));
  if (args.auth_method) MQ_CHECK(resolve_scram(*args.auth_method, to));
  MQ_CHECK(resolve_layers({.tls = args.tls,
                           .web_socket = args.web_socket,
                           .port_is_given = args.port || args.url,
                           .has_password = client.password.has_value()},
                          to.console, to.runner));
  MQ_CHECK(resolve_service(args, to.runner));
  resolve_properties(to.properties, client);
  MQ_CHECK(resolve_session(args, client));
  MQ_CHECK(resolve_will(args, client, to.properties));
  if (client.version == Version::kV5 && !client.receive_maximum) {
    client.receive_maximum = kReceiveMaximum;
  }
  // Debian 12's mosquitto breaks it in sessions that go on. Ending a durable subscriber for that
  // would help nobody.
  client.enforce_receive_maximum = false;
  MQ_CHECK(check(client));

  if (args.bind_address) {
    MQ_TRY(to.runner.bind_address, local_address(*args.bind_address));
  }
  to.runner.connect_timeout = args.connect_timeout;
  MQ_TRY(to.runner.backoff, parse_backoff(args.reconnect_delay));
  to.runner.reconnect = !args.no_reconnect;
  to.runner.retry_first = args.retry_connect;
  to.runner.failures_max = args.reconnects_max;
  if (args.only_v4 && args.only_v6) return invalid("-4 and -6 cannot be used together.");
  if (args.only_v4) to.runner.family = Family::kV4;
  if (args.only_v6) to.runner.family = Family::kV6;
  if (args.proxy) {
    if (to.runner.address.kind == TransportKind::kUnix) {
      return invalid("--proxy and a unix socket cannot be used together.");
    }
    MQ_TRY(to.runner.proxy, resolve_proxy(*args.proxy, to.runner.address.host));
  }
  return to;
}

void limit_receive_maximum(ConnectOptions& connection, uint64_t most) {
  ClientOptions& client = connection.client;
  if (client.version != Version::kV5) return;
  const std::vector<GivenProperty>& given = connection.properties.of(PropertiesIn::kConnect);
  const bool is_given = std::any_of(given.begin(), given.end(), [](const GivenProperty& property) {
    return property.id == PropertyId::kReceiveMaximum;
  });
  if (is_given) return;
  client.receive_maximum = static_cast<uint16_t>(std::min<uint64_t>(most, *client.receive_maximum));
}

std::string random_client_id() {
  std::random_device device;
  Random random((uint64_t{device()} << 32) | device());
  return "mq-" + random.alphanumeric(18);  // 21 characters: 3.1 allows 23
}

}  // namespace mq
