// The options for TLS and WebSocket, the same for every client tool.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "common/console.h"
#include "io/client_runner.h"
#include "io/tls.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed.
struct TlsArgs {
  bool tls = false;
  bool no_tls = false;
  std::optional<std::string> ca_file, ca_path;
  bool os_certs = false;
  std::optional<std::string> cert_file, key_file;
  std::optional<std::string> key_form;
  std::optional<std::string> key_pass_file, key_pass_env;
  std::optional<std::string> provider;
  std::optional<TlsVersion> version_min;
  std::optional<std::string> ciphers, tls13_ciphers;
  std::optional<std::string> alpn;
  bool insecure = false;
  bool no_resume = false;  // of many clients
  bool any_host = false;   // no option of the clients: what mosquitto.conf calls insecure
  std::optional<std::string> host;
  std::vector<std::string> pins;
  std::optional<std::string> keylog_file;
  std::optional<std::string> psk, psk_identity;
  std::optional<std::string> engine, engine_key_pass;
  bool info = false;
};

struct WebSocketArgs {
  bool web_socket = false;
  std::optional<std::string> path;
  std::optional<std::string> origin;
  std::vector<std::string> headers;
};

void declare(CLI::App& app, TlsArgs& args);
void declare(CLI::App& app, WebSocketArgs& args);

// What lies between MQTT and the socket.
struct LayerArgs {
  const TlsArgs& tls;
  const WebSocketArgs& web_socket;
  bool port_is_given = false;  // else it depends on TLS
  bool has_password = false;
};

// Decides on TLS and WebSocket from the options and from the kind of the runner's address, which it
// sets with its port, and makes the runner put the filters in. Certificates are read here, once,
// so that what is wrong with them is an error of usage.
Result<void> resolve_layers(const LayerArgs& args, const Console& console, RunnerOptions& runner);

}  // namespace mq
