#include "io/socket_address.h"

#include <netinet/in.h>

#include <cstring>

#include <fmt/core.h>
#include <uv.h>

namespace mq {

socklen_t SocketAddress::size() const {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

void SocketAddress::set_port(uint16_t port) {
  if (family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
  }
}

std::string text(const sockaddr& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    uv_ip4_name(&v4, host, sizeof host);
    return fmt::format("{}:{}", host, ntohs(v4.sin_port));
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    uv_ip6_name(&v6, host, sizeof host);
    return fmt::format("[{}]:{}", host, ntohs(v6.sin6_port));
  }
  return "unix socket";
}

std::optional<SocketAddress> numeric_address(std::string_view host, uint16_t port) {
  const std::string name(host);
  SocketAddress address;
  if (uv_ip4_addr(name.c_str(), port, reinterpret_cast<sockaddr_in*>(&address.storage)) == 0) {
    return address;
  }
  if (uv_ip6_addr(name.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address.storage)) == 0) {
    return address;
  }
  return std::nullopt;
}

std::vector<SocketAddress> known_addresses(std::string_view host, uint16_t port) {
  if (host == "localhost") {
    return {*numeric_address("::1", port), *numeric_address("127.0.0.1", port)};
  }
  if (const auto address = numeric_address(host, port)) return {*address};
  return {};
}

std::vector<std::string> addresses_of(const std::string& host) {
  if (numeric_address(host, 0)) return {host};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  std::vector<std::string> all;
  for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(i->ai_addr, i->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
        0) {
      all.emplace_back(text);
    }
  }
  freeaddrinfo(found);
  return all;
}

std::vector<SocketAddress> in_turn(const addrinfo* found) {
  std::vector<SocketAddress> first, second;
  for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
    if (i->ai_family != AF_INET && i->ai_family != AF_INET6) continue;
    SocketAddress address;
    std::memcpy(&address.storage, i->ai_addr, i->ai_addrlen);
    const bool like_first = first.empty() || address.family() == first.front().family();
    (like_first ? first : second).push_back(address);
  }
  std::vector<SocketAddress> all;
  for (size_t i = 0; i < first.size() || i < second.size(); ++i) {
    if (i < first.size()) all.push_back(first[i]);
    if (i < second.size()) all.push_back(second[i]);
  }
  return all;
}

}  // namespace mq
