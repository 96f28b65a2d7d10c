// Addresses as the operating system takes them.
#pragma once

#include <netdb.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mq {

struct SocketAddress {
  sockaddr_storage storage{};
  int family() const { return storage.ss_family; }
  socklen_t size() const;
  void set_port(uint16_t port);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// "127.0.0.1:1883", "[::1]:1883", "unix socket".
std::string text(const sockaddr& address);

// A numeric address of either family, with a scope if it has one ("fe80::1%eth0").
std::optional<SocketAddress> numeric_address(std::string_view host, uint16_t port);
// Those of a host that needs no look-up: a numeric one, or "localhost", which is this machine and
// nothing else (RFC 6761), so that the most common name costs no thread of libuv's pool. Empty for
// all others.
std::vector<SocketAddress> known_addresses(std::string_view host, uint16_t port);
// The addresses of a host in numbers, numeric ones as they are. Blocks while it looks up a name.
std::vector<std::string> addresses_of(const std::string& host);
// What a look-up found, families in turn, starting with that of the first (RFC 8305 section 4).
std::vector<SocketAddress> in_turn(const addrinfo* found);

}  // namespace mq
