// The client's side of SOCKS 5 (RFC 1928, RFC 1929): a connection through a proxy.
#pragma once

#include <memory>

#include "io/proxy.h"

namespace mq {

// Next to the wire, below TLS. Asks the proxy for a connection to `to`, whose name the proxy looks
// up; from then on bytes pass as they are.
std::unique_ptr<Filter> socks_filter(const Proxy& proxy, const Address& to);

}  // namespace mq
