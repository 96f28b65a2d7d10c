// Settings of what lies between a listener's sockets and MQTT: TLS and WebSocket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/address.h"
#include "io/listener_layers.h"

namespace CLI {
class App;
}

namespace mq {

// Of one listener.
struct ListenTlsArgs {
  std::optional<std::string> cert_file, key_file, key_pass_file;
  std::optional<std::string> ca_file, ca_path, crl_file;
  std::optional<TlsVersion> version_min;
  std::optional<std::string> ciphers, tls13_ciphers, dh_file;
  bool require_certificate = false;
  bool identity_as_user_name = false, subject_as_user_name = false;
  bool ignore_client_dates = false;
  std::optional<std::string> psk_hint;
};

enum class ProxyVersions : uint8_t { kNone, kV1, kV2, kAny };

struct ListenLayerArgs {
  ListenProtocol protocol = ListenProtocol::kMqttAndWebSocket;
  ProxyVersions proxy = ProxyVersions::kNone;
  bool proxy_requires_tls = false;
  std::vector<std::string> origins;
  ListenTlsArgs tls;
};

// Of all listeners.
struct WebSocketLimitArgs {
  uint64_t header_bytes_max = WebSocketServerOptions().header_bytes_max;
  uint64_t frame_max = WebSocketServerOptions().frame_max;
};

// What is said elsewhere about the listener that the layers are for.
struct LayerContext {
  const Address& address;  // of kind kTcp also where it is to be seen from the settings
  bool by_url;             // whose scheme says whether there is TLS
  bool alone;              // the settings are about no other listener
  const std::optional<std::string>& psk_file;
  const WebSocketLimitArgs& web_socket;
};

void declare(CLI::App& app, ListenLayerArgs& args);
void declare(CLI::App& app, WebSocketLimitArgs& args);

Result<LayerOptions> resolve(const ListenLayerArgs& args, const LayerContext& context);

// Whether whoever gets through to MQTT there has said who it is, and proved it.
bool identifies_clients(const LayerOptions& layers);
// The same of whoever can reach the listener: what a proxy says is worth something only where
// nobody else can connect.
bool identifies_strangers(const LayerOptions& layers);

}  // namespace mq
