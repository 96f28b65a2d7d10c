#include "mqbroker/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/log.h"
#include "broker/access.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "io/broker_server.h"
#include "io/loop.h"
#include "io/signals.h"
#include "io/stderr_log.h"
#include "mqbroker/daemon.h"
#include "mqbroker/own_file.h"

namespace mq {
namespace {

constexpr Duration kShutDownWithin = std::chrono::seconds(2);

// A connection is a descriptor, and the limit that a shell hands down is far below the system's.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Gives the TCP ports, a line each.
Result<std::string> listen(BrokerServer& server, const std::vector<ServeListener>& listeners) {
  std::string ports;
  uint16_t last = 0;
  for (const ServeListener& listener : listeners) {
    ListenOptions options = listener.options;
    if (listener.port_of_last && options.address.port == 0) options.address.port = last;
    MQ_TRY(const uint16_t port, server.listen(options));
    if (port == 0) continue;
    if (!listener.port_of_last) ports += fmt::format("{}\n", port);
    last = port;
  }
  return ports;
}

}  // namespace

std::string greeting(const std::vector<std::string>& places) {
  constexpr std::string_view kUnix = "unix:";
  bool is_public = false;
  std::string where, connect;
  for (const std::string& place : places) {
    const bool is_first = &place == &places.front();
    const bool is_last = &place == &places.back();
    if (!is_first) where += is_last ? " and " : ", ";
    where += place;
    if (place.starts_with(kUnix)) {
      if (is_first) connect = fmt::format(" --unix {}", place.substr(kUnix.size()));
      continue;
    }
    const auto address = parse_host_port(place, 0);
    if (!address) continue;
    const bool is_any = address->host == "0.0.0.0" || address->host == "::";
    const bool is_local = is_loopback(address->host);
    is_public = is_public || !is_local;
    if (!is_first) continue;
    if (!is_any && !is_local) connect += fmt::format(" -h {}", address->host);
    if (address->port != Address().port) connect += fmt::format(" -p {}", address->port);
  }
  return fmt::format("listening on {} (no password, {}) - try: mqsub{} -t '#' -v", where,
                     is_public ? "open to other machines" : "this machine only", connect);
}

int serve(const ServeOptions& options) {
  const Console console;
  Daemon daemon;
  if (options.daemon) {
    // Before the loop: libuv's descriptors do not survive a fork.
    if (const auto exit_code = daemon.fork()) return *exit_code;
  }
  const auto give_up = [&](const Error& error) {
    console.error(error.text);
    return static_cast<int>(kExitFailure);
  };

  log_to_stderr();
  if (options.verbose) set_log_level(LogLevel::kInfo);
  raise_descriptor_limit();

  Loop loop;
  AllowAll access;
  std::random_device random;
  BrokerServer server(loop, options.broker, access, uint64_t{random()} << 32 | random());
  if (options.verbose) server.log_connections();
  const Result<std::string> ports = listen(server, options.listeners);
  if (!ports) return give_up(ports.error());
  OwnFile pid_file, port_file;
  if (options.pid_file) {
    if (auto made = pid_file.write(*options.pid_file, fmt::format("{}\n", getpid())); !made) {
      return give_up(made.error());
    }
  }
  if (options.port_file) {
    if (auto made = port_file.write(*options.port_file, *ports); !made) {
      return give_up(made.error());
    }
  }
  std::vector<std::string> places;
  for (const auto& listener : server.listeners()) places.push_back(listener->text());
  console.note(greeting(places));
  daemon.ready();

  bool ending = false;
  const Signals signals(loop, {SIGINT, SIGTERM, SIGHUP}, [&](int number) {
    if (number == SIGHUP) return log(LogLevel::kNotice, "nothing_to_reload");
    if (std::exchange(ending, true)) return loop.stop();  // asked twice
    server.shut_down(kShutDownWithin, [&loop] { loop.stop(); });
  });
  loop.run();
  return kExitOk;
}

}  // namespace mq
