// Runs a broker until a signal ends it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/options.h"
#include "io/broker_server.h"

namespace mq {

struct ServeListener {
  ListenOptions options;
  bool port_of_last = false;  // instead of port 0: the one that the listener before got
};

struct ServeOptions {
  BrokerOptions broker;
  std::vector<ServeListener> listeners;  // at least one
  bool verbose = false;
  bool daemon = false;
  std::optional<std::string> pid_file;
  std::optional<std::string> port_file;
};

// Gives the exit code. Errors are reported on standard error, by a daemon too, as long as it has
// not come up.
int serve(const ServeOptions& options);

// The line that says where it listens, who can connect, and what to type next. `places` are as
// Listener::text() has them. REQUIRES: there is one
std::string greeting(const std::vector<std::string>& places);

}  // namespace mq
