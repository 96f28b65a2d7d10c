#include "mqbroker/args.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tools/command_line.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

ServeOptions options(std::vector<std::string> words) {
  auto resolved = resolve_words<BrokerArgs>(std::move(words));
  if (!resolved) FAIL(resolved.error().text);
  return std::move(*resolved);
}

std::string error(std::vector<std::string> words) {
  return error_of<BrokerArgs>(std::move(words));
}

std::string places(std::vector<std::string> words) {
  std::string out;
  for (const ServeListener& listener : options(std::move(words)).listeners) {
    out += (out.empty() ? "" : " ") + listener.options.address.text();
  }
  return out;
}

}  // namespace

TEST_CASE("without options it is for this machine only") {
  CHECK(places({}) == "localhost:1883");
  CHECK(places({"-p", "1884"}) == "localhost:1884");
  CHECK(places({"-p", "0"}) == "localhost:0");
}

TEST_CASE("a unix socket is all there is, unless TCP is asked for") {
  CHECK(places({"--unix", "/run/mq"}) == "unix:/run/mq");
  CHECK(places({"--unix", "/run/mq", "-p", "1883"}) == "unix:/run/mq localhost:1883");
  CHECK(places({"--unix", "/run/mq", "--bind", "::1"}) == "unix:/run/mq [::1]:1883");
}

TEST_CASE("addresses have a port of their own, or the common one") {
  CHECK(places({"--bind", "127.0.0.1", "--bind", "[::1]:99", "--bind", "localhost:7", "-p", "8"}) ==
        "127.0.0.1:8 [::1]:99 localhost:7");
}

TEST_CASE("an address that others can reach wants to be meant") {
  for (const char* address : {"0.0.0.0", "::", "192.168.1.2:1883", "broker.example"}) {
    CAPTURE(address);
    CHECK(error({"--bind", address}).find("--allow-anonymous") != std::string::npos);
    CHECK(options({"--bind", address, "--allow-anonymous"}).listeners.size() == 1);
  }
  for (const char* address : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) {
    CAPTURE(address);
    CHECK(error({"--bind", address}) == "");
  }
}

TEST_CASE("each limit is set by its option and nothing else") {
  const BrokerOptions d = options({}).broker;
  CHECK(d.connections_max == BrokerOptions().connections_max);
  const ServeOptions set = options({"--max-connections",
                                   "16",
                                   "--global-max-connections",
                                   "1",
                                   "--message-size-limit",
                                   "17",
                                   "--max-keepalive",
                                   "18",
                                   "--upgrade-outgoing-qos",
                                   "--clientid-prefixes",
                                   "p",
                                   "--use-username-as-clientid",
                                   "--max-auth-failures",
                                   "21",
                                   "--max-sessions",
                                   "2",
                                   "--max-retained-messages",
                                   "3",
                                   "--max-retained-bytes",
                                   "4k",
                                   "--memory-limit",
                                   "1M",
                                   "--max-packet-size",
                                   "6k",
                                   "--max-queued-messages",
                                   "7",
                                   "--max-queued-bytes",
                                   "8k",
                                   "--max-inflight-messages",
                                   "9",
                                   "--max-subscriptions",
                                   "10",
                                   "--max-topic-levels",
                                   "11",
                                   "--max-connect-seconds",
                                   "0.5",
                                   "--receive-maximum",
                                   "12",
                                   "--topic-alias-maximum",
                                   "13",
                                   "--maximum-qos",
                                   "1",
                                   "--retain-available",
                                   "false",
                                   "--server-keep-alive",
                                   "14",
                                   "--persistent-client-expiration",
                                   "15",
                                   "--accept-protocol-versions",
                                   "3, 5",
                                   "--allow-zero-length-clientid=false",
                                   "--auto-id-prefix",
                                   "x",
                                   "--sys-interval",
                                   "0"});
  const BrokerOptions& b = set.broker;
  const ListenerOptions& l = set.listeners.front().options.clients;
  CHECK(l.connections_max == 16);
  CHECK(b.payload_max == 17);
  CHECK(b.keep_alive_max_s == 18);
  CHECK(b.upgrade_qos);
  CHECK(b.client_id_prefix == "p");
  CHECK(l.user_name_as_id);
  CHECK(set.auth_failures_max == 21);
  CHECK(l.accept_v31);
  CHECK(!l.accept_v311);
  CHECK(l.accept_v5);
  CHECK(!l.accept_empty_id);
  CHECK(l.auto_id_prefix == "x");
  CHECK(b.connections_max == 1);
  CHECK(b.sessions_max == 2);
  CHECK(b.retained_messages_max == 3);
  CHECK(b.retained_bytes_max == 4096);
  CHECK(b.message_bytes_max == 1 << 20);
  CHECK(b.packet_max == 6144);
  CHECK(b.queued_messages_max == 7);
  CHECK(b.queued_bytes_max == 8192);
  CHECK(b.inflight_max == 9);
  CHECK(b.subscriptions_max == 10);
  CHECK(b.topic_levels_max == 11);
  CHECK(b.connect_timeout == 500ms);
  CHECK(b.receive_maximum == 12);
  CHECK(l.topic_alias_maximum == 13);
  CHECK(l.qos_max == Qos::kAtLeastOnce);
  CHECK(!b.retain_available);
  CHECK(b.server_keep_alive_s == 14);
  CHECK(b.session_expiry_max_s == 15);
  CHECK(b.sys_interval == 0s);
  CHECK(error({"--max-packet-size", "3"}).starts_with("Invalid max packet size given: 3"));
  CHECK(error({"--max-packet-size", "300M"}) != "");
  CHECK(error({"--receive-maximum", "0"}) != "");
}

TEST_CASE("what mosquitto switches off with 0 or -1 is left to the limits behind it") {
  const BrokerOptions b = options({"--max-queued-messages", "0", "--global-max-connections", "-1",
                                   "--max-inflight-messages", "0", "--memory-limit", "0",
                                   "--max-queued-bytes", "0"})
                              .broker;
  CHECK(b.queued_messages_max == UINT32_MAX);
  CHECK(b.connections_max == UINT32_MAX);
  CHECK(b.inflight_max == 65'535);
  CHECK(b.message_bytes_max == BrokerOptions().message_bytes_max);
  CHECK(b.queued_bytes_max == BrokerOptions().queued_bytes_max);
}

TEST_CASE("expiry has mosquitto's units: m is a month") {
  const auto expiry_s = [](const char* text) {
    return options({"--persistent-client-expiration", text}).broker.session_expiry_max_s.value();
  };
  CHECK(expiry_s("90s") == 90);
  CHECK(expiry_s("1h") == 3600);
  CHECK(expiry_s("2d") == 172'800);
  CHECK(expiry_s("1w") == 604'800);
  CHECK(expiry_s("1m") == 2'592'000);
  CHECK(expiry_s("1y") == 31'536'000);
  for (const char* text : {"", "h", "1x", "-1d", "1000y"}) {
    CAPTURE(text);
    CHECK(error({"--persistent-client-expiration", text}) != "");
  }
}

TEST_CASE("process options") {
  const ServeOptions o =
      options({"-d", "-v", "--pid-file", "/p", "--port-file", "/q", "--user", "nobody"});
  CHECK(o.user == "nobody");
  CHECK(o.daemon);
  CHECK(o.log_level == LogLevel::kInfo);
  CHECK(o.pid_file == "/p");
  CHECK(o.port_file == "/q");
}

TEST_CASE("the log: types as in mosquitto.conf, of which the least urgent counts; where to; when") {
  CHECK(options({}).log_level == LogLevel::kNotice);
  const auto log = [](std::vector<std::string> words) {
    return options(std::move(words)).log_output;
  };
  CHECK(log({}).to.size() == 1);
  CHECK(log({}).to[0].to == LogOutput::To::kStderr);
  CHECK(log({}).to[0].time_format == "");
  CHECK(log({"--log-timestamp"}).to[0].time_format != "");
  CHECK(options({"--log-type", "error"}).log_level == LogLevel::kError);
  CHECK(options({"--log-type", "warning", "--log-type", "error"}).log_level == LogLevel::kWarning);
  CHECK(options({"--log-type", "all"}).log_level == LogLevel::kDebug);
  CHECK(log({"--log-type", "none"}).to.empty());
  CHECK(log({"--log-dest", "none"}).to.empty());
  CHECK(error({"--log-type", "loud"}).starts_with("Invalid log type given: loud"));
  const LogOutput file = log({"--log-dest", "file /var/log/mq tt"}).to.at(0);
  CHECK(file.to == LogOutput::To::kFile);
  CHECK(file.path == "/var/log/mq tt");
  CHECK(file.time_format != "");
  CHECK(log({"--log-dest", "stdout", "--log-timestamp", "--log-timestamp-format", "%s"})
            .to[0].time_format == "%s");
  CHECK(log({"--log-dest", "stdout", "--log-dest", "file /x"}).to.size() == 2);
  CHECK(log({"--log-dest", "syslog"}).to[0].to == LogOutput::To::kSyslog);
  CHECK(log({}).facility == 3);
  CHECK(log({"--log-facility", "0"}).facility == 16);
  CHECK(log({"--log-facility", "7"}).facility == 23);
  CHECK(error({"--log-facility", "8"}) != "");
  CHECK(error({"--log-dest", "printer"}).starts_with("Invalid log dest given: printer"));
  CHECK(log({"--log-format", "json", "--log-dest", "file /x"}).to[0].time_format == "");
  CHECK(log({"--log-format", "json"}).json_time);
  CHECK(!log({"--log-format", "json", "--log-timestamp=false"}).json_time);
  CHECK(options({"--log-dest", "topic"}).warnings.size() == 1);
}

TEST_CASE("what a URL to listen on says about TLS and WebSocket") {
  const auto layers = [](std::vector<std::string> words) {
    return options(std::move(words)).listeners.front().options.layers;
  };
  const std::vector<std::string> key = {"--certfile", "/c", "--keyfile", "/k"};
  const auto with_key = [&](std::vector<std::string> words) {
    words.insert(words.end(), key.begin(), key.end());
    return words;
  };
  CHECK(!layers({}).tls);
  CHECK(layers({}).protocol == ListenProtocol::kMqttAndWebSocket);
  CHECK(layers(with_key({})).tls->cert_file == "/c");
  CHECK(!layers(with_key({"--listen", "mqtt://localhost"})).tls);
  CHECK(layers(with_key({"--listen", "mqtts://localhost"})).tls->key_file == "/k");
  const LayerOptions ws = layers({"--listen", "ws://localhost:80/x"});
  CHECK(ws.protocol == ListenProtocol::kWebSocket);
  CHECK(ws.web_socket.path == "/x");
  CHECK(!ws.tls);
  CHECK(layers(with_key({"--listen", "wss://localhost"})).tls);
  CHECK(!layers(with_key({"--listen", "unix:///s"})).tls);
  CHECK(places({"--dev-tls", "/d"}) == "localhost:8883");
  CHECK(layers({"--dev-tls", "/d"}).tls->cert_file == "/d/server.crt");
  CHECK(layers({"--protocol", "mqtt"}).protocol == ListenProtocol::kMqtt);
}

TEST_CASE("names that certificates prove let a listener out of this machine; certificates do not") {
  const std::vector<std::string> words = {"--bind",   "0.0.0.0",   "--certfile",
                                          "/c",       "--keyfile", "/k",
                                          "--cafile", "/a",        "--require-certificate"};
  CHECK(error(words).find("can be reached from other machines") != std::string::npos);
  for (const char* source : {"--use-identity-as-username", "--use-subject-as-username"}) {
    std::vector<std::string> more = words;
    more.push_back(source);
    CHECK(options(more).listeners.front().auth.names_proven);
  }
}

TEST_CASE("the greeting says how to get through TLS") {
  Welcome welcome;
  welcome.layers.tls = TlsServerOptions();
  welcome.layers.tls->cert_file = "/c";
  CHECK(greeting({"127.0.0.1:8883"}, welcome) ==
        "listening on 127.0.0.1:8883 (TLS, no password, this machine only) - "
        "try: mqsub --cafile FILE -t '#' -v");
  welcome.ca_file = "/d/ca.crt";
  welcome.passwords = true;
  CHECK(greeting({"127.0.0.1:1883"}, welcome)
            .ends_with("mqsub -p 1883 --cafile /d/ca.crt -u NAME -P PASSWORD -t '#' -v"));
  welcome.layers.user_name = UserNameSource::kCommonName;
  welcome.layers.tls->require_certificate = true;
  CHECK(greeting({"127.0.0.1:8883"}, welcome).find("(TLS, with certificates or keys, ") !=
        std::string::npos);
  welcome.layers.tls->cert_file.clear();
  CHECK(greeting({"127.0.0.1:8883"}, welcome).find("--psk KEY --psk-identity NAME") !=
        std::string::npos);
}

TEST_CASE("the greeting says where, for whom and what to type next") {
  CHECK(greeting({"127.0.0.1:1883", "[::1]:1883"}) ==
        "listening on 127.0.0.1:1883 and [::1]:1883 (no password, this machine only) - "
        "try: mqsub -t '#' -v");
  CHECK(greeting({"127.0.0.1:5000"}).ends_with("try: mqsub -p 5000 -t '#' -v"));
  CHECK(greeting({"unix:/run/mq"}) ==
        "listening on unix:/run/mq (no password, this machine only) - "
        "try: mqsub --unix /run/mq -t '#' -v");
  CHECK(greeting({"0.0.0.0:1883"}) ==
        "listening on 0.0.0.0:1883 (no password, open to other machines) - try: mqsub -t '#' -v");
  CHECK(greeting({"10.0.0.1:7", "127.0.0.1:7", "[::1]:7"}) ==
        "listening on 10.0.0.1:7, 127.0.0.1:7 and [::1]:7 (no password, open to other machines) "
        "- try: mqsub -h 10.0.0.1 -p 7 -t '#' -v");
}

TEST_CASE("no option of mqbroker is declared twice") {
  CHECK(name_declared_twice<BrokerArgs>() == "");
}

TEST_CASE("retained messages: longest time in mosquitto's minutes, or with a unit; the source") {
  CHECK(!options({}).broker.retain_expiry_max_s);
  CHECK(options({"--retain-expiry-interval", "2"}).broker.retain_expiry_max_s == 120u);
  CHECK(options({"--retain-expiry-interval", "2h"}).broker.retain_expiry_max_s == 7200u);
  CHECK(!options({"--retain-expiry-interval", "0"}).broker.retain_expiry_max_s);
  CHECK(error({"--retain-expiry-interval", "99999999999"}) != "");
  CHECK(error({"--retain-expiry-interval", "x"}) != "");
  CHECK(options({}).broker.check_retain_source);
  CHECK(!options({"--check-retain-source=false"}).broker.check_retain_source);
}

TEST_CASE("mount points and topic aliases of a listener") {
  const auto clients = [](std::vector<std::string> words) {
    return options(std::move(words)).listeners.front().options.clients;
  };
  CHECK(clients({}).mount_point == "");
  CHECK(clients({"--mount-point", "a/b/"}).mount_point == "a/b/");
  for (const char* point : {"a/#", "+/", "$SYS/"}) {
    CHECK(error({"--mount-point", point}) != "");
  }
  CHECK(clients({"--max-topic-alias-broker", "7"}).topic_alias_out_max == 7);
}

TEST_CASE("tokens are passwords: beyond this machine they are enough") {
  const ServeOptions with = options({"--lan", "--jwt-key-file", "a", "--jwt-key-file", "b",
                                     "--jwt-issuer", "i", "--jwt-audience", "u",
                                     "--jwt-user-claim", "c", "--jwt-leeway", "5"});
  const AuthSettings& auth = with.listeners.front().auth;
  CHECK(auth.jwt_key_files == std::vector<std::string>{"a", "b"});
  CHECK(auth.tokens.issuer == "i");
  CHECK(auth.tokens.audience == "u");
  CHECK(auth.tokens.user_claim == "c");
  CHECK(auth.tokens.leeway == 5s);
  CHECK(!auth.allow_anonymous);
  CHECK(options({}).listeners.front().auth.tokens.user_claim == "sub");
}
