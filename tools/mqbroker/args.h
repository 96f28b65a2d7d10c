// mqbroker's settings: command line and configuration file.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/options.h"
#include "io/address.h"
#include "io/listener.h"
#include "mqbroker/bridge_args.h"
#include "mqbroker/layer_args.h"
#include "mqbroker/listener_args.h"
#include "mqbroker/log_args.h"
#include "mqbroker/passwd_args.h"
#include "mqbroker/serve.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed. Limits are bound to the fields of BrokerOptions, whose values are the defaults.
struct BrokerArgs {
  std::optional<std::string> config_file;
  bool check_config = false;
  bool print_config = false;

  std::optional<uint16_t> port;
  std::vector<std::string> bind;
  std::optional<std::string> unix_path;
  std::vector<std::string> listen;
  bool lan = false;
  bool per_listener_settings = false;
  std::optional<std::string> dev_tls;  // a directory
  WebSocketLimitArgs web_socket;
  ListenerArgs listener;               // of the listener that needs no `listener` line
  std::deque<ListenerArgs> listeners;  // one for each of those; OptionValues refer to them

  std::deque<BridgeArgs> bridges;  // one for each `connection` of the file

  std::optional<std::string> login;
  uint32_t auth_failures_max = 20;
  PasswdArgs passwd;

  // The store is a file, or a file in a directory as in mosquitto.conf.
  bool persistence = false;
  std::string persistence_file = "mqbroker.db";
  std::string persistence_location;
  std::optional<std::string> store_file;
  StoreOptions store;

  std::optional<std::string> port_file;
  std::optional<std::string> pid_file;
  bool daemon = false;
  bool reload_on_change = false;
  Duration shut_down_within = ServeOptions().shut_down_within;
  LogArgs log;
  std::string user;
  BrokerOptions broker;
  uint64_t packet_max = kPacketMax;
  uint64_t payload_max = kPacketMax;

  // What the file says about the listener of its own top level.
  bool file_has_port = false;  // `port` in a file means every address of the machine
  bool file_wants_listener = false;
  std::vector<std::string> warnings;
  std::string printed;  // of --print-config
};

// Reads the configuration file, too, when the command line names one.
void declare(CLI::App& app, BrokerArgs& args);

Result<ServeOptions> resolve(const BrokerArgs& args);

// All of this once more: the same command line (without the program's name), the file as it is now.
Result<ServeOptions> read_settings(std::span<char* const> words);

}  // namespace mq
