// Accepts connections on a TCP port or a unix socket.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/socket_address.h"
#include "io/uv_ptr.h"

struct uv_poll_s;

namespace mq {

// Listens from its making to its destruction, which removes the file of a unix socket. Accepts
// itself instead of through libuv, which answers a want of file descriptors by closing connections
// without a word; here they wait in the backlog until there are some again.
class Listener {
 public:
  using Accepted = std::function<void(UvStream)>;

  // On `interface` alone when it is not empty.
  static Result<std::unique_ptr<Listener>> open_tcp(Loop& loop, const SocketAddress& address,
                                                    Accepted accepted,
                                                    const std::string& interface = {});
  // A file left behind by a process that ended without cleaning up is replaced; one that somebody
  // answers on, or that is no socket, is an error.
  static Result<std::unique_ptr<Listener>> open_unix(Loop& loop, const std::string& path,
                                                     Accepted accepted);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The one the system chose if 0 was asked for; 0 of a unix socket.
  uint16_t port() const { return port_; }
  // "127.0.0.1:1883", "[::1]:1883", "unix:/path".
  const std::string& text() const { return text_; }

 private:
  Listener(Loop& loop, int fd, Accepted accepted);
  Result<void> start(std::string text);
  void accept_waiting();
  bool accept_one();

  Loop& loop_;
  const int fd_;
  const Accepted accepted_;
  UvPtr<uv_poll_s> poll_;
  Timer retry_;
  bool is_unix_ = false;
  uint16_t port_ = 0;
  std::string text_;
  std::string path_;  // of a unix socket: the file is ours while it has this inode
  uint64_t device_ = 0, inode_ = 0;
};

using Listeners = std::vector<std::unique_ptr<Listener>>;

// Which of a host's addresses to listen on.
struct ListenWhere {
  enum class Family : uint8_t { kAny, kIpv4, kIpv6 };
  Family family = Family::kAny;
  std::string interface;  // empty: all of the machine's
};

// Listens on every address of `address.host`: "localhost" is both loopback addresses, an empty host
// every address of the machine. With port 0 all get the same one. An address of a family that this
// machine does not have is left out as long as another one is left.
Result<Listeners> listen_on(Loop& loop, const Address& address, Listener::Accepted accepted,
                            const ListenWhere& where = {});

}  // namespace mq
