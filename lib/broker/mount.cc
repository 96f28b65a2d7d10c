// Mount points: the clients of a listener live below a topic of their own and do not know it.
#include "broker/broker.h"

namespace mq {

// The topic or filter as the broker has it. The view is valid until the next call.
std::string_view Broker::mount(const Connection& c, std::string_view topic) {
  const std::string& point = c.listener->options.mount_point;
  if (point.empty()) return topic;
  mounted_.assign(point).append(topic);
  return mounted_;
}

// How many bytes of a topic the client does not see; nothing when the topic is not below its mount
// point: its session has come over from another listener.
std::optional<uint16_t> Broker::unmount(const Connection& c, std::string_view topic) const {
  const std::string& point = c.listener->options.mount_point;
  if (point.empty()) return uint16_t{0};
  if (topic.size() <= point.size() || !topic.starts_with(point)) return std::nullopt;
  return static_cast<uint16_t>(point.size());
}

}  // namespace mq
