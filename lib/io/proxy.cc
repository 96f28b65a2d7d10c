#include "io/proxy.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

#include "io/http_proxy_filter.h"
#include "io/socks_filter.h"

namespace mq {
namespace {

constexpr size_t kSocksTextMax = 255;

struct Scheme {
  std::string_view prefix;
  Proxy::Kind kind;
  bool looks_up;
  uint16_t port;
};

constexpr Scheme kSchemes[] = {
    {"socks5h://", Proxy::Kind::kSocks, true, 1080},
    {"socks5://", Proxy::Kind::kSocks, false, 1080},
    {"http://", Proxy::Kind::kHttp, true, 8080},
};

const char* variable(const char* upper, const char* lower) {
  const char* const value = std::getenv(upper);
  return value != nullptr && *value != '\0' ? value : std::getenv(lower);
}

// Whether a list as "localhost,.example.org" has the host or a domain that it is in.
bool is_listed(std::string_view list, std::string_view host) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    std::string_view entry = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (entry.starts_with(' ') || entry.starts_with('.')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry.empty()) continue;
    if (entry == "*" || entry == host) return true;
    if (host.ends_with(entry) && host[host.size() - entry.size() - 1] == '.') return true;
  }
  return false;
}

}  // namespace

Result<Proxy> parse_proxy(std::string_view url) {
  const auto* scheme = std::ranges::find_if(
      kSchemes, [url](const Scheme& candidate) { return url.starts_with(candidate.prefix); });
  if (scheme == std::end(kSchemes)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("Unsupported proxy protocol: {}", url));
  }
  std::string_view rest = url.substr(scheme->prefix.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  // What is the same in every URL: user, password, host and port.
  const std::string_view host = rest.substr(rest.rfind('@') + 1);
  const bool has_port = host.find(':', host.rfind(']') + 1) != std::string_view::npos;
  auto parsed = parse_url(fmt::format("mqtt://{}", rest));
  if (!parsed) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("Invalid proxy: {}.", parsed.error().text));
  }
  Proxy proxy{scheme->kind,
              std::move(parsed->address),
              std::move(parsed->user_name),
              parsed->password.value_or(""),
              scheme->looks_up,
              {}};
  if (!has_port) proxy.address.port = scheme->port;
  // RFC 1929 section 2: each has one byte for its length, which is not 0.
  const bool too_long = proxy.user_name && proxy.user_name->size() > kSocksTextMax;
  if (too_long || proxy.password.size() > kSocksTextMax) {
    return fail(ErrorCode::kInvalidArgument,
                "Invalid proxy: user name and password have at most 255 bytes.");
  }
  return proxy;
}

Result<std::optional<Proxy>> proxy_of_environment(std::string_view host) {
  const char* const url = variable("ALL_PROXY", "all_proxy");
  if (url == nullptr || *url == '\0') return std::nullopt;
  const char* const without = variable("NO_PROXY", "no_proxy");
  if (without != nullptr && is_listed(without, host)) return std::nullopt;
  MQ_TRY(Proxy proxy, parse_proxy(url));
  return proxy;
}

std::unique_ptr<Filter> proxy_filter(const Proxy& proxy, const Address& to) {
  return proxy.kind == Proxy::Kind::kHttp ? http_proxy_filter(proxy, to) : socks_filter(proxy, to);
}

}  // namespace mq
