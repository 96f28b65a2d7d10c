#include "io/inherited_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "io/socket_address.h"

namespace mq {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
constexpr int kSocketsMax = 1024;

// A positive number in the environment, 0 when there is none.
int number_of(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return 0;
  char* end = nullptr;
  const long number = std::strtol(text, &end, 10);
  return *end == '\0' && number > 0 && number <= INT32_MAX ? static_cast<int>(number) : 0;
}

// Nothing for what is no stream socket that listens.
std::optional<Address> place_of(int fd, bool& covers_ipv4) {
  int listens = 0, type = 0, only_v6 = 0;
  socklen_t size = sizeof listens;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0 ||
      getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
    return std::nullopt;
  }
  SocketAddress bound;
  size = sizeof bound.storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &size) != 0) {
    return std::nullopt;
  }
  Address address;
  if (bound.family() == AF_UNIX) {
    address.kind = TransportKind::kUnix;
    address.host = reinterpret_cast<const sockaddr_un&>(bound.storage).sun_path;
    address.port = 0;
    return address;
  }
  const auto parsed = parse_host_port(text(*bound.get()), 0);
  if (!parsed) return std::nullopt;
  size = sizeof only_v6;
  covers_ipv4 = parsed->host == "::" &&
                getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &size) == 0 && only_v6 == 0;
  return *parsed;
}

}  // namespace

InheritedSockets& InheritedSockets::of_process() {
  static InheritedSockets sockets;
  return sockets;
}

InheritedSockets::InheritedSockets() {
  const bool for_us = number_of("LISTEN_PID") == getpid();
  const int count = for_us ? std::min(number_of("LISTEN_FDS"), kSocketsMax) : 0;
  // Not for children.
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  for (int fd = kFirst; fd < kFirst + count; ++fd) {
    bool covers_ipv4 = false;
    auto address = place_of(fd, covers_ipv4);
    if (!address) continue;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    sockets_.push_back({fd, std::move(*address), covers_ipv4});
  }
}

std::vector<Address> InheritedSockets::places() const {
  std::vector<Address> places;
  for (const Inherited& socket : sockets_) places.push_back(socket.address);
  return places;
}

int InheritedSockets::take(const std::string& place) {
  for (Inherited& socket : sockets_) {
    if (socket.taken || socket.address.text() != place) continue;
    socket.taken = true;
    return socket.fd;
  }
  return -1;
}

bool InheritedSockets::covers_ipv4(uint16_t port) const {
  for (const Inherited& socket : sockets_) {
    if (socket.covers_ipv4 && socket.address.port == port) return true;
  }
  return false;
}

std::vector<std::string> InheritedSockets::left() const {
  std::vector<std::string> places;
  for (const Inherited& socket : sockets_) {
    if (!socket.taken) places.push_back(socket.address.text());
  }
  return places;
}

}  // namespace mq
