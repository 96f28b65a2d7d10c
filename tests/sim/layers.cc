#include "sim/layers.h"

#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "io/proxy_filter.h"
#include "io/tls_context.h"
#include "io/web_socket_filter.h"
#include "sim/failure.h"

namespace mq::sim {
namespace {

constexpr std::string_view kIdentity = "sim", kKey = "0123456789abcdef";
constexpr std::string_view kProxyLine = "PROXY TCP4 192.0.2.1 198.51.100.1 54321 1883\r\n";

// A proxy before the client.
class ProxyClient final : public Filter {
 public:
  Result<void> from_wire(Bytes in, Buffer& plain, Buffer& wire) override {
    if (!open_) wire.append(kProxyLine);
    open_ = true;
    plain.append(in);
    return {};
  }
  Result<void> to_wire(Bytes plain, Buffer& wire) override {
    wire.append(plain);
    return {};
  }
  void finish(Buffer&) override {}
  bool open() const override { return open_; }

 private:
  bool open_ = false;
};

Filters web_socket() {
  static const auto options = std::make_shared<const WebSocketServerOptions>();
  return {make_web_socket_client({.host = "sim"}), make_web_socket_server(options)};
}

// A pre-shared key: signatures differ in length from one handshake to the next.
Filters tls() {
  struct Contexts {
    std::shared_ptr<const TlsContext> client, server;
    Contexts() {
      std::string path = "/tmp/mqsim.XXXXXX";
      const int fd = mkstemp(path.data());
      const std::string line = std::string(kIdentity) + ":" + "30313233343536373839616263646566\n";
      if (fd < 0 || write(fd, line.data(), line.size()) < 0) throw Failure("no file for keys");
      TlsServerOptions of_server;
      of_server.psk_file = path;
      TlsClientOptions of_client;
      of_client.psk_identity = kIdentity;
      of_client.psk = kKey;
      auto made_server = make_tls_server(of_server);
      auto made_client = make_tls_client(std::move(of_client));
      ::close(fd);
      unlink(path.c_str());
      if (!made_server) throw Failure(made_server.error().text);
      if (!made_client) throw Failure(made_client.error().text);
      server = std::move(*made_server);
      client = std::move(*made_client);
    }
  };
  static const Contexts contexts;
  return {contexts.client->make_filter(), contexts.server->make_filter()};
}

Filters secure_web_socket() {
  Filters lower = tls(), upper = web_socket();
  return {stack(std::move(lower.client), std::move(upper.client)),
          stack(std::move(lower.server), std::move(upper.server))};
}

Filters proxy() {
  return {std::make_unique<ProxyClient>(), make_proxy_filter({})};
}

}  // namespace

MakeFilters filters_of(std::string_view layers) {
  if (layers == "ws") return web_socket;
  if (layers == "tls") return tls;
  if (layers == "wss") return secure_web_socket;
  if (layers == "proxy") return proxy;
  return nullptr;
}

}  // namespace mq::sim
