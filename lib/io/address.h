// Where to connect to or listen on, in the forms a user writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mq {

enum class TransportKind : uint8_t { kTcp, kUnix, kTls, kWebSocket, kSecureWebSocket };

// One end point. `host` is a name or an address without brackets; for kUnix it is the path.
struct Address {
  TransportKind kind = TransportKind::kTcp;
  std::string host = "localhost";
  uint16_t port = 1883;
  std::string path;  // of a WebSocket, "/mqtt"; empty when none was said

  // "localhost:1883", "[::1]:1883", "unix:/run/mq.sock": for messages.
  std::string text() const;
};

// A URL taken apart (RFC 3986): mqtt:// mqtts:// ws:// wss:// unix://, percent-decoded user,
// password and topic, IPv6 literals in brackets.
struct ParsedUrl {
  Address address;
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  std::string topic;  // what follows the host, without the first '/', percent-decoded
};
Result<ParsedUrl> parse_url(std::string_view url);

// "%41" is "A"; an error when no two hexadecimal digits follow a '%'.
Result<std::string> percent_decoded(std::string_view text);

// "host", "host:port", "[v6]:port", "v6".
Result<Address> parse_host_port(std::string_view text, uint16_t default_port);

bool is_loopback(std::string_view host);

}  // namespace mq
