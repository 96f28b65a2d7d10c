// The client's side of HTTP CONNECT (RFC 9110 section 9.3.6).
#pragma once

#include <memory>

#include "io/proxy.h"

namespace mq {

// Head of the proxy's answer, at most; more is no HTTP.
constexpr size_t kProxyAnswerMax = 16 * 1024;

std::unique_ptr<Filter> http_proxy_filter(const Proxy& proxy, const Address& to);

}  // namespace mq
