// The header that a proxy puts in front of a connection to say whose it is: the PROXY protocol,
// versions 1 and 2. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace mq {

struct ProxyHeader {
  size_t size = 0;     // bytes that it takes up
  std::string client;  // "192.0.2.1:54321"; empty: the proxy's own, or it does not say
  bool is_v2 = false;
  bool tls = false;         // the client's connection to the proxy was one (version 2 only)
  bool verified = false;    // and the proxy has checked its certificate ...
  std::string common_name;  // ... which is for this name
};

// One that announces more than this is refused unread.
inline constexpr size_t kProxyHeaderMax = 4096;

// What the bytes begin with; nothing when it is not all there yet.
Result<std::optional<ProxyHeader>> parse_proxy_header(Bytes bytes);

}  // namespace mq
