// Runs a broker until a signal ends it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "broker/options.h"
#include "io/bridge_runner.h"
#include "io/broker_server.h"
#include "io/log_output.h"
#include "mqbroker/auth_files.h"
#include "store/sqlite_file.h"

namespace mq {

struct ServeListener {
  ListenOptions options;
  AuthSettings auth;
  bool port_of_last = false;  // instead of port 0: the one that the listener before got
};

struct ServeOptions {
  BrokerOptions broker;
  std::vector<ServeListener> listeners;  // at least one
  std::vector<BridgeSettings> bridges;
  std::optional<std::string> dev_tls;  // where to make certificates before they are read
  uint32_t auth_failures_max = 20;     // of an address in a minute, before it has to wait
  LogLevel log_level = LogLevel::kNotice;
  LogOutputs log_output;
  std::string user;  // to become once everything is open; empty: nobody else
  bool daemon = false;
  bool reload_on_change = false;  // of what was read from files of other programs
  Duration shut_down_within = std::chrono::seconds(2);
  std::optional<StoreOptions> store;
  std::optional<std::string> pid_file;
  std::optional<std::string> port_file;
  std::vector<std::string> warnings;  // about the settings
};

// Reads the settings anew, for SIGHUP.
using ReadSettings = std::function<Result<ServeOptions>()>;

// Gives the exit code. Errors are reported on standard error, by a daemon too, as long as it has
// not come up.
int serve(const ServeOptions& options, const ReadSettings& read_again);

// The settings of all listeners, with the broker's own (nobody comes from there) in front.
std::vector<AuthSettings> auth_settings(const ServeOptions& options);

// The files that are read for listeners and users: certificates, keys, passwords, rules.
std::vector<std::string> files_of(const ServeOptions& options);

// What serve() would read at the start, read and judged. Gives the exit code.
int check_files(const ServeOptions& options);

// What a client needs to get in.
struct Welcome {
  bool passwords = false;
  LayerOptions layers = {};  // at the first place
  std::string ca_file = {};  // which CA its certificate is from, if that is known
};

// The line that says where it listens, who can connect, and what to type next. `places` are as
// Listener::text() has them. REQUIRES: there is one
std::string greeting(const std::vector<std::string>& places, const Welcome& welcome = {});

}  // namespace mq
