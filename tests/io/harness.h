// What the tests of lib/io share: a loop that runs until something is true, and both ends of a
// connection in it.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "io/dialer.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/transport.h"

namespace mq::test {

using namespace std::chrono_literals;

// A directory for sockets that goes with the test.
class TempDir {
 public:
  TempDir() { REQUIRE(mkdtemp(path_.data()) != nullptr); }
  ~TempDir() { rmdir(path_.c_str()); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_ = "/tmp/mqio.XXXXXX";
};

// Runs the loop until `done()`, asked once a turn. False when that takes longer than `limit`,
// which is there for tests that fail: none waits for it.
inline bool run_until(Loop& loop, std::function<bool()> done, Duration limit = 60s) {
  struct Last final : BeforeSleep {
    void before_sleep(Now) override { check(); }
    std::function<void()> check;
  };
  struct Watch final : BeforeSleep {
    Watch(Loop& l, std::function<bool()> done) : loop(l) {
      last.check = [this, done = std::move(done)] {
        if (!done()) return;
        was_done = true;
        loop.stop();
      };
      loop.add(*this);
    }
    // Asks behind all other hooks of the turn: what they do may be what is waited for.
    void before_sleep(Now) override { loop.once(last); }
    Loop& loop;
    Last last;
    bool was_done = false;
  };
  Watch watch(loop, std::move(done));
  Timer timer(loop, [&](Now) { loop.stop(); });
  timer.set(loop.read_clock().mono + limit);
  loop.run();
  return watch.was_done;
}

// One end of a connection that remembers what happened to it.
struct Peer final : Transport::Owner {
  explicit Peer(UvStream stream, std::unique_ptr<Filter> filter = nullptr)
      : transport(std::make_unique<Transport>(std::move(stream), std::move(filter))) {
    transport->start(*this);
  }
  void received(Bytes bytes, Now) override {
    got += to_string_view(bytes);
    if (on_received) on_received();
  }
  void writable(Now) override {
    ++writable_count;
    if (on_writable) on_writable();
  }
  void closed(const Error& e, Now) override {
    error = e;
    transport.reset();
  }
  bool is_closed() const { return transport == nullptr; }
  void send(std::string_view text) {
    OutBatch batch;
    batch.append(to_bytes(text));
    transport->write(batch);
  }

  std::string got;
  int writable_count = 0;
  std::optional<Error> error;
  std::function<void()> on_received, on_writable;
  std::unique_ptr<Transport> transport;
};

// The same filter at both ends, or none.
using MakeFilter = std::function<std::unique_ptr<Filter>()>;

// Two ends of one connection over a unix socket or TCP.
struct Pair {
  explicit Pair(Loop& loop, bool tcp = true, const MakeFilter& filter = nullptr) {
    Address address;
    if (tcp) {
      address.host = "127.0.0.1";
      address.port = 0;
    } else {
      address.kind = TransportKind::kUnix;
      address.host = directory.file("sock");
    }
    auto listeners = listen_on(loop, address, [&](UvStream s) {
      server = std::make_unique<Peer>(std::move(s), filter ? filter() : nullptr);
    });
    REQUIRE(listeners);
    if (tcp) address.port = listeners->front()->port();
    Dialer dialer(loop, {.address = address}, [&](Result<UvStream> s) {
      REQUIRE(s);
      client = std::make_unique<Peer>(std::move(*s), filter ? filter() : nullptr);
    });
    REQUIRE(run_until(loop, [&] { return client && server; }));
  }
  TempDir directory;
  std::unique_ptr<Peer> client, server;
};

inline Address local_tcp(uint16_t port) {
  Address address;
  address.host = "127.0.0.1";
  address.port = port;
  return address;
}

}  // namespace mq::test
