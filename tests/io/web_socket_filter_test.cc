#include "io/web_socket_filter.h"

#include <doctest/doctest.h>

#include "io/tls_context.h"
#include "support/certificates.h"
#include "support/filter_pair.h"

namespace mq::test {
namespace {

using namespace std::string_literals;

const WebSocketServerOptions kServer;
constexpr std::string_view kRequest =
    "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

std::string with(std::string_view what, std::string_view instead) {
  std::string text(kRequest);
  const size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), instead);
}

// One end on its own.
struct Alone {
  explicit Alone(std::unique_ptr<Filter> made) : filter(std::move(made)) {}
  static Alone server(const WebSocketServerOptions& options = kServer) {
    return Alone(make_web_socket_server(std::make_shared<WebSocketServerOptions>(options)));
  }
  // A server that has been upgraded.
  static Alone open() {
    Alone alone = server();
    alone.feed(kRequest);
    REQUIRE(alone.filter->open());
    alone.wire.clear();
    return alone;
  }
  void feed(std::string_view bytes) {
    Buffer out;
    auto fed = filter->from_wire(to_bytes(bytes), out, wire);
    plain += to_string_view(out.bytes());
    if (!fed) error = fed.error().text;
  }
  std::string sent() const { return std::string(to_string_view(wire.bytes())); }

  std::unique_ptr<Filter> filter;
  Buffer wire;
  std::string plain, error;
};

// A masked frame of a client.
std::string frame(uint8_t first_byte, std::string_view payload, bool masked = true) {
  std::string bytes(1, static_cast<char>(first_byte));
  const uint8_t mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    bytes += static_cast<char>(mask_bit | payload.size());
  } else {
    bytes += static_cast<char>(mask_bit | 126);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size());
  }
  if (!masked) return bytes + std::string(payload);
  constexpr std::string_view kMask = "\x12\x34\x56\x78";
  bytes += kMask;
  for (size_t i = 0; i < payload.size(); ++i) {
    bytes += static_cast<char>(payload[i] ^ kMask[i % 4]);
  }
  return bytes;
}

constexpr uint8_t kFin = 0x80, kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9,
                  kPong = 10;

// The status of the Close frame that ends `bytes`, 0 when there is none.
int close_status(const std::string& bytes) {
  if (bytes.size() < 4 || static_cast<uint8_t>(bytes[0]) != (kFin | kClose)) return 0;
  return static_cast<uint8_t>(bytes[2]) << 8 | static_cast<uint8_t>(bytes[3]);
}

TEST_CASE("a WebSocket carries bytes both ways, however they are cut") {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{5000}, SIZE_MAX}) {
    WebSocketClientOptions options;
    options.host = "localhost:9001";
    FilterPair pair(make_web_socket_client(options),
                    make_web_socket_server(std::make_shared<WebSocketServerOptions>()), piece);
    REQUIRE(pair.open());
    std::string large(200'000, 'x');
    for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i);
    for (const std::string& text : {"one"s, std::string(125, 'a'), std::string(126, 'b'),
                                    std::string(65535, 'c'), large}) {
      pair.client.got.clear();
      pair.server.got.clear();
      pair.send(pair.client, text);
      pair.send(pair.server, text);
      CHECK(pair.server.got == text);
      CHECK(pair.client.got == text);
    }
    pair.finish(pair.server);
    REQUIRE(pair.client.error);
    CHECK(pair.client.error->code == ErrorCode::kClosed);
  }
}

TEST_CASE("a WebSocket over TLS is two filters in one") {
  TestCertificates certificates;
  const CertificateFiles files = certificates.make("server", {});
  TlsServerOptions server;
  server.cert_file = files.cert_file;
  server.key_file = files.key_file;
  TlsClientOptions client;
  client.ca_file = certificates.ca();
  client.host = "localhost";
  WebSocketClientOptions web_socket;
  web_socket.host = "localhost";
  const auto of_client = make_tls_client(client);
  const auto of_server = make_tls_server(server);
  REQUIRE(of_client);
  REQUIRE(of_server);
  for (const size_t piece : {size_t{1}, size_t{100}, SIZE_MAX}) {
    FilterPair pair(stack((*of_client)->make_filter(), make_web_socket_client(web_socket)),
                    stack((*of_server)->make_filter(),
                          make_web_socket_server(std::make_shared<WebSocketServerOptions>())),
                    piece);
    REQUIRE(pair.open());
    const std::string text(100'000, 's');
    pair.send(pair.client, text);
    pair.send(pair.server, text);
    CHECK(pair.server.got == text);
    CHECK(pair.client.got == text);
    pair.finish(pair.client);
    REQUIRE(pair.server.error);
    CHECK(pair.server.error->code == ErrorCode::kClosed);
  }
}

TEST_CASE("[MQTT-6.0.0-4] the upgrade is answered with the protocol that was asked for") {
  Alone server = Alone::server();
  server.feed(kRequest);
  CHECK(server.filter->open());
  // The example of RFC 6455 section 1.3.
  CHECK(server.sent() ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
  for (const auto& [what, instead] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Protocol: mqtt", "Protocol: mqttv3.1"},
           {"Protocol: mqtt", "Protocol: chat , MQTT"},
           {"Protocol: mqtt", "Protocol: chat\r\nsec-websocket-protocol:\tmqtt"},
           {"Connection: Upgrade", "connection: keep-alive, upgrade"},
           {"GET /mqtt", "GET /mqtt?token=1"},
           {"GET /mqtt", "GET /"},
           {"Host: localhost", "Host: localhost\r\nOrigin: https://anywhere.example"}}) {
    Alone other = Alone::server();
    other.feed(with(what, instead));
    CAPTURE(std::string(instead));
    CHECK(other.filter->open());
    CHECK(other.error == "");
  }
}

TEST_CASE("what is no upgrade to MQTT is refused with a reason") {
  WebSocketServerOptions options;
  options.path = "/mqtt";
  options.origins = {"https://good.example"};
  struct Case {
    const char *what, *instead, *status;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"GET", "POST", "405"},
           {"GET /mqtt", "GET /other", "404"},
           {"HTTP/1.1", "HTTP/1.0", "400"},
           {" HTTP/1.1", "", "400"},
           {"Host: localhost\r\n", "", "400"},
           {"Upgrade: websocket\r\n", "", "426"},
           {"Connection: Upgrade", "Connection: close", "426"},
           {"Version: 13", "Version: 8", "426"},
           {"Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: short", "400"},
           {"Protocol: mqtt", "Protocol: chat", "400"},
           {"Sec-WebSocket-Protocol: mqtt\r\n", "", "400"},
           {"Host: localhost", "Host: localhost\r\nOrigin: https://evil.example", "403"},
           {"Host: localhost", "Host : localhost", "400"},
           {"Host: localhost", "Host: local\nhost", "400"},
           {"Host: localhost", "Host: localhost\r\n folded", "400"},
           {"Host: localhost", "nonsense", "400"}}) {
    CAPTURE(std::string(c.instead));
    Alone server = Alone::server(options);
    server.feed(with(c.what, c.instead));
    CHECK(server.sent().starts_with("HTTP/1.1 "s + c.status));
    CHECK(server.error != "");
    CHECK_FALSE(server.filter->open());
  }
  Alone server = Alone::server(options);
  server.feed(with("Host: localhost", "Host: localhost\r\nOrigin: https://good.example"));
  CHECK(server.filter->open());
}

TEST_CASE("the head of a request has a limit, to the byte") {
  WebSocketServerOptions options;
  options.header_bytes_max = static_cast<uint32_t>(kRequest.size());
  Alone exact = Alone::server(options);
  for (const char byte : kRequest) exact.feed({&byte, 1});
  CHECK(exact.filter->open());
  options.header_bytes_max -= 1;
  Alone over = Alone::server(options);
  over.feed(kRequest);
  CHECK(over.sent().starts_with("HTTP/1.1 431"));
  CHECK(over.filter->limit() == "websockets_headers_size");
  CHECK(exact.filter->limit().empty());
  Alone endless = Alone::server(options);
  for (int i = 0; i < 1000 && endless.error.empty(); ++i) endless.feed("GET / HTTP/1.1\r\nA: b");
  CHECK(endless.sent().starts_with("HTTP/1.1 431"));
}

TEST_CASE("[MQTT-6.0.0-2] frames are fragmented and coalesced as anybody likes") {
  Alone server = Alone::open();
  server.feed(frame(kFin | kBinary, "a") + frame(kFin | kBinary, "b") + frame(kBinary, "c"));
  server.feed(frame(kContinuation, "d") + frame(kFin | kPing, "ping") + frame(kContinuation, ""));
  server.feed(frame(kFin | kContinuation, "e") + frame(kFin | kBinary, "") +
              frame(kFin | kPong, "unasked"));
  CHECK(server.plain == "abcde");
  CHECK(server.sent() == frame(kFin | kPong, "ping", false));
  CHECK(server.error == "");
  // Together with the request.
  Alone eager = Alone::server();
  eager.feed(std::string(kRequest) + frame(kFin | kBinary, "first"));
  CHECK(eager.plain == "first");
}

TEST_CASE("[MQTT-6.0.0-1] 3.1.1 [MQTT-6.0-1] what breaks the rules of frames has a status") {
  struct Case {
    std::string bytes;
    int status;
  };
  const std::string huge = "\x82\xFF\x00\x00\x00\x00\x7F\xFF\xFF\xFF\x12\x34\x56\x78x"s;
  for (const Case& c : std::initializer_list<Case>{
           {frame(kFin | kText, "text"), 1003},
           {frame(kFin | kBinary, "open", false), 1002},
           {frame(kFin | kContinuation, "x"), 1002},
           {frame(kBinary, "x") + frame(kFin | kBinary, "y"), 1002},
           {frame(kFin | 3, "x"), 1002},
           {frame(kFin | 11, "x"), 1002},
           {frame(kFin | 0x40 | kBinary, "x"), 1002},
           {frame(kPing, "in parts"), 1002},
           {frame(kFin | kPing, std::string(126, 'x')), 1002},
           {frame(kFin | kClose, "x"), 1002},
           {huge, 1009},
           {frame(kFin | kClose, "\x03\xE9"), 1001}}) {
    Alone server = Alone::open();
    server.feed(c.bytes);
    CAPTURE(c.status);
    CHECK(close_status(server.sent()) == c.status);
    CHECK(server.error != "");
    CHECK(server.filter->limit() == (c.status == 1009 ? "max_websockets_frame" : ""));
  }
  Alone server = Alone::open();
  server.feed(frame(kFin | kClose, ""));
  CHECK(server.sent() == frame(kFin | kClose, "", false));
  CHECK(server.error == "connection closed by the other side");
}

TEST_CASE("[MQTT-6.0.0-3] a client asks for mqtt and for what it was told to") {
  WebSocketClientOptions options;
  options.host = "broker.example:8080";
  options.path = "/other";
  options.origin = "https://a.example";
  options.headers = {"Authorization: Bearer x"};
  Alone client(make_web_socket_client(options));
  client.feed("");
  const std::string request = client.sent();
  CHECK(request.starts_with("GET /other HTTP/1.1\r\nHost: broker.example:8080\r\n"));
  CHECK(request.find("\r\nSec-WebSocket-Protocol: mqtt\r\n") != std::string::npos);
  CHECK(request.find("\r\nOrigin: https://a.example\r\n") != std::string::npos);
  CHECK(request.ends_with("\r\nAuthorization: Bearer x\r\n\r\n"));
}

TEST_CASE("a server does not wait for the rest of what is no HTTP from its first byte on") {
  Alone server = Alone::server();
  server.feed("\x10");
  CHECK(server.error.find("not an HTTP request") != std::string::npos);
  CHECK(server.sent().starts_with("HTTP/1.1 400 "));
  CHECK_FALSE(server.filter->open());
}

TEST_CASE("a client says what was wrong with the answer") {
  const auto error_of = [](const std::function<std::string(const std::string&)>& answer) {
    Alone client(make_web_socket_client({}));
    client.feed("");
    const std::string request = client.sent();
    const size_t at = request.find("Key: ") + 5;
    client.feed(answer(web_socket_accept(request.substr(at, 24))));
    CHECK(client.filter->open() == client.error.empty());
    return client.error;
  };
  const auto good = [](const std::string& accept, const std::string& more = "",
                       const std::string& protocol = "mqtt") {
    return "HTTP/1.1 101 OK\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
           "Sec-WebSocket-Accept: " + accept + "\r\nSec-WebSocket-Protocol: " + protocol + "\r\n" +
           more + "\r\n";
  };
  CHECK(error_of([&](const std::string& accept) { return good(accept); }) == "");
  const auto has = [&](std::string_view part,
                       const std::function<std::string(const std::string&)>& answer) {
    const std::string text = error_of(answer);
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has("not to ours", [&](const std::string&) { return good("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); });
  has("not asked for", [&](const std::string& accept) {
    return good(accept, "Sec-WebSocket-Extensions: x\r\n");
  });
  has("not for MQTT", [&](const std::string& accept) { return good(accept, "", "chat"); });
  has("404 Not Found: there is no /mqtt; say which path with --ws-path",
      [](const std::string&) { return "HTTP/1.1 404 Not Found\r\n\r\n"s; });
  has("has moved to https://x/", [](const std::string&) {
    return "HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n"s;
  });
  has("is not HTTP", [](const std::string&) { return "\x15\x03\x01\r\n\r\n"s; });
  has("does not end", [](const std::string&) { return std::string(70'000, 'x'); });
}

TEST_CASE("a client masks, and a server must not") {
  Alone client(make_web_socket_client({}));
  client.feed("");
  const std::string key = client.sent().substr(client.sent().find("Key: ") + 5, 24);
  client.feed("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: " + web_socket_accept(key) +
              "\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n" + frame(kFin | kBinary, "ok", false));
  CHECK(client.plain == "ok");
  client.wire.clear();
  REQUIRE(client.filter->to_wire(to_bytes("hello"), client.wire));
  CHECK(client.sent().size() == 2 + 4 + 5);
  CHECK((static_cast<uint8_t>(client.sent()[1]) & 0x80) != 0);
  CHECK(client.sent().substr(6) != "hello");
  client.wire.clear();
  client.feed(frame(kFin | kBinary, "masked"));
  CHECK(client.error.find("masked frame from a server") != std::string::npos);
}

}  // namespace
}  // namespace mq::test
