// What lies between the sockets of a listener and MQTT: a proxy's header, TLS, WebSocket.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/filter.h"
#include "io/proxy_filter.h"
#include "io/tls.h"
#include "io/web_socket.h"

namespace mq {

// What a listener's clients speak. Both can share a port: a CONNECT begins with another byte than
// an HTTP request.
enum class ListenProtocol : uint8_t { kMqttAndWebSocket, kMqtt, kWebSocket };

// Where the user name of a client comes from.
enum class UserNameSource : uint8_t {
  kConnect,     // it says so itself, and a password may prove it
  kCommonName,  // of its certificate, or the identity of its pre-shared key, or as a proxy says
  kSubject,     // the whole name in its certificate
};

struct LayerOptions {
  ListenProtocol protocol = ListenProtocol::kMqttAndWebSocket;
  std::optional<ProxyOptions> proxy = {};
  std::optional<TlsServerOptions> tls = {};
  WebSocketServerOptions web_socket = {};
  UserNameSource user_name = UserNameSource::kConnect;
};

// Certificates, keys and settings, read and found usable. Immutable: who wants others makes others,
// for the connections to come.
class ListenerLayers {
 public:
  // Reads what there is to read. Loads the module of filters when clients cannot do without.
  static Result<std::shared_ptr<const ListenerLayers>> make(const LayerOptions& options);

  // Of a connection that has just been accepted; null: none.
  std::unique_ptr<Filter> make_filter() const;
  // That a client's first bytes ask for; null: none, or one that cannot be had.
  std::unique_ptr<Filter> filter_for(Bytes first) const;
  // The name that the client has proved to have, "" when it has not; nothing when its CONNECT
  // says it.
  std::optional<std::string> user_name(const PeerIdentity* peer) const;

 private:
  explicit ListenerLayers(const LayerOptions& options);

  const ListenProtocol protocol_;
  const UserNameSource user_name_;
  const std::optional<ProxyOptions> proxy_;
  std::shared_ptr<const TlsContext> tls_;
  const std::shared_ptr<const WebSocketServerOptions> web_socket_;
};

}  // namespace mq
