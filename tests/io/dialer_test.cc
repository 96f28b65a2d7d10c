#include "io/dialer.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "io/harness.h"
#include "io/socket_address.h"

namespace mq::test {
namespace {

struct Outcome {
  bool done = false;
  bool ok = false;
  Error error{};
  std::string peer;
};

// Dials until it is over.
Outcome dial(Loop& loop, DialOptions options) {
  Outcome outcome;
  Dialer dialer(loop, std::move(options), [&](Result<UvStream> stream) {
    outcome.done = true;
    outcome.ok = stream.has_value();
    if (stream) {
      outcome.peer = Peer(std::move(*stream)).transport->peer();
    } else {
      outcome.error = stream.error();
    }
  });
  CHECK_FALSE(outcome.done);  // never before the loop runs
  REQUIRE(run_until(loop, [&] { return outcome.done; }));
  return outcome;
}

// A port that nobody listens on, because this socket holds it.
struct BoundPort {
  explicit BoundPort(bool listening = false, int backlog = 0) {
    fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    if (listening) REQUIRE(listen(fd, backlog) == 0);
  }
  ~BoundPort() { close(fd); }
  int fd;
  uint16_t port;
};

bool has_ipv6() {
  Loop loop;
  return Listener::open_tcp(loop, *numeric_address("::1", 0), [](UvStream) {}).has_value();
}

TEST_CASE("refused") {
  Loop loop;
  const BoundPort port;
  const Outcome numeric = dial(loop, {.address = local_tcp(port.port)});
  CHECK_FALSE(numeric.ok);
  CHECK(numeric.error.code == ErrorCode::kRefused);
  CHECK(numeric.error.text == "cannot connect to 127.0.0.1:" + std::to_string(port.port) +
                                  ": connection refused (is a broker running there?)");
  Address by_name = local_tcp(port.port);
  by_name.host = "localhost";
  CHECK(dial(loop, {.address = by_name}).error.code == ErrorCode::kRefused);
}

TEST_CASE("localhost is both loopback addresses") {
  Loop loop;
  auto listeners = listen_on(loop, local_tcp(0), [](UvStream s) { Peer{std::move(s)}; });
  REQUIRE(listeners);
  Address address = local_tcp(listeners->front()->port());
  address.host = "localhost";
  // Nobody listens on the first one, [::1].
  CHECK(dial(loop, {.address = address}).peer ==
        "127.0.0.1:" + std::to_string(address.port));
  if (!has_ipv6()) return;
  auto v6 = Listener::open_tcp(loop, *numeric_address("::1", address.port), [](UvStream s) {
    Peer{std::move(s)};
  });
  REQUIRE(v6);
  CHECK(dial(loop, {.address = address}).peer == "[::1]:" + std::to_string(address.port));
}

TEST_CASE("a name is looked up") {
  Loop loop;
  auto listeners = listen_on(loop, local_tcp(0), [](UvStream s) { Peer{std::move(s)}; });
  REQUIRE(listeners);
  char name[256];
  REQUIRE(gethostname(name, sizeof name) == 0);
  // Not every machine knows its own name, but all are done with it in one way or the other.
  Address address = local_tcp(listeners->front()->port());
  address.host = name;
  const Outcome outcome = dial(loop, {.address = address});
  CHECK((outcome.ok || outcome.error.code == ErrorCode::kNotFound ||
         outcome.error.code == ErrorCode::kRefused));
}

TEST_CASE("host not found") {
  Loop loop;
  Address address = local_tcp(1883);
  address.host = "no such host";  // no name server is asked for one with spaces
  const Outcome outcome = dial(loop, {.address = address});
  CHECK(outcome.error.code == ErrorCode::kNotFound);
  CHECK(outcome.error.text.starts_with("cannot connect to no such host:1883: host not found"));
  address.host = std::string(5000, 'x');
  CHECK(dial(loop, {.address = address}).error.code == ErrorCode::kNotFound);
}

TEST_CASE("a dialer that goes calls nobody") {
  Loop loop;
  bool called = false;
  const auto done = [&](Result<UvStream>) { called = true; };
  Address address = local_tcp(1883);
  { Dialer never_started(loop, {.address = address}, done); }
  address.host = "no such host";
  auto looking_up = std::make_unique<Dialer>(loop, DialOptions{.address = address}, done);
  auto connecting = std::make_unique<Dialer>(loop, DialOptions{.address = local_tcp(1)}, done);
  struct Drop final : BeforeSleep {
    std::function<void()> drop;
    void before_sleep(Now) override { drop(); }
  } drop;
  drop.drop = [&] {
    looking_up.reset();
    connecting.reset();
  };
  loop.once(drop);  // behind both dialers: they have begun
  loop.run();
  CHECK_FALSE(called);
}

TEST_CASE("timed out") {
  Loop loop;
  // A listener whose backlog is full drops what comes next.
  const BoundPort port(true);
  std::vector<std::unique_ptr<Dialer>> fill;
  int connected = 0;
  Outcome outcome;
  for (int i = 0; i < 8; ++i) {
    fill.push_back(std::make_unique<Dialer>(
        loop, DialOptions{.address = local_tcp(port.port), .timeout = 50ms},
        [&](Result<UvStream> s) {
          if (s) {
            ++connected;
            Peer{std::move(*s)};
          } else {
            outcome.error = s.error();
            outcome.done = true;
          }
        }));
  }
  REQUIRE(run_until(loop, [&] { return outcome.done; }));
  CHECK(outcome.error.code == ErrorCode::kTimedOut);
  CHECK(outcome.error.text ==
        "cannot connect to 127.0.0.1:" + std::to_string(port.port) + ": timed out after 0.05 s");
}

TEST_CASE("the local address") {
  Loop loop;
  std::string peer;
  auto listeners = listen_on(loop, local_tcp(0), [&](UvStream s) {
    peer = Peer(std::move(s)).transport->peer();
  });
  REQUIRE(listeners);
  const Address address = local_tcp(listeners->front()->port());
  CHECK(dial(loop, {.address = address, .bind_address = "127.0.0.5"}).ok);
  REQUIRE(run_until(loop, [&] { return !peer.empty(); }));
  CHECK(peer.starts_with("127.0.0.5:"));

  const Outcome name = dial(loop, {.address = address, .bind_address = "eth0"});
  CHECK(name.error.code == ErrorCode::kInvalidArgument);
  const Outcome family = dial(loop, {.address = address, .bind_address = "::1"});
  CHECK(family.error.code == ErrorCode::kUnreachable);
  CHECK(family.error.text.find("no IPv6 address") != std::string::npos);
  const Outcome not_ours = dial(loop, {.address = address, .bind_address = "192.0.2.1"});
  CHECK(not_ours.error.code == ErrorCode::kUnreachable);
}

TEST_CASE("unix sockets") {
  Loop loop;
  const TempDir directory;
  Address address;
  address.kind = TransportKind::kUnix;
  address.host = directory.file("none");
  const Outcome none = dial(loop, {.address = address});
  CHECK(none.error.text.starts_with("cannot connect to unix:" + address.host + ": no such file"));
  CHECK(none.error.text.ends_with("(is a broker running there?)"));
  address.host = std::string(200, 'x');
  CHECK(dial(loop, {.address = address}).error.code == ErrorCode::kTooLarge);
}

TEST_CASE("families take turns, in the order of the first") {
  const auto entry = [](const char* host) { return *numeric_address(host, 1); };
  SocketAddress found[] = {entry("::1"), entry("::2"), entry("::3"), entry("10.0.0.1"),
                           entry("10.0.0.2")};
  addrinfo list[5]{};
  for (int i = 0; i < 5; ++i) {
    list[i].ai_family = found[i].family();
    list[i].ai_addr = reinterpret_cast<sockaddr*>(&found[i].storage);
    list[i].ai_addrlen = found[i].size();
    list[i].ai_next = i < 4 ? &list[i + 1] : nullptr;
  }
  std::string order;
  for (const SocketAddress& a : in_turn(list)) order += text(*a.get()) + " ";
  CHECK(order == "[::1]:1 10.0.0.1:1 [::2]:1 10.0.0.2:1 [::3]:1 ");
  CHECK(in_turn(nullptr).empty());
}

}  // namespace
}  // namespace mq::test
