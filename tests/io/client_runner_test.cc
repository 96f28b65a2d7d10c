#include "io/client_runner.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/frame_reader.h"
#include "io/harness.h"

namespace mq::test {
namespace {

// A server that does what the test says with each packet.
class FakeServer {
 public:
  struct Connection {
    explicit Connection(UvStream stream) : peer(std::move(stream)) {}
    Peer peer;
    FrameReader reader;
    template <class P>
    void send(const P& packet, Version version) {
      Buffer bytes;
      encode(packet, version, bytes);
      peer.send(to_string_view(bytes.bytes()));
    }
  };
  using OnPacket = std::function<void(Connection&, const Packet&)>;

  FakeServer(Loop& loop, OnPacket on_packet, Version v = Version::kV311, uint16_t port = 0)
      : version(v), on_packet_(std::move(on_packet)) {
    auto opened = listen_on(loop, local_tcp(port), [this](UvStream s) { accepted(std::move(s)); });
    REQUIRE(opened);
    listeners = std::move(*opened);
  }
  Address address() const { return local_tcp(listeners.front()->port()); }
  template <class P>
  int count() const {
    return static_cast<int>(
        std::ranges::count_if(kinds, [](size_t kind) { return kind == Packet(P{}).index(); }));
  }

  Version version;
  Listeners listeners;
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<size_t> kinds;  // of all packets, in order
  int accepted_count = 0;

 private:
  void accepted(UvStream stream) {
    ++accepted_count;
    connections.push_back(std::make_unique<Connection>(std::move(stream)));
    Connection& c = *connections.back();
    c.peer.on_received = [this, &c] {
      const std::string got = std::exchange(c.peer.got, {});
      Bytes bytes = to_bytes(got);
      for (;;) {
        const auto frame = c.reader.next(bytes);
        REQUIRE(frame);
        if (!frame->has_value()) return;
        const auto packet = decode(**frame, version, Side::kClient);
        REQUIRE(packet);
        kinds.push_back(packet->index());
        if (!c.peer.transport->closing()) on_packet_(c, *packet);
      }
    };
  }
  OnPacket on_packet_;
};

// Accepts connections and acknowledges QoS 1.
void well_behaved(FakeServer::Connection& c, const Packet& packet, Version version) {
  if (std::holds_alternative<Connect>(packet)) c.send(Connack{}, version);
  if (const auto* publish = std::get_if<Publish>(&packet)) {
    if (publish->qos == Qos::kAtLeastOnce) {
      c.send(Ack{PacketType::kPuback, publish->packet_id, ReasonCode::kSuccess, {}}, version);
    }
  }
  if (std::holds_alternative<Pingreq>(packet)) c.send(Pingresp{}, version);
}
void well_behaved_v3(FakeServer::Connection& c, const Packet& packet) {
  well_behaved(c, packet, Version::kV311);
}

struct Client final : ClientRunner::Handler {
  Client(Loop& loop, RunnerOptions options, ClientOptions client = {})
      : runner(std::make_unique<ClientRunner>(loop, with_quick_backoff(std::move(options)),
                                              std::move(client), *this)) {
    runner->start();
  }
  static RunnerOptions with_quick_backoff(RunnerOptions options) {
    options.backoff = {.first = 2ms, .max = 2ms};
    options.seed = 1;
    return options;
  }
  void on_event(const ClientEvent& event, Now now) override {
    if (std::holds_alternative<Connected>(event)) ++connected;
    if (std::holds_alternative<Acked>(event)) ++acked;
    if (const auto* arrived = std::get_if<MessageArrived>(&event)) {
      received_bytes += arrived->publish.payload.size();
    }
    if (then) then(event, now);
  }
  void on_progress(Now now) override {
    ++progress;
    if (then_progress) then_progress(now);
  }
  void on_lost(const Error& e, Duration retry_in, Now) override {
    ++lost;
    lost_error = e;
    CHECK(retry_in <= 2ms);
    if (then_lost) then_lost();
  }
  void on_ended(const Error* e, Now) override {
    ++ended;
    if (e != nullptr) error = *e;
    runner.reset();  // is allowed here
  }
  void publish(std::string_view payload, Qos qos) {
    PublishRequest request;
    request.topic = "t";
    request.payload = to_bytes(payload);
    request.qos = qos;
    REQUIRE(runner->session().publish(request, Now{}));
    runner->wake();
  }

  int connected = 0, acked = 0, progress = 0, lost = 0, ended = 0;
  size_t received_bytes = 0;
  std::optional<Error> error, lost_error;
  std::function<void(const ClientEvent&, Now)> then;
  std::function<void(Now)> then_progress;
  std::function<void()> then_lost;
  std::unique_ptr<ClientRunner> runner;
};

ClientOptions version5() {
  ClientOptions options;
  options.version = Version::kV5;
  return options;
}

TEST_CASE("connect, publish, acknowledge, disconnect") {
  Loop loop;
  FakeServer server(loop, well_behaved_v3);
  Client client(loop, {.address = server.address()});
  client.publish("one", Qos::kAtLeastOnce);  // waits for the connection
  client.then = [&](const ClientEvent& event, Now) {
    if (std::holds_alternative<Acked>(event)) client.runner->stop();
  };
  CHECK_FALSE(client.runner->connected());
  CHECK(run_until(loop, [&] { return client.ended == 1; }));
  CHECK_FALSE(client.error);
  CHECK(client.acked == 1);
  CHECK(client.lost == 0);
  CHECK(server.kinds == std::vector{Packet(Connect{}).index(), Packet(Publish{}).index(),
                                    Packet(Disconnect{}).index()});
}

TEST_CASE("the first failure ends it, unless another try was asked for") {
  Loop loop;
  uint16_t port = 0;
  { port = FakeServer(loop, well_behaved_v3).address().port; }
  Client once(loop, {.address = local_tcp(port)});
  CHECK(run_until(loop, [&] { return once.ended == 1; }));
  CHECK(once.error->code == ErrorCode::kRefused);
  CHECK(once.lost == 0);

  Client stubborn(loop, {.address = local_tcp(port), .retry_first = true});
  std::optional<FakeServer> server;
  CHECK(run_until(loop, [&] {
    if (stubborn.lost == 3 && !server) server.emplace(loop, well_behaved_v3, Version::kV311, port);
    return stubborn.connected == 1;
  }));
  CHECK(stubborn.lost >= 3);
  CHECK(stubborn.lost_error->code == ErrorCode::kRefused);
}

TEST_CASE("a lost connection is made again and what was not acknowledged is sent again") {
  Loop loop;
  std::vector<bool> dups;
  std::vector<uint16_t> ids;
  FakeServer server(loop, [&](FakeServer::Connection& c, const Packet& packet) {
    if (const auto* publish = std::get_if<Publish>(&packet)) {
      dups.push_back(publish->dup);
      ids.push_back(publish->packet_id);
      if (dups.size() == 1) return c.peer.transport->close();  // instead of a PUBACK
      return well_behaved_v3(c, packet);
    }
    if (std::holds_alternative<Connect>(packet)) {
      c.send(Connack{dups.size() == 1, ReasonCode::kSuccess, {}}, Version::kV311);
    }
  });
  ClientOptions options;
  options.client_id = "c";
  options.clean_start = false;
  Client client(loop, {.address = server.address()}, options);
  client.publish("one", Qos::kAtLeastOnce);
  CHECK(run_until(loop, [&] { return client.acked == 1; }));
  CHECK(client.connected == 2);
  CHECK(client.lost == 1);
  CHECK(client.lost_error->code == ErrorCode::kClosed);
  CHECK(client.lost_error->text.starts_with("connection to 127.0.0.1:"));
  CHECK(dups == std::vector{false, true});
  CHECK(ids == std::vector<uint16_t>{1, 1});
}

TEST_CASE("a server that accepts and does no more is asked less and less often") {
  Loop loop;
  bool acknowledges = false;
  FakeServer server(loop, [&](FakeServer::Connection& c, const Packet& packet) {
    if (std::holds_alternative<Connect>(packet)) return c.send(Connack{}, Version::kV311);
    if (acknowledges) well_behaved_v3(c, packet);
    c.peer.transport->close();
  });
  Client client(loop, {.address = server.address(), .failures_max = 3});
  // As many as may fail in a row, though each connection was accepted.
  SUBCASE("it ends") {
    client.publish("poison", Qos::kExactlyOnce);
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK(client.connected >= 4);
    CHECK(client.error->code == ErrorCode::kClosed);
  }
  SUBCASE("what is acknowledged begins anew") {
    acknowledges = true;
    client.then_lost = [&] { client.publish("one more", Qos::kAtLeastOnce); };
    client.publish("one", Qos::kAtLeastOnce);
    CHECK(run_until(loop, [&] { return client.acked == 10; }));
    CHECK(client.ended == 0);
  }
}

TEST_CASE("a connection that is cut comes back, whatever happens to others") {
  Loop loop;
  std::optional<FakeServer> server(std::in_place, loop, well_behaved_v3);
  const uint16_t port = server->address().port;
  Client client(loop, {.address = server->address(), .reconnect = true});
  CHECK_FALSE(client.runner->cut(1ms));  // there is none
  REQUIRE(run_until(loop, [&] { return client.connected == 1; }));
  SUBCASE("without DISCONNECT, and with what was not acknowledged") {
    client.publish("once", Qos::kAtLeastOnce);
    CHECK(client.runner->cut(1ms));
    CHECK(client.runner->fd() == -1);
    CHECK_FALSE(client.runner->connected());
    CHECK_FALSE(client.runner->cut(1ms));
    REQUIRE(run_until(loop, [&] { return client.acked == 1; }));
    CHECK(client.connected == 2);
    CHECK(client.lost == 0);
    CHECK(server->count<Connect>() == 2);
    CHECK(server->count<Disconnect>() == 0);
  }
  SUBCASE("the next tries are as after any loss") {
    server.reset();
    // Closed by the server or by us, whichever is seen first.
    static_cast<void>(client.runner->cut(1ms));
    REQUIRE(run_until(loop, [&] { return client.lost >= 2; }));
    server.emplace(loop, well_behaved_v3, Version::kV311, port);
    REQUIRE(run_until(loop, [&] { return client.connected == 2; }));
  }
  SUBCASE("it is stopped while it waits") {
    CHECK(client.runner->cut(1h));
    client.runner->stop();
    CHECK_FALSE(client.runner->cut(1h));
  }
  if (client.runner) client.runner->stop();
  REQUIRE(run_until(loop, [&] { return client.ended == 1; }));
  CHECK_FALSE(client.error);
}

TEST_CASE("a lost connection ends it where that was asked for") {
  Loop loop;
  FakeServer server(loop, [&](FakeServer::Connection& c, const Packet&) {
    c.send(Connack{}, Version::kV311);
    c.peer.transport->close();
  });
  Client client(loop, {.address = server.address(), .reconnect = false});
  CHECK(run_until(loop, [&] { return client.ended == 1; }));
  CHECK(client.connected == 1);
  CHECK(client.error->code == ErrorCode::kClosed);
}

TEST_CASE("a server that does not know MQTT 5.0 is spoken to in 3.1.1") {
  Loop loop;
  std::vector<Version> asked;
  // How those that know less say so: a CONNACK of 5.0, one of 3.1.1, nothing at all.
  enum { kV5Refusal, kV311Refusal, kCloses, kSaysNothing } how = kV5Refusal;
  FakeServer server(loop, [&](FakeServer::Connection& c, const Packet& packet) {
    const auto* connect = std::get_if<Connect>(&packet);
    if (connect == nullptr) return;
    asked.push_back(connect->version);
    if (connect->version != Version::kV5) return c.send(Connack{}, Version::kV311);
    if (how == kSaysNothing) return;
    const Connack refusal{false, ReasonCode::kUnsupportedProtocolVersion, {}};
    if (how != kCloses) c.send(refusal, how == kV5Refusal ? Version::kV5 : Version::kV311);
    c.peer.transport->close();
  });
  const std::vector<Version> first_5_then_311{Version::kV5, Version::kV311};
  for (const auto next : {kV5Refusal, kV311Refusal, kCloses}) {
    how = next;
    CAPTURE(how);
    asked.clear();
    Client client(loop, {.address = server.address(), .or_v311 = true}, version5());
    CHECK(run_until(loop, [&] { return client.connected == 1; }));
    CHECK(asked == first_5_then_311);
    CHECK(client.runner->session().options().version == Version::kV311);
    CHECK(client.lost == 0);
  }
  // Mosca is one of those. On a machine without time to spare 3.1.1 may need more than one try.
  how = kSaysNothing;
  asked.clear();
  Client patient(
      loop,
      {.address = server.address(), .connect_timeout = 50ms, .or_v311 = true, .retry_first = true},
      version5());
  CHECK(run_until(loop, [&] { return patient.connected == 1; }));
  REQUIRE(asked.size() >= 2);
  asked.resize(2);
  CHECK(asked == first_5_then_311);
  // Not unless it may, and not when 3.1.1 was what was refused.
  how = kCloses;
  asked.clear();
  Client strict(loop, {.address = server.address()}, version5());
  CHECK(run_until(loop, [&] { return strict.ended == 1; }));
  CHECK(asked == std::vector{Version::kV5});
}

TEST_CASE("the fall back is for refused versions, and for once") {
  Loop loop;
  std::vector<Version> asked;
  ReasonCode reason = ReasonCode::kUnsupportedProtocolVersion;
  FakeServer server(loop, [&](FakeServer::Connection& c, const Packet& packet) {
    const auto* connect = std::get_if<Connect>(&packet);
    if (connect == nullptr) return;
    asked.push_back(connect->version);
    c.send(Connack{false, reason, {}}, connect->version);
    c.peer.transport->close();
  });
  SUBCASE("neither version") {
    Client client(loop, {.address = server.address(), .or_v311 = true}, version5());
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK(asked == std::vector{Version::kV5, Version::kV311});
    CHECK(client.error->text.find("(return code 1)") != std::string::npos);
  }
  SUBCASE("a password") {
    reason = ReasonCode::kBadUserNameOrPassword;
    Client client(loop, {.address = server.address(), .or_v311 = true}, version5());
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK(asked == std::vector{Version::kV5});
  }
}

TEST_CASE("a refused client does not try again, a server that is busy is asked again") {
  Loop loop;
  SUBCASE("bad password") {
    FakeServer server(loop, [&](FakeServer::Connection& c, const Packet&) {
      c.send(Connack{false, ReasonCode::kBadUserNameOrPassword, {}}, Version::kV311);
      c.peer.transport->close();
    });
    Client client(loop, {.address = server.address(), .retry_first = true});
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK(client.error->code == ErrorCode::kNotAuthorized);
    CHECK(
        client.error->text.find("bad user name or password (return code 4); it may want a user") !=
        std::string::npos);
    CHECK(client.lost == 0);
    CHECK(server.accepted_count == 1);
  }
  SUBCASE("the refusal counts also when the server leaves closing to us") {
    FakeServer server(
        loop,
        [&](FakeServer::Connection& c, const Packet&) {
          c.send(Connack{false, ReasonCode::kNotAuthorized, {}}, Version::kV5);
        },
        Version::kV5);
    Client client(loop, {.address = server.address(), .retry_first = true}, version5());
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK(client.error->text.find("Not authorized (0x87); it may want a user name (-u)") !=
          std::string::npos);
  }
  SUBCASE("unavailable") {
    FakeServer server(loop, [&](FakeServer::Connection& c, const Packet&) {
      const bool busy = server.accepted_count < 3;
      c.send(Connack{false, busy ? ReasonCode::kServerUnavailable : ReasonCode::kSuccess, {}},
             Version::kV311);
      if (busy) c.peer.transport->close();
    });
    Client client(loop, {.address = server.address(), .retry_first = true});
    CHECK(run_until(loop, [&] { return client.connected == 1; }));
    CHECK(client.lost == 2);
    CHECK(client.lost_error->text.ends_with("the server is unavailable (return code 3)"));
  }
}

TEST_CASE("the reason of a DISCONNECT decides whether to come back") {
  Loop loop;
  ReasonCode reason = ReasonCode::kServerShuttingDown;
  FakeServer server(
      loop,
      [&](FakeServer::Connection& c, const Packet& packet) {
        if (!std::holds_alternative<Connect>(packet)) return;
        c.send(Connack{}, Version::kV5);
        c.send(Disconnect{reason, {}}, Version::kV5);
        c.peer.transport->close();
        reason = ReasonCode::kSessionTakenOver;
      },
      Version::kV5);
  Client client(loop, {.address = server.address()}, version5());
  CHECK(run_until(loop, [&] { return client.ended == 1; }));
  CHECK(client.connected == 2);
  CHECK(client.lost == 1);
  CHECK(client.lost_error->text.ends_with("Server shutting down (0x8B)"));
  CHECK(client.error->text.ends_with("Session taken over (0x8E)"));
}

TEST_CASE("a server that is none") {
  Loop loop;
  SUBCASE("silent") {
    FakeServer server(loop, [](FakeServer::Connection&, const Packet&) {});
    Client client(loop, {.address = server.address(), .connect_timeout = 20ms});
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK(client.error->code == ErrorCode::kTimedOut);
    CHECK(client.error->text.starts_with(
        server.address().text() +
        " does not answer: no CONNACK within 0.02 s (is it an MQTT server?"));
  }
  SUBCASE("closes") {
    FakeServer server(loop,
                      [](FakeServer::Connection& c, const Packet&) { c.peer.transport->close(); });
    Client client(loop, {.address = server.address()});
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK(client.error->code == ErrorCode::kClosed);
    CHECK(client.error->text.find("without an answer to CONNECT") != std::string::npos);
  }
  SUBCASE("speaks something else") {
    FakeServer server(loop, [](FakeServer::Connection& c, const Packet&) {
      c.peer.send(
          "HTTP/1.1 400 Bad Request\r\nServer: teapot/1.0 (short and stout)\r\n"
          "Content-Type: text/plain\r\nConnection: close\r\n\r\n");
    });
    Client client(loop, {.address = server.address(), .retry_first = true});
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK(client.error->text.starts_with(server.address().text() + ": the server sent "));
    CHECK(client.lost == 0);
  }
}

TEST_CASE("stop ends it in every state") {
  Loop loop;
  FakeServer silent(loop, [](FakeServer::Connection&, const Packet&) {});
  SUBCASE("dialing") {
    Client client(loop, {.address = silent.address()});
    client.runner->stop();
    client.runner->stop();
    CHECK(client.ended == 0);  // never from within stop()
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK_FALSE(client.error);
    CHECK(silent.accepted_count == 0);
  }
  SUBCASE("waiting for CONNACK") {
    Client client(loop, {.address = silent.address()});
    CHECK(run_until(loop, [&] { return silent.count<Connect>() == 1; }));
    client.runner->stop();
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK_FALSE(client.error);
  }
  SUBCASE("waiting for the next try") {
    Client client(loop, {.address = local_tcp(1), .retry_first = true});
    client.then_lost = [&] { client.runner->stop(); };
    CHECK(run_until(loop, [&] { return client.ended == 1; }));
    CHECK_FALSE(client.error);
    CHECK(client.lost == 1);
  }
}

TEST_CASE("stop waits no longer than its deadline for a server that does not read") {
  Loop loop;
  FakeServer server(loop, [&](FakeServer::Connection& c, const Packet&) {
    c.send(Connack{}, Version::kV311);
    c.peer.transport->pause();
  });
  Client client(loop, {.address = server.address()});
  REQUIRE(run_until(loop, [&] { return client.connected == 1; }));
  const std::string large(30'000'000, 'x');
  client.publish(large, Qos::kAtMostOnce);
  const Time start = loop.read_clock().mono;
  client.runner->stop(ReasonCode::kSuccess, {}, 30ms);
  CHECK(run_until(loop, [&] { return client.ended == 1; }));
  CHECK(loop.read_clock().mono - start >= 30ms);
  CHECK(loop.read_clock().mono - start < 1s);
  CHECK_FALSE(client.error);
}

TEST_CASE("stop sends what is queued and its reason") {
  Loop loop;
  std::optional<ReasonCode> reason;
  FakeServer server(
      loop,
      [&](FakeServer::Connection& c, const Packet& packet) {
        if (const auto* disconnect = std::get_if<Disconnect>(&packet)) reason = disconnect->reason;
        well_behaved(c, packet, Version::kV5);
      },
      Version::kV5);
  Client client(loop, {.address = server.address()}, version5());
  REQUIRE(run_until(loop, [&] { return client.connected == 1; }));
  for (int i = 0; i < 1000; ++i) client.publish("payload", Qos::kAtMostOnce);
  client.runner->stop(ReasonCode::kDisconnectWithWill);
  CHECK(run_until(loop, [&] { return client.ended == 1; }));
  CHECK(run_until(loop, [&] { return reason.has_value(); }));
  CHECK(server.count<Publish>() == 1000);
  CHECK(*reason == ReasonCode::kDisconnectWithWill);
}

TEST_CASE("a publisher that follows on_progress is bounded by what the network takes") {
  Loop loop;
  FakeServer server(loop, well_behaved_v3);
  Client client(loop, {.address = server.address()});
  constexpr int kMessages = 20'000;
  int published = 0;
  uint32_t queued_max = 0;
  client.then_progress = [&](Now) {
    while (published < kMessages && client.runner->session().queued() < 100) {
      client.publish("payload", published % 2 == 0 ? Qos::kAtMostOnce : Qos::kAtLeastOnce);
      ++published;
    }
    queued_max = std::max(queued_max, client.runner->session().queued());
    if (published == kMessages && client.runner->session().queued() == 0) client.runner->stop();
  };
  CHECK(run_until(
      loop, [&] { return client.ended == 1; }, 60s));
  CHECK(run_until(loop, [&] { return server.count<Disconnect>() == 1; }));
  CHECK(server.count<Publish>() == kMessages);
  CHECK(client.acked == kMessages / 2);
  CHECK(queued_max == 100);
}

TEST_CASE("a reader that pauses makes the server wait") {
  Loop loop;
  FakeServer server(loop, well_behaved_v3);
  Client client(loop, {.address = server.address()});
  REQUIRE(run_until(loop, [&] { return client.connected == 1; }));
  client.runner->pause_reading();
  const std::string payload(60'000, 'x');
  FakeServer::Connection& c = *server.connections.front();
  size_t sent = 0;
  while (!c.peer.transport->busy()) {
    Publish publish;
    publish.topic = "t";
    publish.payload = to_bytes(payload);
    c.send(publish, Version::kV311);
    sent += payload.size();
    REQUIRE(sent < 64'000'000);
  }
  client.runner->resume_reading();
  CHECK(run_until(loop, [&] { return client.received_bytes == sent; }));
}

TEST_CASE("keep alive") {
  Loop loop;
  FakeServer server(loop, well_behaved_v3);
  ClientOptions options;
  options.keep_alive_s = 1;
  Client client(loop, {.address = server.address()}, options);
  bool pong = false;
  client.then = [&](const ClientEvent& event, Now) {
    pong = pong || std::holds_alternative<PongReceived>(event);
  };
  CHECK(run_until(loop, [&] { return pong; }));
  CHECK(server.count<Pingreq>() == 1);
}

TEST_CASE("a reader that pauses for longer than keep alive keeps the connection") {
  Loop loop;
  FakeServer server(loop, well_behaved_v3);
  ClientOptions options;
  options.keep_alive_s = 1;
  Client client(loop, {.address = server.address()}, options);
  REQUIRE(run_until(loop, [&] { return client.connected == 1; }));
  client.runner->pause_reading();
  // Longer than a PINGREQ may go unanswered.
  const Time enough = loop.now().mono + ClientSession::kPingTimeoutMin + 1200ms;
  Timer timer(loop, [](Now) {});
  timer.set(enough);
  CHECK(run_until(loop, [&] { return loop.now().mono >= enough; }));
  client.runner->resume_reading();
  client.publish("still here", Qos::kAtLeastOnce);
  CHECK(run_until(loop, [&] { return client.acked == 1; }));
  CHECK(client.lost == 0);
  CHECK(server.count<Pingreq>() >= 5);
}

TEST_CASE("many runners in one loop") {
  constexpr int kRunners = 200;
  Loop loop;
  FakeServer server(loop, well_behaved_v3);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < kRunners; ++i) {
    clients.push_back(std::make_unique<Client>(loop, RunnerOptions{.address = server.address()}));
    clients.back()->publish("hello", Qos::kAtLeastOnce);
    Client& client = *clients.back();
    client.then = [&client](const ClientEvent& event, Now) {
      if (std::holds_alternative<Acked>(event)) client.runner->stop();
    };
  }
  CHECK(run_until(loop, [&] {
    return std::ranges::all_of(clients, [](const auto& c) { return c->ended == 1; });
  }));
  CHECK(std::ranges::all_of(clients, [](const auto& c) { return c->acked == 1 && !c->error; }));
}

TEST_CASE("a runner may go at any time outside its handler") {
  Loop loop;
  FakeServer server(loop, well_behaved_v3);
  { Client not_dialed(loop, {.address = server.address()}); }
  auto client = std::make_unique<Client>(loop, RunnerOptions{.address = server.address()});
  REQUIRE(run_until(loop, [&] { return client->connected == 1; }));
  client.reset();
  CHECK(run_until(loop, [&] { return server.connections.front()->peer.is_closed(); }));
}

TEST_CASE("what is wrong with the options is said and not tried again") {
  Loop loop;
  Client client(loop, {.address = local_tcp(1), .bind_address = "nonsense", .retry_first = true});
  CHECK(run_until(loop, [&] { return client.ended == 1; }));
  CHECK(client.error->code == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace mq::test
