// The client's side of SOCKS 5 (RFC 1928, RFC 1929): a connection through a proxy.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/address.h"
#include "io/filter.h"

namespace mq {

struct Proxy {
  Address address;  // of the proxy
  std::optional<std::string> user_name;
  std::string password;
};

// "socks5h://[USER[:PASSWORD]@]HOST[:PORT]", port 1080 without one.
Result<Proxy> parse_proxy(std::string_view url);

// Next to the wire, below TLS. Asks the proxy for a connection to `to`, whose name the proxy looks
// up; from then on bytes pass as they are.
std::unique_ptr<Filter> socks_filter(const Proxy& proxy, const Address& to);

}  // namespace mq
