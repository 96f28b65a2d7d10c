#include "io/broker_server.h"

#include <map>

#include <doctest/doctest.h>

#include "base/log.h"
#include "base/random.h"
#include "io/client_runner.h"
#include "io/harness.h"

namespace mq::test {
namespace {

// A broker and its clients in one loop.
struct Server {
  explicit Server(const BrokerOptions& options = {})
      : server(std::in_place, loop, options, access, 1) {
    REQUIRE(server->listen({.address = local_tcp(0)}));
  }
  Address address() const { return local_tcp(server->listeners().front()->port()); }
  bool run_until(std::function<bool()> done) { return test::run_until(loop, std::move(done)); }

  Loop loop;
  AllowAll access;
  std::optional<BrokerServer> server;
};

struct Client final : ClientRunner::Handler {
  Client(Server& s, const char* id, Version version = Version::kV5, RunnerOptions options = {})
      : Client(s, id, version, std::move(options), s.address()) {}
  Client(Server& s, const char* id, Version version, RunnerOptions options, Address address)
      : runner(std::make_unique<ClientRunner>(s.loop, at(std::move(options), std::move(address)),
                                              client_options(id, version), *this)) {
    runner->start();
    REQUIRE(s.run_until([this] { return runner->connected() || ended; }));
  }
  static RunnerOptions at(RunnerOptions options, Address address) {
    options.address = std::move(address);
    options.backoff = {.first = 1ms, .max = 1ms};
    options.seed = 1;
    return options;
  }
  static ClientOptions client_options(const char* id, Version version) {
    ClientOptions options;
    options.client_id = id;
    options.version = version;
    return options;
  }

  void on_event(const ClientEvent& event, Now) override {
    if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
      ++messages;
      bytes += arrived->publish.payload.size();
      last = to_string_view(arrived->publish.payload);
      if (arrived->publish.payload.size() < 100) all += last;
      digest = added(digest, last);
    } else if (std::holds_alternative<Subscribed>(event)) {
      ++subscribed;
    } else if (std::holds_alternative<Acked>(event)) {
      ++acked;
    }
  }
  // Of payloads in their order.
  static size_t added(size_t digest, std::string_view payload) {
    return digest * 31 + std::hash<std::string_view>()(payload);
  }
  void on_lost(const Error& e, Duration, Now) override { lost = e.text; }
  void on_ended(const Error* e, Now) override {
    ended = true;
    if (e != nullptr) lost = e->text;
  }
  void subscribe(const char* filter, Qos qos) {
    Buffer filters;
    SubscribeRequest request;
    request.filters = FilterListWriter(filters, true).add(filter, {.qos = qos}).list();
    REQUIRE(runner->session().subscribe(request));
    runner->wake();
  }
  void publish(std::string_view topic, std::string_view payload, Qos qos) {
    PublishRequest request;
    request.topic = topic;
    request.payload = to_bytes(payload);
    request.qos = qos;
    REQUIRE(runner->session().publish(request, Now{}));
    runner->wake();
  }

  int messages = 0, subscribed = 0, acked = 0;
  size_t bytes = 0, digest = 0;
  std::string last, all, lost;
  bool ended = false;
  std::unique_ptr<ClientRunner> runner;
};

TEST_CASE("publishers and subscribers of all versions through a broker") {
  Server s;
  std::vector<std::unique_ptr<Client>> subscribers;
  for (const Version version : {Version::kV31, Version::kV311, Version::kV5}) {
    subscribers.push_back(
        std::make_unique<Client>(s, ("s" + std::to_string(int(version))).c_str(), version));
    subscribers.back()->subscribe("a/#", Qos::kExactlyOnce);
  }
  REQUIRE(s.run_until([&] {
    return std::ranges::all_of(subscribers, [](auto& c) { return c->subscribed == 1; });
  }));
  Client publisher(s, "p");
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string payload = std::to_string(i) + " ";
    publisher.publish("a/b", payload, static_cast<Qos>(1 + i % 2));
    expected += payload;
  }
  CHECK(s.run_until([&] {
    return publisher.acked == 100 &&
           std::ranges::all_of(subscribers, [](auto& c) { return c->messages == 100; });
  }));
  for (const auto& subscriber : subscribers) CHECK(subscriber->all == expected);
}

TEST_CASE("a large message") {
  Server s;
  Client subscriber(s, "s"), publisher(s, "p");
  subscriber.subscribe("t", Qos::kAtLeastOnce);
  REQUIRE(s.run_until([&] { return subscriber.subscribed == 1; }));
  std::string payload(10'000'000, '\0');
  for (size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 7 + i / 251);
  publisher.publish("t", payload, Qos::kAtLeastOnce);
  CHECK(s.run_until([&] { return subscriber.messages == 1 && publisher.acked == 1; }));
  CHECK(subscriber.last == payload);
}

TEST_CASE("a unix socket and TCP are the same broker") {
  Server s;
  const TempDir directory;
  Address path;
  path.kind = TransportKind::kUnix;
  path.host = directory.file("mq.sock");
  REQUIRE(s.server->listen({.address = path}));
  CHECK(s.server->listeners().size() == 2);
  const auto taken = s.server->listen({.address = local_tcp(s.address().port)});
  CHECK(taken.error().code == ErrorCode::kAddressInUse);
  {
    Client over_tcp(s, "a");
    over_tcp.subscribe("t", Qos::kAtMostOnce);
    REQUIRE(s.run_until([&] { return over_tcp.subscribed == 1; }));
    std::unique_ptr<Peer> raw;
    Dialer dialer(s.loop, {.address = path}, [&](Result<UvStream> stream) {
      REQUIRE(stream);
      raw = std::make_unique<Peer>(std::move(*stream));
    });
    REQUIRE(s.run_until([&] { return raw != nullptr; }));
    using namespace std::literals;
    raw->send("\x10\x0c\0\4MQTT\4\2\0\0\0\0"
              "\x30\x05\0\1thi"sv);
    CHECK(s.run_until([&] { return over_tcp.last == "hi"; }));
    CHECK(raw->got == "\x20\2\0\0"sv);
  }
  s.server.reset();
}

TEST_CASE("takeover closes the older connection") {
  Server s;
  Client first(s, "same");
  Client second(s, "same");
  CHECK(s.run_until([&] { return first.ended; }));
  CHECK(first.lost.find("Session taken over (0x8E)") != std::string::npos);
  CHECK(second.runner->connected());
  CHECK(s.server->broker().connections() == 1);
}

TEST_CASE("what is not MQTT is closed, and the broker goes on") {
  Server s;
  std::unique_ptr<Peer> raw;
  Dialer dialer(s.loop, {.address = s.address()}, [&](Result<UvStream> stream) {
    raw = std::make_unique<Peer>(std::move(*stream));
  });
  REQUIRE(s.run_until([&] { return raw != nullptr; }));
  raw->send("HEAD / HTTP/1.1\r\n\r\n");
  CHECK(s.run_until([&] { return raw->is_closed(); }));
  CHECK(raw->got.empty());
  CHECK(s.run_until([&] { return s.server->broker().connections() == 0; }));
  CHECK(Client(s, "c").runner->connected());
}

TEST_CASE("a client that never sends CONNECT is closed in time") {
  BrokerOptions options;
  options.connect_timeout = 20ms;
  Server s(options);
  std::unique_ptr<Peer> raw;
  Dialer dialer(s.loop, {.address = s.address()}, [&](Result<UvStream> stream) {
    raw = std::make_unique<Peer>(std::move(*stream));
  });
  CHECK(s.run_until([&] { return raw && raw->is_closed(); }));
}

TEST_CASE("connections over the limit are closed at once") {
  BrokerOptions options;
  options.connections_max = 1;
  Server s(options);
  int warnings = 0;
  const LogSink before = set_log_sink([&](LogLevel, std::string_view event, std::string_view) {
    CHECK(event == "connection_refused");
    ++warnings;
  });
  Client first(s, "a");
  Client second(s, "b");
  CHECK(second.ended);
  CHECK(warnings == 1);
  set_log_sink(before);
  CHECK(first.runner->connected());
  first.runner->stop();
  CHECK(s.run_until([&] { return s.server->broker().connections() == 0; }));
  CHECK(Client(s, "c").runner->connected());
}

TEST_CASE("a slow subscriber gets everything when it reads again") {
  Server s;
  Client subscriber(s, "s"), publisher(s, "p");
  subscriber.subscribe("t", Qos::kAtMostOnce);
  REQUIRE(s.run_until([&] { return subscriber.subscribed == 1; }));
  subscriber.runner->pause_reading();
  const std::string payload(10'000, 'x');
  constexpr int kMessages = 2000;  // 20 MB: more than sockets hold
  for (int i = 0; i < kMessages; ++i) publisher.publish("t", payload, Qos::kAtMostOnce);
  REQUIRE(s.run_until([&] {
    return publisher.runner->session().queued() == 0 && publisher.runner->flushed();
  }));
  subscriber.runner->resume_reading();
  CHECK(s.run_until([&] { return subscriber.messages == kMessages; }));
  CHECK(subscriber.bytes == kMessages * payload.size());
}

// Whoever stops, stops a write in the middle of a message, with acknowledgements behind it.
TEST_CASE("a large message between small and empty ones, for subscribers that stop and go") {
  Server s;
  const TempDir directory;
  Address path;  // a unix socket holds less than a TCP connection
  path.kind = TransportKind::kUnix;
  path.host = directory.file("mq.sock");
  REQUIRE(s.server->listen({.address = path}));
  std::vector<std::unique_ptr<Client>> clients;
  for (const Version version : {Version::kV31, Version::kV311, Version::kV5}) {
    for (const Address& address : {s.address(), path}) {
      const std::string id = std::to_string(clients.size());
      clients.push_back(std::make_unique<Client>(s, id.c_str(), version, RunnerOptions{}, address));
    }
  }
  Client publisher(s, "p", Version::kV5, RunnerOptions{}, path);
  for (const auto& client : clients) client->subscribe("t", Qos::kExactlyOnce);
  REQUIRE(s.run_until(
      [&] { return std::ranges::all_of(clients, [](auto& c) { return c->subscribed == 1; }); }));

  Random random(7);
  std::vector<bool> paused(clients.size() + 1);
  Timer timer(s.loop, [&](Now now) {
    const size_t i = random.below(paused.size());
    ClientRunner& runner = i < clients.size() ? *clients[i]->runner : *publisher.runner;
    paused[i] = !paused[i];
    if (paused[i]) {
      runner.pause_reading();
    } else {
      runner.resume_reading();
    }
    timer.set(now.mono + 1ms);
  });
  timer.set(s.loop.now().mono);

  int published = 0, acknowledged = 0;
  size_t digest = 0;
  // Each round comes to rest: traffic behind it would wake up what has been forgotten.
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> lines;  // more than one batch
    for (int i = 0; i < 50; ++i) {
      constexpr size_t kSizes[] = {0, 0, 3, 100, 5000, 50'000};
      lines.emplace_back(kSizes[random.below(std::size(kSizes))], static_cast<char>(i));
    }
    lines[random.below(lines.size())].assign(700'000 + random.below(600'000), 'x');
    const auto qos = static_cast<Qos>(round % 3);
    for (const std::string& line : lines) {
      publisher.publish("t", line, qos);
      digest = Client::added(digest, line);
      ++published;
      if (qos != Qos::kAtMostOnce) ++acknowledged;
    }
    REQUIRE(s.run_until([&] {
      return publisher.acked == acknowledged &&
             std::ranges::all_of(clients, [&](auto& c) { return c->messages == published; });
    }));
  }
  for (const auto& client : clients) {
    CHECK(client->digest == digest);
    CHECK(client->lost == "");
  }
  s.server.reset();  // before the directory
}

TEST_CASE("a client that does not read its answers is not read") {
  using namespace std::literals;
  Server s;
  const TempDir directory;
  Address path;  // a unix socket holds less than a TCP connection
  path.kind = TransportKind::kUnix;
  path.host = directory.file("mq.sock");
  REQUIRE(s.server->listen({.address = path}));
  std::unique_ptr<Peer> raw;
  Dialer dialer(s.loop, {.address = path}, [&](Result<UvStream> stream) {
    raw = std::make_unique<Peer>(std::move(*stream));
  });
  REQUIRE(s.run_until([&] { return raw != nullptr; }));
  raw->send("\x10\x0c\0\4MQTT\4\2\0\0\0\0"sv);
  REQUIRE(s.run_until([&] { return raw->got.size() == 4; }));
  raw->transport->pause();
  std::string pings;
  while (pings.size() < 60'000) pings += "\xC0\0"sv;
  size_t sent = 0;
  bool stuck = false;
  Timer timer(s.loop, [&](Now) { stuck = true; });
  CHECK(s.run_until([&] {
    if (!raw->transport->busy()) {
      raw->send(pings);
      sent += pings.size();
      REQUIRE(sent < 20'000'000);
      // It is stuck when a while passes in which nothing more can be sent.
      stuck = false;
      timer.set(s.loop.now().mono + 200ms);
    }
    return stuck;
  }));
  CHECK(raw->transport->busy());
  raw->transport->resume();
  CHECK(s.run_until([&] { return raw->got.size() == 4 + sent; }));
  s.server.reset();  // before the directory
}

TEST_CASE("shut down tells 5.0 clients and waits for the rest") {
  Server s;
  Client v5(s, "v5"), v3(s, "v3", Version::kV311, {.address = {}, .reconnect = false});
  bool done = false;
  s.server->shut_down(5s, [&] {
    done = true;
    s.server.reset();  // is allowed here
  });
  CHECK_FALSE(done);
  CHECK(s.run_until([&] { return done && !v5.lost.empty() && v3.ended; }));
  CHECK(v5.lost.ends_with("Server shutting down (0x8B): the server is shutting down"));
  CHECK(v3.lost.find("lost") != std::string::npos);
}

TEST_CASE("shut down without connections, and with one that does not go") {
  Server idle;
  bool done = false;
  idle.server->shut_down(5s, [&] { done = true; });
  CHECK(idle.run_until([&] { return done; }));

  Server s;
  Client stuck(s, "c");
  stuck.runner->pause_reading();
  done = false;
  s.server->shut_down(20ms, [&] { done = true; });
  CHECK(s.run_until([&] { return done; }));
  CHECK(s.server->broker().connections() == 0);
}

TEST_CASE("connections are logged with their peer") {
  Server s;
  set_log_level(LogLevel::kInfo);
  std::vector<std::string> lines;
  const LogSink before = set_log_sink([&](LogLevel, std::string_view, std::string_view line) {
    lines.emplace_back(line);
  });
  {
    Client client(s, "me");
    client.runner->stop();
    CHECK(s.run_until([&] { return s.server->broker().connections() == 0; }));
  }
  set_log_sink(before);
  set_log_level(LogLevel::kNotice);
  REQUIRE_FALSE(lines.empty());
  for (const std::string& line : lines) {
    CHECK_MESSAGE(line.find("client=me peer=127.0.0.1:") != std::string::npos, line);
  }
}

}  // namespace
}  // namespace mq::test
