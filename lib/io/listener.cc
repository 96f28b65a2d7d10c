#include "io/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <uv.h>

#include "base/log.h"
#include "io/inherited_sockets.h"
#include "io/uv_error.h"

namespace mq {
namespace {

// What a storm of clients may bring between two turns of the loop; the system has a cap of its own
// (net.core.somaxconn, 4096 as delivered).
constexpr int kBacklog = 4096;
// Accepted in one go before the connections that are there get their turn.
constexpr int kAcceptsPerTurn = 256;
// How long to leave the backlog alone when there is no descriptor or no memory for a connection.
constexpr Duration kRetryAfter = std::chrono::milliseconds(100);
// How often another free port is tried when the one of the first address is taken on the second.
constexpr int kPortTries = 16;

Error listen_error(int system, std::string_view where) {
  const int code = uv_translate_sys_error(system);
  Error error = uv_error(code, fmt::format("cannot listen on {}", where));
  if (code == UV_EADDRINUSE) error.text += " (is another broker running?)";
  return error;
}

int open_socket(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

void set(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// Whether the file is a socket that nobody listens on any more.
bool is_abandoned(const sockaddr_un& address) {
  struct stat status;
  if (lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const int fd = open_socket(AF_UNIX);
  if (fd < 0) return false;
  const bool refused =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno == ECONNREFUSED;
  close(fd);
  return refused;
}

Result<std::vector<SocketAddress>> addresses_of(Loop& loop, const Address& address) {
  if (address.host.empty()) {
    return std::vector{*numeric_address("::", address.port),
                       *numeric_address("0.0.0.0", address.port)};
  }
  auto known = known_addresses(address.host, address.port);
  if (!known.empty()) return known;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  uv_getaddrinfo_t request;
  // Without a callback it waits, which a server may do while it starts.
  const int error = uv_getaddrinfo(loop.uv(), &request, nullptr, address.host.c_str(),
                                   std::to_string(address.port).c_str(), &hints);
  if (error != 0) {
    return tl::unexpected(uv_error(error, fmt::format("cannot listen on {}", address.text())));
  }
  auto found = in_turn(request.addrinfo);
  uv_freeaddrinfo(request.addrinfo);
  return found;
}

}  // namespace

Listener::Listener(Loop& loop, int fd, Accepted accepted)
    : loop_(loop), fd_(fd), accepted_(std::move(accepted)),
      retry_(loop, [this](Now) { accept_waiting(); }) {}

Listener::~Listener() {
  // libuv forgets the descriptor when the handle begins to close, so it may be closed at once.
  poll_.reset();
  close(fd_);
  struct stat status;
  if (path_.empty() || lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) unlink(path_.c_str());
}

Result<std::unique_ptr<Listener>> Listener::open_tcp(Loop& loop, const SocketAddress& address,
                                                     Accepted accepted,
                                                     const std::string& interface) {
  std::string where = mq::text(*address.get());
  if (const int fd = InheritedSockets::of_process().take(where); fd >= 0) {
    std::unique_ptr<Listener> listener(new Listener(loop, fd, std::move(accepted)));
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    listener->port_ = port_of(address.storage);
    MQ_CHECK(listener->start(std::move(where)));
    return listener;
  }
  if (!interface.empty()) where += " of " + interface;
  const int fd = open_socket(address.family());
  if (fd < 0) return tl::unexpected(listen_error(errno, where));
  std::unique_ptr<Listener> listener(new Listener(loop, fd, std::move(accepted)));
  set(fd, SOL_SOCKET, SO_REUSEADDR);
  // So that 0.0.0.0 and :: do not get in each other's way.
  if (address.family() == AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  // Inherited by what is accepted: output is gathered, Nagle only adds delay.
  set(fd, IPPROTO_TCP, TCP_NODELAY);
  if (!interface.empty() && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                                       static_cast<socklen_t>(interface.size())) != 0) {
    return tl::unexpected(listen_error(errno, where));
  }
  if (bind(fd, address.get(), address.size()) != 0) {
    return tl::unexpected(listen_error(errno, where));
  }
  SocketAddress bound;
  socklen_t size = sizeof bound.storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &size);
  listener->port_ = port_of(bound.storage);
  MQ_CHECK(listener->start(mq::text(*bound.get())));
  return listener;
}

Result<std::unique_ptr<Listener>> Listener::open_unix(Loop& loop, const std::string& path,
                                                      Accepted accepted) {
  const std::string where = "unix:" + path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return tl::unexpected(listen_error(ENAMETOOLONG, where));
  }
  path.copy(address.sun_path, path.size());
  // The file of one that was inherited is not ours to remove.
  const int inherited = InheritedSockets::of_process().take(where);
  const int fd = inherited >= 0 ? inherited : open_socket(AF_UNIX);
  if (fd < 0) return tl::unexpected(listen_error(errno, where));
  std::unique_ptr<Listener> listener(new Listener(loop, fd, std::move(accepted)));
  listener->is_unix_ = true;
  if (inherited >= 0) {
    MQ_CHECK(listener->start(where));
    return listener;
  }
  const auto bind_it = [&] {
    return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  };
  int result = bind_it();
  if (result != 0 && errno == EADDRINUSE) {
    if (!is_abandoned(address)) return tl::unexpected(listen_error(EADDRINUSE, where));
    unlink(path.c_str());
    result = bind_it();
  }
  if (result != 0) return tl::unexpected(listen_error(errno, where));
  struct stat status;
  if (lstat(path.c_str(), &status) == 0) {
    listener->path_ = path;
    listener->device_ = status.st_dev;
    listener->inode_ = status.st_ino;
  }
  MQ_CHECK(listener->start(where));
  return listener;
}

Result<void> Listener::start(std::string text) {
  text_ = std::move(text);
  if (listen(fd_, kBacklog) != 0) return tl::unexpected(listen_error(errno, text_));
  int error = 0;
  poll_ = make_uv<uv_poll_t>([&](uv_poll_t* p) { return uv_poll_init(loop_.uv(), p, fd_); }, error);
  if (!poll_) return tl::unexpected(uv_error(error, fmt::format("cannot listen on {}", text_)));
  poll_->data = this;
  accept_waiting();
  return {};
}

// Takes what waits and watches for more.
void Listener::accept_waiting() {
  uv_poll_start(poll_.get(), UV_READABLE, [](uv_poll_t* poll, int, int) {
    auto* self = static_cast<Listener*>(poll->data);
    for (int n = 0; n < kAcceptsPerTurn && self->accept_one(); ++n) {
    }
  });
}

// False when there is nothing more to take now.
bool Listener::accept_one() {
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    switch (errno) {
      case EAGAIN: return false;
      // Of a connection that has gone while it waited (accept(2)).
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
      case ENETDOWN:
      case ENETUNREACH:
      case EHOSTUNREACH: return true;
      default: break;
    }
    const int code = uv_translate_sys_error(errno);
    log(LogLevel::kError, "accept_failed", {{"listener", text_}, {"error", uv_reason(code)}});
    uv_poll_stop(poll_.get());
    retry_.set(loop_.now().mono + kRetryAfter);
    return false;
  }
  UvStream stream;
  int error = 0;
  if (is_unix_) {
    auto pipe = make_uv<uv_pipe_t>([&](uv_pipe_t* p) { return uv_pipe_init(loop_.uv(), p, 0); },
                                   error);
    if (pipe) error = uv_pipe_open(pipe.get(), fd);
    if (error == 0) stream = as_stream(std::move(pipe));
  } else {
    auto tcp = make_uv<uv_tcp_t>([&](uv_tcp_t* t) { return uv_tcp_init(loop_.uv(), t); }, error);
    if (tcp) error = uv_tcp_open(tcp.get(), fd);
    if (error == 0) stream = as_stream(std::move(tcp));
  }
  if (error != 0) {
    close(fd);
    return true;
  }
  accepted_(std::move(stream));
  return true;
}

Result<Listeners> listen_on(Loop& loop, const Address& address, Listener::Accepted accepted,
                            const ListenWhere& where) {
  Listeners listeners;
  if (address.kind == TransportKind::kUnix) {
    MQ_TRY(auto listener, Listener::open_unix(loop, address.host, std::move(accepted)));
    listeners.push_back(std::move(listener));
    return listeners;
  }
  MQ_TRY(auto addresses, addresses_of(loop, address));
  if (where.family != ListenWhere::Family::kAny) {
    const int family = where.family == ListenWhere::Family::kIpv4 ? AF_INET : AF_INET6;
    std::erase_if(addresses, [=](const SocketAddress& at) { return at.family() != family; });
    if (addresses.empty()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("cannot listen on {}: it has no {} address", address.text(),
                              family == AF_INET ? "IPv4" : "IPv6"));
    }
  }
  // One socket for both families is how systemd opens a port without an address.
  if (address.host.empty() && InheritedSockets::of_process().covers_ipv4(address.port)) {
    std::erase_if(addresses, [](const SocketAddress& at) { return at.family() == AF_INET; });
  }
  for (int tries = 1;; ++tries) {
    Error failure;
    listeners.clear();
    bool again = false;
    for (SocketAddress at : addresses) {
      if (address.port == 0 && !listeners.empty()) at.set_port(listeners.front()->port());
      auto listener = Listener::open_tcp(loop, at, accepted, where.interface);
      if (listener) {
        listeners.push_back(std::move(*listener));
        continue;
      }
      failure = std::move(listener).error();
      if (failure.code == ErrorCode::kUnreachable) continue;
      again = address.port == 0 && failure.code == ErrorCode::kAddressInUse && tries < kPortTries;
      if (!again) return tl::unexpected(std::move(failure));
      break;
    }
    if (again) continue;
    if (listeners.empty()) return tl::unexpected(std::move(failure));
    if (listeners.size() < addresses.size()) {
      log(LogLevel::kWarning, "address_left_out", {{"error", failure.text}});
    }
    return listeners;
  }
}

}  // namespace mq
