// The settings of a bridge to another broker, as a `connection` of a configuration file has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bridge/bridge_options.h"
#include "common/tls_args.h"

namespace CLI {
class App;
}

namespace mq {

// Which version of MQTT a bridge speaks.
enum class BridgeVersion : uint8_t { kAuto, kV5, kV311, kV31 };

struct BridgeArgs {
  std::string name;                    // of the `connection`
  std::vector<std::string> addresses;  // lines, each of which may name several
  std::vector<std::string> topics;

  std::optional<std::string> remote_client_id, remote_user_name;
  std::optional<std::string> remote_password, remote_password_file;
  std::optional<std::string> local_client_id, local_user_name, local_password;
  bool clean_session = false;
  std::optional<bool> local_clean_session;
  BridgeVersion version = BridgeVersion::kAuto;
  bool try_private = true;
  uint16_t keep_alive_s = 60;
  std::string restart_timeout = "5 30";

  bool notifications = true, notifications_local_only = false;
  std::optional<std::string> notification_topic;
  bool outgoing_retain = true, attempt_unsubscribe = true;

  uint64_t packet_max = 0;
  uint16_t receive_maximum = 100;
  uint16_t topic_alias_maximum = 10;
  std::optional<uint32_t> session_expiry_s;
  uint64_t queued_bytes_max = BridgeOptions().queued_bytes_max;

  TlsArgs tls;
};

// Not for the command line, where nothing says which of several bridges is meant. Names are those
// of mosquitto.conf.
void declare_bridge(CLI::App& app, BridgeArgs& args);

}  // namespace mq
