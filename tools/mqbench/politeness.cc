#include "mqbench/politeness.h"

#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/core.h>

namespace mq {
namespace {

constexpr double kRateMax = 100;
constexpr uint32_t kClientsMax = 50;
constexpr double kTestBrokerRateMax = 10;
// Open to everybody by the kindness of those who run them.
constexpr std::string_view kTestBrokers[] = {"test.mosquitto.org", "broker.hivemq.com",
                                             "broker.emqx.io", "mqtt.eclipseprojects.io"};

// Names of hosts have no case, and a full one may end with a dot (RFC 1034 section 3.1).
bool is_test_broker(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return std::ranges::any_of(kTestBrokers, [host](std::string_view name) {
    return name.size() == host.size() && strncasecmp(name.data(), host.data(), name.size()) == 0;
  });
}

// RFC 1918, 1122, 3927, 6598; RFC 4291, 4193.
bool is_private(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const uint32_t ip = ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr);
    return ip >> 24 == 127 || ip >> 24 == 10 || ip >> 20 == 0xAC1 || ip >> 16 == 0xC0A8 ||
           ip >> 16 == 0xA9FE || ip >> 22 == 0x64400000u >> 22;
  }
  if (address.sa_family != AF_INET6) return true;
  const in6_addr& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&ip) || IN6_IS_ADDR_LINKLOCAL(&ip) || (ip.s6_addr[0] & 0xFE) == 0xFC;
}

}  // namespace

bool is_private(const Address& address) {
  if (address.kind == TransportKind::kUnix || is_loopback(address.host)) return true;
  // Known without asking for its address, which may be found only when it is connected to.
  if (is_test_broker(address.host)) return false;
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(address.host.c_str(), nullptr, &hints, &found) != 0) return true;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (!is_private(*one->ai_addr)) return false;
  }
  return true;
}

bool is_private(const LoadOptions& options) {
  return is_private(options.runner.address) &&
         std::ranges::all_of(options.hosts, [](const Address& host) { return is_private(host); });
}

namespace {

Result<void> check_polite_to(const Address& address, const LoadOptions& options) {
  const double rate_max = is_test_broker(address.host) ? kTestBrokerRateMax : kRateMax;
  const uint32_t clients = options.plan.clients();
  double rate = 0;
  for (uint32_t i = 0; i < std::max<size_t>(options.flow_loads.size(), 1); ++i) {
    const FlowLoad load = options.flow(i);
    rate += load.stages.empty() ? load.rate.value_or(HUGE_VAL) : rate_max_of(load.stages);
  }
  if ((rate <= rate_max && clients <= kClientsMax) || is_private(address)) {
    return {};
  }
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("{} is not on this machine or in a private network: without --yes no more "
                  "than {:g} messages a second and {} clients.",
                  address.host, rate_max, kClientsMax));
}

}  // namespace

Result<void> check_polite(const LoadOptions& options, bool allowed) {
  if (allowed) return {};
  if (!options.storms.empty() && !is_private(options)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not on this machine or in a private network: without --yes no "
                            "storms.",
                            options.runner.address.host));
  }
  MQ_CHECK(check_polite_to(options.runner.address, options));
  for (const Address& host : options.hosts) MQ_CHECK(check_polite_to(host, options));
  return {};
}

}  // namespace mq
