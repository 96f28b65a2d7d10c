#include "io/listener_layers.h"

#include <utility>

#include "base/log.h"
#include "io/filter_module.h"

namespace mq {

ListenerLayers::ListenerLayers(const LayerOptions& options)
    : protocol_(options.protocol),
      user_name_(options.user_name),
      proxy_(options.proxy),
      web_socket_(std::make_shared<WebSocketServerOptions>(options.web_socket)) {}

Result<std::shared_ptr<const ListenerLayers>> ListenerLayers::make(const LayerOptions& options) {
  std::shared_ptr<ListenerLayers> made(new ListenerLayers(options));
  if (options.tls || options.protocol == ListenProtocol::kWebSocket) {
    MQ_TRY(const FilterModule* const module, filter_module());
    if (options.tls) {
      MQ_TRY(made->tls_, module->tls_server(*options.tls));
    }
  }
  return std::shared_ptr<const ListenerLayers>(std::move(made));
}

std::unique_ptr<Filter> ListenerLayers::make_filter() const {
  std::unique_ptr<Filter> filter;
  const auto put = [&filter](std::unique_ptr<Filter> upper) {
    filter = filter ? stack(std::move(filter), std::move(upper)) : std::move(upper);
  };
  if (proxy_) put(make_proxy_filter(*proxy_));
  if (tls_) put(tls_->make_filter());
  if (protocol_ == ListenProtocol::kWebSocket) {
    put((*filter_module())->web_socket_server(web_socket_));
  }
  return filter;
}

std::unique_ptr<Filter> ListenerLayers::filter_for(Bytes first) const {
  constexpr uint8_t kGet = 'G';  // the only method of an upgrade
  if (protocol_ != ListenProtocol::kMqttAndWebSocket || first[0] != kGet) return nullptr;
  const Result<const FilterModule*> module = filter_module();
  if (module) return (*module)->web_socket_server(web_socket_);
  log(LogLevel::kWarning, "no_web_socket", {{"error", module.error().text}});
  return nullptr;
}

std::optional<std::string> ListenerLayers::user_name(const PeerIdentity* peer) const {
  switch (user_name_) {
    case UserNameSource::kConnect: break;
    case UserNameSource::kCommonName: return peer == nullptr ? "" : peer->common_name;
    case UserNameSource::kSubject: return peer == nullptr ? "" : peer->subject;
  }
  return std::nullopt;
}

}  // namespace mq
