// A broker behind each kind of listener: what clients are answered does not depend on it.
#include <unistd.h>

#include <fstream>
#include <map>

#include <doctest/doctest.h>

#include "base/log.h"
#include "io/broker_server.h"
#include "io/filter_module.h"
#include "io/harness.h"
#include "support/vectors.h"

namespace mq::test {
namespace {

using namespace std::string_literals;

// A listener's layers, and what a client needs to get through them.
struct Way {
  LayerOptions listener;
  MakeFilter client;
};

// The keys of both ends, in a file that goes with the test.
class KeyFile {
 public:
  KeyFile() : path_(directory_.file("psk")) { std::ofstream(path_) << "tester:00ff10\n"; }
  ~KeyFile() { unlink(path_.c_str()); }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  TempDir directory_;
  std::string path_;
};

const FilterModule& module() {
  const auto found = filter_module();
  REQUIRE(found);
  return **found;
}

std::shared_ptr<const TlsContext> tls_client() {
  TlsClientOptions options;
  options.psk_identity = "tester";
  options.psk = "\x00\xff\x10"s;
  auto made = module().tls_client(std::move(options));
  REQUIRE(made);
  return *made;
}

std::unique_ptr<Filter> web_socket_client() {
  return module().web_socket_client({.host = "localhost"});
}

std::map<std::string, Way> ways(const KeyFile& keys) {
  TlsServerOptions tls;
  tls.psk_file = keys.path();
  const auto context = tls_client();
  std::map<std::string, Way> all;
  all["WebSocket by the first byte"] = {{}, web_socket_client};
  all["WebSocket alone"] = {{.protocol = ListenProtocol::kWebSocket}, web_socket_client};
  all["TLS"] = {{.tls = tls}, [context] { return context->make_filter(); }};
  all["WebSocket over TLS"] = {
      {.tls = tls}, [context] { return stack(context->make_filter(), web_socket_client()); }};
  return all;
}

class Server {
 public:
  explicit Server(const LayerOptions& layers) : server_(loop_, quiet(), access_, 1) {
    REQUIRE(server_.listen({.address = local_tcp(0), .layers = layers}));
  }

  // What comes back for these bytes, until it ends with a PINGRESP or the broker has closed.
  std::string answer(const std::string& bytes, const MakeFilter& make_filter) {
    std::unique_ptr<Peer> peer;
    size_t sent = 0;
    const auto send = [&] {
      while (sent < bytes.size() && !peer->is_closed() && !peer->transport->busy()) {
        const std::string part = bytes.substr(sent, 60'000);
        sent += part.size();
        peer->send(part);
      }
    };
    Dialer dialer(loop_, {.address = local_tcp(server_.listeners().front()->port())},
                  [&](Result<UvStream> stream) {
                    REQUIRE(stream);
                    peer = std::make_unique<Peer>(std::move(*stream),
                                                  make_filter ? make_filter() : nullptr);
                    peer->on_writable = send;
                    send();
                  });
    REQUIRE(run_until(loop_, [&] {
      return peer &&
             (peer->is_closed() || (sent == bytes.size() && peer->got.ends_with("\xd0\x00"s)));
    }));
    std::string got = peer->got + (peer->is_closed() ? " and closed" : "");
    if (!peer->is_closed()) peer->transport->close();
    REQUIRE(
        run_until(loop_, [&] { return server_.broker().connections() == 0 && peer->is_closed(); }));
    return got;
  }

 private:
  static BrokerOptions quiet() {
    BrokerOptions options;
    options.sys_interval = {};
    options.retained_messages_max = 0;  // their expiry would make answers depend on the time
    return options;
  }

  Loop loop_;
  AllowAll access_;
  BrokerServer server_;
};

// The vector, behind a CONNECT if it is none, and before a PINGREQ.
std::string conversation(const WireVector& vector) {
  std::string bytes;
  if (vector.bytes[0] >> 4 != 1) {
    bytes = vector.version == Version::kV5     ? "\x10\x0E\0\4MQTT\5\2\0\0\0\0\1v"s
            : vector.version == Version::kV311 ? "\x10\x0D\0\4MQTT\4\2\0\0\0\1v"s
                                               : "\x10\x0F\0\6MQIsdp\3\2\0\0\0\1v"s;
  }
  return bytes + std::string(vector.bytes.begin(), vector.bytes.end()) + "\xC0\0"s;
}

TEST_CASE("the wire vectors are answered the same over each transport") {
  const LogSink before = set_log_sink([](LogLevel, std::string_view, std::string_view) {});
  const KeyFile keys;
  std::vector<std::string> conversations, answers;
  Server plain({});
  for (const WireVector& vector : load_vectors()) {
    if (vector.from != Side::kClient) continue;
    // What announces more than there is waits for the rest until the connection's time is over.
    if (vector.fault && vector.fault->offset >= vector.bytes.size()) continue;
    conversations.push_back(conversation(vector));
  }
  for (const std::string& each : conversations) answers.push_back(plain.answer(each, nullptr));
  CHECK(answers.size() > 500);
  for (const auto& [name, way] : ways(keys)) {
    CAPTURE(name);
    Server server(way.listener);
    for (size_t i = 0; i < conversations.size(); ++i) {
      CAPTURE(i);
      CHECK((server.answer(conversations[i], way.client) == answers[i]));
    }
  }
  set_log_sink(before);
}

TEST_CASE("a CONNECT and what breaks the layer below, in one piece") {
  const KeyFile keys;
  const LogSink before = set_log_sink([](LogLevel, std::string_view, std::string_view) {});
  for (const UserNameSource source : {UserNameSource::kConnect, UserNameSource::kCommonName}) {
    Server server({.protocol = ListenProtocol::kWebSocket, .user_name = source});
    const std::string upgrade =
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    const std::string frame = "\x82\x8F\0\0\0\0\x10\x0D\0\4MQTT\4\2\0\0\0\1v"s;
    const std::string broken = "\x83\x80\0\0\0\0"s;  // a reserved opcode
    const std::string answer = server.answer(upgrade + frame + broken, nullptr);
    CHECK(answer.starts_with("HTTP/1.1 101 "));
    CHECK(answer.ends_with("a reserved opcode and closed"));
    // The broker goes on.
    CHECK(server.answer("\x10", nullptr).starts_with("HTTP/1.1 400 "));
  }
  set_log_sink(before);
}

TEST_CASE("a message of many records and frames comes through each transport") {
  const KeyFile keys;
  std::string large(3'000'000, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 + i / 251);
  // CONNECT, SUBSCRIBE to "t", and a PUBLISH there with QoS 0: it comes back.
  const std::string publish = "\x30\xC3\x8D\xB7\x01\0\1t"s + large;
  const std::string bytes =
      "\x10\x0D\0\4MQTT\4\2\0\0\0\1v\x82\x06\0\1\0\1t\0"s + publish + "\xC0\0"s;
  const std::string expected = "\x20\x02\0\0\x90\x03\0\1\0"s + publish + "\xd0\0"s;
  for (const auto& [name, way] : ways(keys)) {
    CAPTURE(name);
    Server server(way.listener);
    CHECK((server.answer(bytes, way.client) == expected));
  }
}

}  // namespace
}  // namespace mq::test
