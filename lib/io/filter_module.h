// TLS and WebSocket come from a shared object that is loaded when they are first asked for.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/filter.h"
#include "io/tls.h"
#include "io/web_socket.h"

namespace mq {

// What the module offers. Loading the cryptographic library takes longer than all the rest of a
// short run of mqpub, and most connections do not need it (measured: 1.6 ms of 3).
struct FilterModule {
  Result<std::shared_ptr<const TlsContext>> (*tls_client)(TlsClientOptions options);
  Result<std::shared_ptr<const TlsContext>> (*tls_server)(const TlsServerOptions& options);
  std::unique_ptr<Filter> (*web_socket_client)(const WebSocketClientOptions& options);
  std::unique_ptr<Filter> (*web_socket_server)(
      std::shared_ptr<const WebSocketServerOptions> options);
  // Makes them in `directory`, or leaves alone what is there and still good.
  Result<DevCertificates> (*dev_certificates)(const std::string& directory);
};

// Loads it on the first call.
Result<const FilterModule*> filter_module();

}  // namespace mq
