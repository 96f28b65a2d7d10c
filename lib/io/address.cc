#include "io/address.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "io/socket_address.h"

namespace mq {
namespace {

struct Scheme {
  std::string_view name;
  TransportKind kind;
  uint16_t port;
};

constexpr Scheme kSchemes[] = {
    {"mqtt", TransportKind::kTcp, 1883},   {"mqtts", TransportKind::kTls, 8883},
    {"ws", TransportKind::kWebSocket, 80}, {"wss", TransportKind::kSecureWebSocket, 443},
    {"unix", TransportKind::kUnix, 0},
};

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

tl::unexpected<Error> bad(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return bad(fmt::format("'{}' is not a port: give a number from 0 to 65535", text));
  }
  return port;
}

}  // namespace

Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return bad(
          fmt::format("'{}': '%' is followed by two hexadecimal digits; write %25 for a "
                      "percent sign",
                      text));
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string Address::text() const {
  if (kind == TransportKind::kUnix) return "unix:" + host;
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> parse_host_port(std::string_view text, uint16_t default_port) {
  Address address;
  address.port = default_port;
  std::string_view host = text, port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return bad(fmt::format("'{}' has no closing ']'", text));
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') {
      return bad(fmt::format("'{}': only ':PORT' may follow the ']'", text));
    }
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
    const auto numeric = numeric_address(host, 0);
    if (!numeric || numeric->family() != AF_INET6) {
      return bad(fmt::format("'{}' is not an IPv6 address", host));
    }
  } else if (std::ranges::count(text, ':') == 1) {
    const size_t colon = text.find(':');
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  } else if (text.find(':') != std::string_view::npos && !numeric_address(text, 0)) {
    return bad(fmt::format("'{}' is neither HOST:PORT nor an IPv6 address", text));
  }
  if (host.empty()) return bad(fmt::format("'{}' has no host name", text));
  if (has_port) {
    MQ_TRY(address.port, parse_port(port));
  }
  address.host = host;
  return address;
}

Result<ParsedUrl> parse_url(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) {
    return bad(fmt::format("'{}' is not a URL: write mqtt://host/topic", url));
  }
  const std::string_view scheme_name = url.substr(0, scheme_end);
  const auto* scheme = std::ranges::find_if(
      kSchemes, [&](const Scheme& s) { return equal_ignoring_case(scheme_name, s.name); });
  if (scheme == std::end(kSchemes)) {
    return bad(
        fmt::format("'{}://' is not one of mqtt:// mqtts:// ws:// wss:// unix://", scheme_name));
  }
  std::string_view rest = url.substr(scheme_end + 3);
  if (rest.find('?') != std::string_view::npos) {
    return bad(fmt::format("'{}' has a query: write %3F for a question mark", url));
  }

  ParsedUrl parsed;
  parsed.address.kind = scheme->kind;
  if (scheme->kind == TransportKind::kUnix) {
    if (!rest.starts_with('/')) {
      return bad(fmt::format("'{}': write unix:///path/of/the/socket", url));
    }
    MQ_TRY(parsed.address.host, percent_decoded(rest));
    if (parsed.address.host.find('\0') != std::string::npos) {
      return bad(fmt::format("'{}': a path has no NUL", url));
    }
    parsed.address.port = 0;
    return parsed;
  }

  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  const std::string_view path = rest.substr(slash);
  // The last '@': one inside the password should be %40, but what else could it mean.
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    authority = authority.substr(at + 1);
    const size_t colon = user.find(':');
    MQ_TRY(parsed.user_name, percent_decoded(user.substr(0, colon)));
    if (colon != std::string_view::npos) {
      MQ_TRY(parsed.password, percent_decoded(user.substr(colon + 1)));
    }
  }
  MQ_TRY(Address address, parse_host_port(authority, scheme->port));
  parsed.address.host = std::move(address.host);
  parsed.address.port = address.port;

  const bool web_socket =
      scheme->kind == TransportKind::kWebSocket || scheme->kind == TransportKind::kSecureWebSocket;
  // To a listener it is the path of a WebSocket, to mosquitto's clients and ours always a topic.
  if (web_socket && path.size() > 1) parsed.address.path = path;
  if (!path.empty()) {
    MQ_TRY(parsed.topic, percent_decoded(path.substr(1)));
  }
  return parsed;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const auto address = numeric_address(host, 0);
  if (!address) return false;
  if (address->family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address->storage);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address->storage);
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

}  // namespace mq
