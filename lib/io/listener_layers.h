// What lies between the sockets of a listener and MQTT: TLS, WebSocket, both or nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/filter.h"
#include "io/tls.h"
#include "io/web_socket.h"

namespace mq {

// What a listener's clients speak. Both can share a port: a CONNECT begins with another byte than
// an HTTP request.
enum class ListenProtocol : uint8_t { kMqttAndWebSocket, kMqtt, kWebSocket };

// Where the user name of a client comes from.
enum class UserNameSource : uint8_t {
  kConnect,     // it says so itself, and a password may prove it
  kCommonName,  // of its certificate, or the identity of its pre-shared key
  kSubject,     // the whole name in its certificate
};

struct LayerOptions {
  ListenProtocol protocol = ListenProtocol::kMqttAndWebSocket;
  std::optional<TlsServerOptions> tls = {};
  WebSocketServerOptions web_socket = {};
  UserNameSource user_name = UserNameSource::kConnect;
};

// Lives as long as the connections of its listener.
class ListenerLayers {
 public:
  // Reads certificates and keys, if there are any to read.
  static Result<std::unique_ptr<ListenerLayers>> make(LayerOptions options);

  // Reads them again, for the connections to come; those that are there go on as they are. After an
  // error everything is as it was.
  Result<void> reload();

  // Of a connection that has just been accepted; null: none.
  std::unique_ptr<Filter> make_filter() const;
  // That a client's first bytes ask for; null: none, or one that cannot be had.
  std::unique_ptr<Filter> filter_for(Bytes first) const;
  // The name that the client has proved to have, "" when it has not; nothing when its CONNECT
  // says it.
  std::optional<std::string> user_name(const PeerIdentity* peer) const;
  // Whether anything depends on the first bytes or the identity of a client.
  bool looks_at_clients() const;

 private:
  explicit ListenerLayers(LayerOptions options) : options_(std::move(options)) {}

  const LayerOptions options_;
  std::shared_ptr<const TlsContext> tls_;
};

}  // namespace mq
