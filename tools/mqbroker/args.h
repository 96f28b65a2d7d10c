// mqbroker's command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/options.h"
#include "mqbroker/serve.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed. Limits are bound to the fields of BrokerOptions, whose values are the defaults.
struct BrokerArgs {
  std::optional<uint16_t> port;
  std::vector<std::string> bind;
  std::optional<std::string> unix_path;
  bool allow_anonymous = false;
  std::optional<std::string> port_file;
  std::optional<std::string> pid_file;
  bool daemon = false;
  bool verbose = false;
  BrokerOptions broker;
  uint64_t packet_max = kPacketMax;
};

void declare(CLI::App& app, BrokerArgs& args);
Result<ServeOptions> resolve(const BrokerArgs& args);

}  // namespace mq
