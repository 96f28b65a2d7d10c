#include "io/proxy_header.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/core.h>

namespace mq {
namespace {

// Section 2.1: one line of at most 107 bytes with its end.
constexpr std::string_view kPrefixV1 = "PROXY ";
constexpr size_t kLineMax = 107;

// Section 2.2.
constexpr std::array<uint8_t, 12> kSignature = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                                0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
constexpr size_t kFixedSize = 16;
constexpr uint8_t kVersion2 = 2;
constexpr uint8_t kLocal = 0, kProxy = 1;
constexpr uint8_t kTcp4 = 0x11, kTcp6 = 0x21, kUnixStream = 0x31, kUnspecified = 0x00;
constexpr size_t kSize4 = 12, kSize6 = 36, kSizeUnix = 216;
constexpr uint8_t kTypeSsl = 0x20, kTypeCommonName = 0x22;
constexpr uint8_t kClientSsl = 0x01;

tl::unexpected<Error> bad(std::string_view why) {
  return fail(ErrorCode::kProtocol, fmt::format("no PROXY header that is usable: {}", why));
}

std::string endpoint(int family, const uint8_t* address, uint16_t port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address, text.data(), text.size());
  return family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), port)
                            : fmt::format("{}:{}", text.data(), port);
}

std::optional<uint16_t> parse_port(std::string_view text) {
  // No sign, no leading zero: what others would read as something else is not read at all.
  if (text.empty() || text.size() > 5 || (text[0] == '0' && text.size() > 1)) return std::nullopt;
  uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<uint32_t>(c - '0');
  }
  if (port > UINT16_MAX) return std::nullopt;
  return static_cast<uint16_t>(port);
}

Result<std::optional<ProxyHeader>> parse_v1(std::string_view text) {
  const size_t end = text.find("\r\n");
  if (end == std::string_view::npos || end + 2 > kLineMax) {
    if (text.size() >= kLineMax) return bad("its line does not end");
    // A line feed alone will not be the end of one that is well formed.
    if (const size_t feed = text.find('\n'); feed != std::string_view::npos) {
      return bad("its line does not end with CR LF");
    }
    return std::nullopt;
  }
  ProxyHeader header;
  header.size = end + 2;
  if (std::ranges::any_of(text.substr(0, end), [](char c) { return c < ' ' || c > '~'; })) {
    return bad("its line is not of printable characters");
  }
  std::string_view line = text.substr(kPrefixV1.size(), end - kPrefixV1.size());
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return header;
  std::vector<std::string_view> words;
  for (;;) {
    const size_t blank = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, blank));
    if (blank == line.size()) break;
    line.remove_prefix(blank + 1);
  }
  if (words.size() != 5) return bad("its line has not five words");
  const int family = words[0] == "TCP4" ? AF_INET : words[0] == "TCP6" ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC) return bad("its protocol is not TCP4, TCP6 or UNKNOWN");
  std::array<uint8_t, sizeof(in6_addr)> source{}, destination{};
  if (inet_pton(family, std::string(words[1]).c_str(), source.data()) != 1 ||
      inet_pton(family, std::string(words[2]).c_str(), destination.data()) != 1) {
    return bad("its addresses are not of that protocol");
  }
  const auto port = parse_port(words[3]);
  if (!port || !parse_port(words[4])) return bad("its ports are no ports");
  header.client = endpoint(family, source.data(), *port);
  return header;
}

// What follows the addresses: type, length, value (section 2.2.7). False when it does not add up.
bool parse_extras(Bytes extras, bool in_ssl, ProxyHeader& header) {
  while (!extras.empty()) {
    if (extras.size() < 3) return false;
    const uint8_t type = extras[0];
    const size_t size = load_be16(extras.data() + 1);
    if (extras.size() - 3 < size) return false;
    const Bytes value = extras.subspan(3, size);
    extras = extras.subspan(3 + size);
    if (in_ssl) {
      if (type == kTypeCommonName) header.common_name = to_string_view(value);
    } else if (type == kTypeSsl) {
      if (value.size() < 5) return false;
      header.tls = (value[0] & kClientSsl) != 0;
      const bool all_zero =
          std::all_of(value.begin() + 1, value.begin() + 5, [](uint8_t byte) { return byte == 0; });
      header.verified = header.tls && all_zero;
      if (!parse_extras(value.subspan(5), true, header)) return false;
    }
  }
  return true;
}

Result<std::optional<ProxyHeader>> parse_v2(Bytes bytes) {
  if (bytes.size() > 12 && bytes[12] >> 4 != kVersion2) return bad("its version is not 2");
  if (bytes.size() > 12 && (bytes[12] & 0x0F) > kProxy) return bad("its command is unknown");
  if (bytes.size() < kFixedSize) return std::nullopt;
  const size_t rest = load_be16(bytes.data() + 14);
  if (kFixedSize + rest > kProxyHeaderMax) return bad("it is too long");
  if (bytes.size() < kFixedSize + rest) return std::nullopt;
  ProxyHeader header;
  header.is_v2 = true;
  header.size = kFixedSize + rest;
  if ((bytes[12] & 0x0F) == kLocal) return header;
  const Bytes body = bytes.subspan(kFixedSize, rest);
  size_t addresses = 0;
  switch (bytes[13]) {
    case kTcp4:
      addresses = kSize4;
      if (body.size() < addresses) return bad("its addresses are cut off");
      header.client = endpoint(AF_INET, body.data(), load_be16(body.data() + 8));
      break;
    case kTcp6:
      addresses = kSize6;
      if (body.size() < addresses) return bad("its addresses are cut off");
      header.client = endpoint(AF_INET6, body.data(), load_be16(body.data() + 32));
      break;
    case kUnixStream:
      addresses = kSizeUnix;
      if (body.size() < addresses) return bad("its addresses are cut off");
      break;
    case kUnspecified: break;
    default: return bad("it is for another protocol than TCP");
  }
  if (!parse_extras(body.subspan(addresses), false, header)) return bad("its extras do not add up");
  // Who is not proved to have a name has none.
  if (!header.verified || header.common_name.find('\0') != std::string::npos) {
    header.common_name.clear();
  }
  return header;
}

}  // namespace

Result<std::optional<ProxyHeader>> parse_proxy_header(Bytes bytes) {
  const std::string_view text = to_string_view(bytes);
  const size_t of_v1 = std::min(text.size(), kPrefixV1.size());
  if (text.substr(0, of_v1) == kPrefixV1.substr(0, of_v1)) {
    if (of_v1 < kPrefixV1.size()) return std::nullopt;
    return parse_v1(text);
  }
  const size_t of_v2 = std::min(bytes.size(), kSignature.size());
  if (std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(of_v2),
                 kSignature.begin())) {
    return parse_v2(bytes);
  }
  return bad("the connection begins with something else");
}

}  // namespace mq
