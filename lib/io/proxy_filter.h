// The PROXY protocol as the lowest filter of a listener: whose connection it really is.
#pragma once

#include <memory>

#include "io/filter.h"

namespace mq {

struct ProxyOptions {
  bool v1 = true, v2 = true;         // the versions that are taken
  bool require_tls = false;          // between client and proxy; version 2 alone can say so
  bool require_certificate = false;  // of the client, checked by the proxy; the same
  bool tells_identity = false;       // whose name is then the client's
};

// The header has to come first, and nothing is said before it is there. Whoever can reach the
// listener can write one: that only the proxy can is not for this side to ensure.
std::unique_ptr<Filter> make_proxy_filter(const ProxyOptions& options);

}  // namespace mq
