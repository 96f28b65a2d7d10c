#include "io/listener.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <doctest/doctest.h>

#include "base/log.h"
#include "io/harness.h"

namespace mq::test {
namespace {

void drop(UvStream) {}

Address unix_at(const std::string& path) {
  Address address;
  address.kind = TransportKind::kUnix;
  address.host = path;
  return address;
}

bool exists(const std::string& path) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0;
}

TEST_CASE("port 0 is one free port on all addresses of a name") {
  Loop loop;
  Address address;
  address.host = "localhost";
  address.port = 0;
  const auto listeners = listen_on(loop, address, drop);
  REQUIRE(listeners);
  REQUIRE_FALSE(listeners->empty());
  const uint16_t port = listeners->front()->port();
  CHECK(port != 0);
  for (const auto& listener : *listeners) {
    CHECK(listener->port() == port);
    CHECK(listener->text().ends_with(":" + std::to_string(port)));
  }
}

TEST_CASE("every address of the machine, in both families at the same port") {
  Loop loop;
  Address any;
  any.host = "";
  any.port = 0;
  const auto listeners = listen_on(loop, any, drop);
  REQUIRE(listeners);
  CHECK(listeners->back()->text() == "0.0.0.0:" + std::to_string(listeners->back()->port()));
}

TEST_CASE("a port in use is a clear error") {
  Loop loop;
  const auto first = listen_on(loop, local_tcp(0), drop);
  REQUIRE(first);
  const auto second = listen_on(loop, local_tcp(first->front()->port()), drop);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kAddressInUse);
  CHECK(second.error().text == "cannot listen on 127.0.0.1:" +
                                   std::to_string(first->front()->port()) +
                                   ": address already in use (is another broker running?)");
}

TEST_CASE("an address that is not ours is an error") {
  Loop loop;
  Address address = local_tcp(0);
  address.host = "192.0.2.1";
  CHECK(listen_on(loop, address, drop).error().code == ErrorCode::kUnreachable);
  address.host = "no such host";
  CHECK(listen_on(loop, address, drop).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a port can be listened on again at once") {
  Loop loop;
  uint16_t port = 0;
  {
    std::unique_ptr<Peer> server, client;
    const auto listeners = listen_on(loop, local_tcp(0), [&](UvStream s) {
      server = std::make_unique<Peer>(std::move(s));
    });
    REQUIRE(listeners);
    port = listeners->front()->port();
    Dialer dialer(loop, {.address = local_tcp(port)}, [&](Result<UvStream> s) {
      client = std::make_unique<Peer>(std::move(*s));
    });
    REQUIRE(run_until(loop, [&] { return server && client; }));
    server->transport.reset();  // closes first and keeps the address in TIME_WAIT
    REQUIRE(run_until(loop, [&] { return client->is_closed(); }));
  }
  CHECK(listen_on(loop, local_tcp(port), drop));
}

TEST_CASE("the file of a unix socket") {
  Loop loop;
  const TempDir directory;
  const std::string path = directory.file("mq.sock");
  {
    const auto listeners = listen_on(loop, unix_at(path), drop);
    REQUIRE(listeners);
    CHECK(listeners->front()->text() == "unix:" + path);
    CHECK(exists(path));
    SUBCASE("somebody answers: in use") {
      const auto second = listen_on(loop, unix_at(path), drop);
      REQUIRE_FALSE(second);
      CHECK(second.error().code == ErrorCode::kAddressInUse);
      CHECK(exists(path));
    }
    SUBCASE("somebody else's file is left alone at the end") {
      const std::string other = directory.file("other");
      rename(path.c_str(), other.c_str());
      std::ofstream(path) << "mine";
    }
  }
  if (exists(directory.file("other"))) {
    CHECK(exists(path));
    unlink(path.c_str());
    // Left behind: nobody listens on it any more.
    const std::string stale = directory.file("other");
    const auto again = listen_on(loop, unix_at(stale), drop);
    CHECK(again);
  }
  CHECK_FALSE(exists(path));
}

TEST_CASE("a file that is no socket is not removed") {
  Loop loop;
  const TempDir directory;
  const std::string path = directory.file("precious");
  std::ofstream(path) << "data";
  const auto listeners = listen_on(loop, unix_at(path), drop);
  REQUIRE_FALSE(listeners);
  CHECK(listeners.error().code == ErrorCode::kAddressInUse);
  CHECK(exists(path));
  unlink(path.c_str());
  CHECK(listen_on(loop, unix_at(std::string(200, 'x')), drop).error().code == ErrorCode::kTooLarge);
  CHECK(listen_on(loop, unix_at("/nonexistent/mq.sock"), drop).error().code ==
        ErrorCode::kNotFound);
}

TEST_CASE("many connections at once") {
  constexpr int kCount = 300;
  Loop loop;
  std::vector<std::unique_ptr<Peer>> server, client;
  const auto listeners = listen_on(loop, local_tcp(0), [&](UvStream s) {
    server.push_back(std::make_unique<Peer>(std::move(s)));
  });
  REQUIRE(listeners);
  std::vector<std::unique_ptr<Dialer>> dialers;
  for (int i = 0; i < kCount; ++i) {
    dialers.push_back(std::make_unique<Dialer>(
        loop, DialOptions{.address = local_tcp(listeners->front()->port())},
        [&](Result<UvStream> s) {
          REQUIRE(s);
          client.push_back(std::make_unique<Peer>(std::move(*s)));
        }));
  }
  CHECK(run_until(loop, [&] { return server.size() == kCount && client.size() == kCount; }));
}

TEST_CASE("without file descriptors connections wait and are accepted later") {
  Loop loop;
  std::vector<std::unique_ptr<Peer>> accepted;
  const auto listeners = listen_on(loop, local_tcp(0), [&](UvStream s) {
    accepted.push_back(std::make_unique<Peer>(std::move(s)));
  });
  REQUIRE(listeners);
  int logged = 0, turns = 0;
  const LogSink before = set_log_sink([&](LogLevel, std::string_view event, std::string_view line) {
    CHECK(event == "accept_failed");
    CHECK(line.find("too many open files") != std::string_view::npos);
    ++logged;
  });
  std::unique_ptr<Peer> client;
  std::vector<int> used_up;
  Dialer dialer(loop, {.address = local_tcp(listeners->front()->port())}, [&](Result<UvStream> s) {
    REQUIRE(s);
    client = std::make_unique<Peer>(std::move(*s));
  });
  // Its socket is made in the loop's first turn; from then on there is none for the other end.
  struct Use final : BeforeSleep {
    std::function<void()> use;
    void before_sleep(Now) override { use(); }
  } use;
  rlimit saved;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &saved) == 0);
  use.use = [&] {
    rlimit low = saved;
    low.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &low);
    for (int fd = dup(0); fd >= 0; fd = dup(0)) used_up.push_back(fd);
  };
  loop.once(use);
  CHECK(run_until(loop, [&] { return ++turns, client && logged >= 2; }));
  CHECK(turns < 100);  // it does not spin
  CHECK(accepted.empty());
  for (const int fd : used_up) close(fd);
  setrlimit(RLIMIT_NOFILE, &saved);
  set_log_sink(before);
  CHECK(run_until(loop, [&] { return accepted.size() == 1; }));
}

}  // namespace
}  // namespace mq::test
