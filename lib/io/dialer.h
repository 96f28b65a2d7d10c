// Makes one connection: finds the addresses of a name, tries them, gives up in time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/socket_address.h"
#include "io/uv_ptr.h"

namespace mq {

enum class Family : uint8_t { kAny, kV4, kV6 };

struct DialOptions {
  Address address;
  std::string bind_address = {};  // numeric local address, empty for any
  bool no_delay = true;
  Duration timeout = std::chrono::seconds(30);  // over everything
  Family family = Family::kAny;
};

// Addresses are tried in turn, the next one as soon as one fails or after 250 ms without an answer
// (RFC 8305, "Happy Eyeballs"); the first connection wins and the others are closed.
class Dialer final : private BeforeSleep {
 public:
  // `done` is called once, from the loop, and may destroy the dialer. A dialer that is destroyed
  // before calls nobody.
  using Done = std::function<void(Result<UvStream>)>;
  Dialer(Loop& loop, DialOptions options, Done done);
  ~Dialer() override;

 private:
  struct Lookup;

  void before_sleep(Now now) override;
  void look_up();
  bool keep_family();
  void looked_up(std::vector<SocketAddress> addresses);
  void dial_unix();
  void dial_next();
  // Returns libuv's code.
  int dial(const SocketAddress& address);
  void attempt_ended(uv_stream_s* handle, int status);
  void attempt_failed(int status);
  void fail_if_over();
  void finish(Result<UvStream> result);
  Error error(int code) const;

  Loop& loop_;
  DialOptions options_;
  Done done_;
  Timer deadline_, stagger_;
  Lookup* lookup_ = nullptr;
  std::vector<SocketAddress> addresses_;
  size_t next_ = 0;                 // of addresses_
  std::vector<UvStream> attempts_;  // connecting
  int failure_ = 0;                 // the one that says most so far
};

}  // namespace mq
