#include "io/listener_layers.h"

#include <utility>

#include "base/log.h"
#include "io/filter_module.h"

namespace mq {

Result<std::unique_ptr<ListenerLayers>> ListenerLayers::make(LayerOptions options) {
  std::unique_ptr<ListenerLayers> made(new ListenerLayers(std::move(options)));
  if (made->options_.tls || made->options_.protocol == ListenProtocol::kWebSocket) {
    MQ_CHECK(filter_module());  // must be there later on
  }
  MQ_CHECK(made->reload());
  return made;
}

Result<void> ListenerLayers::reload() {
  if (!options_.tls) return {};
  MQ_TRY(const FilterModule* const module, filter_module());
  MQ_TRY(tls_, module->tls_server(*options_.tls));
  return {};
}

std::unique_ptr<Filter> ListenerLayers::make_filter() const {
  std::unique_ptr<Filter> tls = tls_ ? tls_->make_filter() : nullptr;
  if (options_.protocol != ListenProtocol::kWebSocket) return tls;
  auto web_socket = (*filter_module())->web_socket_server(options_.web_socket);
  return tls ? stack(std::move(tls), std::move(web_socket)) : std::move(web_socket);
}

std::unique_ptr<Filter> ListenerLayers::filter_for(Bytes first) const {
  constexpr uint8_t kGet = 'G';  // the only method of an upgrade
  if (options_.protocol != ListenProtocol::kMqttAndWebSocket || first[0] != kGet) return nullptr;
  const Result<const FilterModule*> module = filter_module();
  if (module) return (*module)->web_socket_server(options_.web_socket);
  log(LogLevel::kWarning, "no_web_socket", {{"error", module.error().text}});
  return nullptr;
}

std::optional<std::string> ListenerLayers::user_name(const PeerIdentity* peer) const {
  switch (options_.user_name) {
    case UserNameSource::kConnect: break;
    case UserNameSource::kCommonName: return peer == nullptr ? "" : peer->common_name;
    case UserNameSource::kSubject: return peer == nullptr ? "" : peer->subject;
  }
  return std::nullopt;
}

bool ListenerLayers::looks_at_clients() const {
  return options_.protocol == ListenProtocol::kMqttAndWebSocket ||
         options_.user_name != UserNameSource::kConnect;
}

}  // namespace mq
