// Connections by way of a proxy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/address.h"
#include "io/filter.h"

namespace mq {

struct Proxy {
  enum class Kind : uint8_t { kSocks, kHttp };

  Kind kind = Kind::kSocks;
  Address address;  // of the proxy
  std::optional<std::string> user_name;
  std::string password;
  bool looks_up = true;     // the name of the broker; with socks5:// that is done here
  std::string target = {};  // what to ask for in place of that name
};

// "SCHEME://[USER[:PASSWORD]@]HOST[:PORT]" with socks5h, socks5 (port 1080) or http (port 8080).
Result<Proxy> parse_proxy(std::string_view url);
// What ALL_PROXY, or all_proxy, names for a host; nothing when it is not set, or when NO_PROXY has
// the host or a domain it is in.
Result<std::optional<Proxy>> proxy_of_environment(std::string_view host);

// Next to the wire, below TLS. Asks the proxy for a connection to `to`; from then on bytes pass as
// they are.
std::unique_ptr<Filter> proxy_filter(const Proxy& proxy, const Address& to);

}  // namespace mq
