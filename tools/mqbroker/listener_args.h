// The settings of one listener.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "broker/options.h"
#include "io/address.h"
#include "io/listener.h"
#include "mqbroker/layer_args.h"

namespace CLI {
class App;
}

namespace mq {

// JSON Web Tokens as passwords.
struct TokenArgs {
  std::vector<std::string> key_files;
  std::optional<std::string> issuer, audience;
  std::string user_claim = "sub";
  Duration leeway = std::chrono::seconds(30);
};

// What is said once for all listeners, or with per_listener_settings for each.
struct SecurityArgs {
  std::optional<bool> allow_anonymous;
  std::optional<std::string> password_file;
  std::optional<std::string> acl_file;
  std::optional<std::string> psk_file;
  TokenArgs tokens;
  bool allow_empty_id = true;
  std::string auto_id_prefix = ListenerOptions().auto_id_prefix;
};

// The settings of one listener; the limits are bound to the fields of ListenerOptions.
struct ListenerArgs {
  std::optional<Address> address;  // of a `listener` in a file
  bool by_url = false;             // by a `listen`
  ListenWhere where;
  ListenerOptions clients;
  SecurityArgs security;
  ListenLayerArgs layers;
  uint64_t packet_max = kPacketMax;
  uint64_t payload_max = kPacketMax;
  // Here, whatever holds elsewhere.
  std::optional<bool> allow_anonymous;
  std::optional<std::string> auto_id_prefix;
};

// What a `listener` block may have.
void declare_listener(CLI::App& app, ListenerArgs& args);

}  // namespace mq
