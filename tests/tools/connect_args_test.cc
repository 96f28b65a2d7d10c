#include "common/connect_args.h"

#include <unistd.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tools/command_line.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

ConnectOptions connection(std::vector<std::string> words) {
  auto resolved = resolve_words<ConnectArgs>(std::move(words));
  if (!resolved) FAIL(resolved.error().text);
  return std::move(*resolved);
}

ClientOptions client(std::vector<std::string> words) {
  return connection(std::move(words)).client;
}

std::string error(std::vector<std::string> words) {
  return error_of<ConnectArgs>(std::move(words));
}

}  // namespace

TEST_CASE("-V auto is 5.0, or 3.1.1 unless something needs 5.0") {
  const auto automatic = connection({"-V", "auto"});
  CHECK(automatic.client.version == Version::kV5);
  CHECK(automatic.runner.or_v311);
  CHECK_FALSE(connection({"-V", "5"}).runner.or_v311);
  CHECK_FALSE(connection({}).runner.or_v311);
  for (const std::vector<std::string>& needs :
       {std::vector<std::string>{"-x", "10"}, {"-D", "connect", "receive-maximum", "5"}}) {
    std::vector<std::string> words{"-V", "auto"};
    words.insert(words.end(), needs.begin(), needs.end());
    CHECK_FALSE(connection(words).runner.or_v311);
  }
}

TEST_CASE("without options it is MQTT 3.1.1 to localhost, and the broker makes up an identifier") {
  const ConnectOptions c = connection({});
  CHECK(c.runner.address.text() == "localhost:1883");
  CHECK(c.runner.bind_address == "");
  CHECK(c.runner.connect_timeout == 30s);
  CHECK(c.runner.backoff.first == 1s);
  CHECK(c.runner.backoff.max == 30s);
  CHECK(c.client.version == Version::kV311);
  CHECK(c.client.client_id == "");
  CHECK(c.client.clean_start);
  CHECK(c.client.keep_alive_s == 60);
  CHECK(c.client.inflight_max == 20);
  CHECK(!c.client.will);
  CHECK(!c.client.user_name);
  CHECK(!c.client.password);
  CHECK(!c.client.receive_maximum);
}

TEST_CASE("host and port") {
  CHECK(connection({"-h", "broker", "-p", "1234"}).runner.address.text() == "broker:1234");
  CHECK(connection({"--host", "::1", "--port=0"}).runner.address.port == 0);
  CHECK(connection({"-h", "a", "-h", "b"}).runner.address.host == "b");  // the last one counts
  CHECK(connection({"-A", "127.0.0.2"}).runner.bind_address == "127.0.0.2");
  CHECK(error({"-p", "65536"}) ==
        "Invalid port given: 65536, it must be between 0 and 65535 inclusive.");
  for (const char* port : {"", "-1", "x", "12x", " 1", "+1", "0x10"}) {
    CAPTURE(port);
    CHECK(error({"-p", port}).starts_with("Invalid port given: "));
  }
}

TEST_CASE("a unix socket takes the place of host, port and URL") {
  const ConnectOptions c = connection({"--unix", "/run/mq.sock", "-h", "x", "-p", "1"});
  CHECK(c.runner.address.kind == TransportKind::kUnix);
  CHECK(c.runner.address.host == "/run/mq.sock");
}

TEST_CASE("-S: the service depends on TLS, the domain is the host") {
  CHECK(connection({}).runner.service.empty());
  CHECK(connection({"-S", "-h", "example.org"}).runner.service == "_mqtt._tcp");
  CHECK(connection({"-S", "-h", "example.org"}).runner.address.host == "example.org");
  CHECK(connection({"-S", "-L", "mqtts://example.org/t"}).runner.service == "_secure-mqtt._tcp");
  CHECK(connection({"-S", "-h", "example.org", "--insecure"}).runner.service ==
        "_secure-mqtt._tcp");
}

TEST_CASE("any option of TLS turns it on, and its port") {
  CHECK(connection({}).runner.make_filter == nullptr);
  for (const std::vector<std::string>& words : std::initializer_list<std::vector<std::string>>{
           {"--tls"},
           {"--insecure"},
           {"--tls-use-os-certs"},
           {"--capath", "/"},
           {"--tls-version", "tlsv1.3"},
           {"--tls-hostname", "other.example"},
           {"--tls-alpn", "mqtt"},
           {"--tls-info"},
           {"--psk", "00ff", "--psk-identity", "me"},
           {"--tls-pin", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}) {
    const ConnectOptions c = connection(words);
    CAPTURE(words.front());
    CHECK(c.runner.address.kind == TransportKind::kTls);
    CHECK(c.runner.address.text() == "localhost:8883");
    CHECK(c.runner.make_filter != nullptr);
    std::vector<std::string> with_port = words;
    with_port.insert(with_port.end(), {"-p", "1884"});
    CHECK(connection(with_port).runner.address.text() == "localhost:1884");
    with_port.push_back("--no-tls");
    CHECK(connection(with_port).runner.make_filter == nullptr);
  }
  CHECK(connection({"-p", "8883"}).runner.address.kind == TransportKind::kTls);
  CHECK(connection({"-p", "8883", "--no-tls"}).runner.address.kind == TransportKind::kTcp);
  CHECK(connection({"--no-tls"}).runner.address.text() == "localhost:1883");
}

TEST_CASE("TLS and WebSocket by URL") {
  ConnectOptions c = connection({"-L", "mqtts://h/t"});
  CHECK(c.runner.address.kind == TransportKind::kTls);
  CHECK(c.runner.address.text() == "h:8883");
  CHECK(c.url_topic == "t");
  c = connection({"-L", "ws://h/a/b%20c"});
  CHECK(c.runner.address.kind == TransportKind::kWebSocket);
  CHECK(c.runner.address.text() == "h:80");
  CHECK(c.url_topic == "a/b c");
  c = connection({"-L", "wss://h:9001/t"});
  CHECK(c.runner.address.kind == TransportKind::kSecureWebSocket);
  CHECK(c.runner.address.text() == "h:9001");
  CHECK(connection({"-L", "ws://h:9001/t", "--insecure"}).runner.address.kind ==
        TransportKind::kSecureWebSocket);
  CHECK(connection({"--ws"}).runner.address.text() == "localhost:1883");
  CHECK(connection({"--ws-path", "/x", "--tls"}).runner.address.kind ==
        TransportKind::kSecureWebSocket);
  CHECK(connection({"--unix", "/run/mq.sock", "--ws"}).runner.make_filter != nullptr);
}

TEST_CASE("what TLS and WebSocket cannot use is an error before anything is sent") {
  CHECK(error({"--cert", "x"}) ==
        "Both certfile and keyfile must be provided if one of them is set.");
  CHECK(error({"--psk", "00"}) ==
        "Both --psk and --psk-identity must be provided if one of them is set.");
  CHECK(error({"--psk", "0g", "--psk-identity", "me"}).starts_with("Invalid psk given"));
  CHECK(error({"--psk", "00", "--psk-identity", "me", "--cafile", "x"}) ==
        "Only one of --psk or --cafile/--capath may be used at once.");
  CHECK(error({"--cafile", "/nonexistent"}).ends_with("/nonexistent: No such file or directory"));
  CHECK(error({"--tls-version", "tlsv1.1"}).starts_with("Invalid tls version given: tlsv1.1"));
  CHECK(error({"--tls-pin", "sha256//short"}).starts_with("Invalid pin given"));
  CHECK(error({"--cert", "c", "--key", "k", "--keyform", "der"}) ==
        "Invalid keyform given: der, it must be pem.");
  CHECK(error({"--tls-engine", "pkcs11"}).find("--tls-provider") != std::string::npos);
  CHECK(error({"--unix", "/x", "--tls"}) == "--unix and TLS options cannot be used together.");
  CHECK(error({"--ws-path", "mqtt"}).starts_with("Invalid ws path given"));
  CHECK(error({"--ws-header", "nonsense"}).starts_with("Invalid ws header given"));
  CHECK(error({"--ws-header", "a: b\r\nc: d"}).starts_with("Invalid ws header given"));
  // A password does not go in clear to where TLS is expected.
  for (const auto& where :
       {std::vector<std::string>{"-p", "8883"}, std::vector<std::string>{"-L", "mqtts://h:1/t"}}) {
    std::vector<std::string> words = where;
    words.insert(words.end(), {"--no-tls", "-u", "me"});
    CHECK(error(words) == "");
    words.insert(words.end(), {"-P", "secret"});
    CHECK(error(words).find("in clear") != std::string::npos);
  }
}

TEST_CASE("a URL gives user, password, host, port and topic") {
  const ConnectOptions c = connection({"-L", "mqtt://al%40ice:p%3Aw@[::1]:1884/a/b"});
  CHECK(c.runner.address.text() == "[::1]:1884");
  CHECK(c.client.user_name == "al@ice");
  CHECK(c.client.password == "p:w");
  CHECK(c.url_topic == "a/b");
  // Options of their own say it more precisely.
  const ClientOptions both = client({"-L", "mqtt://a:b@h/t", "-u", "c", "-P", "d"});
  CHECK(both.user_name == "c");
  CHECK(both.password == "d");
  CHECK(error({"-L", "http://h/t"}).starts_with("Invalid URL for -L argument specified"));
}

TEST_CASE("protocol versions have mosquitto's names, too") {
  CHECK(client({"-V", "5"}).version == Version::kV5);
  CHECK(client({"-V", "mqttv5"}).version == Version::kV5);
  CHECK(client({"-V", "311"}).version == Version::kV311);
  CHECK(client({"-V", "mqttv311"}).version == Version::kV311);
  CHECK(client({"--protocol-version", "31"}).version == Version::kV31);
  CHECK(client({"-V", "mqttv31"}).version == Version::kV31);
  CHECK(error({"-V", "4"}).starts_with("Invalid protocol version given: 4, it must be one of "));
}

TEST_CASE("client identifiers") {
  CHECK(client({"-i", "me"}).client_id == "me");
  CHECK(client({"-I", "me-"}).client_id == "me-" + std::to_string(getpid()));
  CHECK(error({"-i", "a", "-I", "b"}) == "-i and -I argument cannot be used together.");
  CHECK(error({"-i", "\xFF"}).find("client identifier") != std::string::npos);
  // MQTT 3.1 has no empty one, and at most 23 characters.
  const std::string made_up = client({"-V", "31"}).client_id;
  CHECK(made_up.size() > 10);
  CHECK(made_up.size() <= 23);
  CHECK(made_up != client({"-V", "31"}).client_id);
}

TEST_CASE("keep alive and in-flight window") {
  CHECK(client({"-k", "5"}).keep_alive_s == 5);
  CHECK(client({"-k", "65535"}).keep_alive_s == 65535);
  CHECK(error({"-k", "4"}) ==
        "Invalid keepalive given: 4, it must be between 5 and 65535 inclusive.");
  CHECK(client({"-M", "1"}).inflight_max == 1);
  CHECK(error({"-M", "0"}).starts_with("Invalid inflight given: 0"));
}

TEST_CASE("a kept session wants an identifier") {
  CHECK(!client({"-c", "-i", "me"}).clean_start);
  CHECK(!client({"-c", "-i", "me"}).session_expiry_s);
  CHECK(error({"-c"}) == "You must provide a client id if you are using the -c option.");
  CHECK(error({"-c", "-V", "5"}) ==
        "You must provide a client id if you are using an infinite session expiry interval.");
  CHECK(!client({"-c", "-V", "5", "-x", "60"}).clean_start);
}

TEST_CASE("session expiry implies MQTT 5") {
  CHECK(client({"-x", "10"}).version == Version::kV5);
  CHECK(client({"-x", "10"}).session_expiry_s == 10);
  CHECK(client({"-x", "-1"}).session_expiry_s == kSessionNeverExpires);
  CHECK(client({"-x", "∞"}).session_expiry_s == kSessionNeverExpires);
  CHECK(client({"-x", "4294967295"}).session_expiry_s == kSessionNeverExpires);
  CHECK(client({"-c", "-i", "me", "-V", "5"}).session_expiry_s == kSessionNeverExpires);
  CHECK(client({"-c", "-i", "me", "-x", "0"}).session_expiry_s == 0);
  CHECK(!client({"-V", "5"}).session_expiry_s);
  CHECK(error({"-x", "4294967296"}) == "session-expiry-interval out of range.");
  CHECK(error({"-x", "soon"}) == "session-expiry-interval not a number.");
  CHECK(error({"-x", "1", "-D", "connect", "session-expiry-interval", "1"})
            .starts_with("Duplicate property session-expiry-interval"));
}

TEST_CASE("credentials") {
  const ClientOptions c = client({"-u", "alice", "-P", "-secret"});
  CHECK(c.user_name == "alice");
  CHECK(c.password == "-secret");
  CHECK(client({"-V", "5", "-P", "token"}).password == "token");
  CHECK(error({"-P", "x"}).find("password without a user name") != std::string::npos);
}

TEST_CASE("will") {
  const ClientOptions c = client({"--will-topic", "w", "--will-payload", "gone", "--will-qos", "2",
                                  "--will-retain", "-D", "will", "will-delay-interval", "7"});
  REQUIRE(c.will);
  CHECK(c.will->topic == "w");
  CHECK(c.will->payload == "gone");
  CHECK(c.will->qos == Qos::kExactlyOnce);
  CHECK(c.will->retain);
  CHECK(c.will->properties.view().number(PropertyId::kWillDelayInterval) == 7);
  CHECK(client({"--will-topic", "w"}).will->payload == "");
  CHECK(error({"--will-payload", "x"}) == "Will payload given, but no will topic given.");
  CHECK(error({"--will-retain"}) == "Will retain given, but no will topic given.");
  CHECK(error({"-D", "will", "will-delay-interval", "7"}) ==
        "Will properties given, but no will topic given.");
  CHECK(error({"--will-topic", "a/#"}) == "Invalid will topic 'a/#', does it contain '+' or '#'?");
  CHECK(error({"--will-topic", "w", "--will-qos", "3"}) ==
        "Invalid will QoS given: 3, it must be one of 0, 1, 2.");
}

TEST_CASE("MQTT 5 announces a Receive Maximum of 20 unless told otherwise") {
  CHECK(client({"-V", "5"}).receive_maximum == 20);
  CHECK(client({"-D", "connect", "receive-maximum", "7"}).receive_maximum == 7);
}

TEST_CASE("properties of CONNECT go to the fields that the session looks at, or along") {
  const ClientOptions c =
      client({"-D", "connect", "session-expiry-interval", "9", "-D", "connect",
              "maximum-packet-size", "1000", "-D", "connect", "topic-alias-maximum", "3", "-D",
              "connect", "user-property", "a", "b"});
  CHECK(c.version == Version::kV5);
  CHECK(c.session_expiry_s == 9);
  CHECK(c.maximum_packet_size == 1000);
  CHECK(c.topic_alias_maximum == 3);
  CHECK(c.properties.view().text(PropertyId::kUserProperty) == "a");
}

TEST_CASE("timeouts and delays are seconds with decimals, or have a unit") {
  CHECK(connection({"--connect-timeout", "0.25"}).runner.connect_timeout == 250ms);
  CHECK(connection({"--connect-timeout", "2m"}).runner.connect_timeout == 120s);
  CHECK(error({"--connect-timeout", "0"}).starts_with("Invalid connect timeout given: 0"));
  CHECK(error({"--connect-timeout", "-1"}).starts_with("Invalid connect timeout given: "));
  const ConnectOptions c = connection({"--reconnect-delay", "0.5,8"});
  CHECK(c.runner.backoff.first == 500ms);
  CHECK(c.runner.backoff.max == 8s);
  CHECK(connection({"--reconnect-delay", "2"}).runner.backoff.max == 2s);
  for (const char* delay : {"0", "2,1", "x", "1,", ",1", "-1"}) {
    CAPTURE(delay);
    CHECK(error({"--reconnect-delay", delay}).starts_with("Invalid reconnect delay given: "));
  }
}

TEST_CASE("SCRAM takes user name and password out of the CONNECT") {
  const ConnectOptions c =
      connection({"-u", "alice", "-P", "secret", "--auth-method", "SCRAM-SHA-512"});
  CHECK(c.client.version == Version::kV5);
  CHECK(!c.client.user_name);
  CHECK(!c.client.password);
  CHECK(c.client.properties.view().text(PropertyId::kAuthenticationMethod) == "SCRAM-SHA-512");
  REQUIRE(c.runner.scram);
  CHECK(c.runner.scram->digest == Digest::kSha512);
  CHECK(c.runner.scram->user_name == "alice");
  CHECK(c.runner.scram->password == "secret");
  const ConnectOptions url = connection({"-L", "mqtt://a:b@h/t", "--auth-method", "SCRAM-SHA-256"});
  CHECK(url.runner.scram->password == "b");
  CHECK(!connection({"-u", "alice", "-P", "secret"}).runner.scram);
  CHECK(error({"-u", "alice", "--auth-method", "SCRAM-SHA-256"}) != "");
  CHECK(error({"-u", "a", "-P", "b", "--auth-method", "SCRAM-SHA-256", "-D", "connect",
               "authentication-data", "x"}) != "");
}
