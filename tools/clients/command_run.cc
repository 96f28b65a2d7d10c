#include "clients/command_run.h"

#include <string_view>

#include <fmt/core.h>

#include "clients/notation.h"

namespace mq {

ChildOptions command_run(const std::string& command, const Publish& publish) {
  ChildOptions run{{"/bin/sh", "-c", command}, {}, std::string(to_string_view(publish.payload))};
  const auto add = [&run](std::string_view name, std::string_view value) {
    run.environment.push_back(fmt::format("{}={}", name, value));
  };
  add("MQTT_TOPIC", publish.topic);
  add("MQTT_QOS", fmt::format("{}", static_cast<int>(publish.qos)));
  add("MQTT_RETAIN", publish.retain ? "1" : "0");
  if (const auto type = publish.properties.text(PropertyId::kContentType)) {
    add("MQTT_CONTENT_TYPE", *type);
  }
  if (const auto topic = publish.properties.text(PropertyId::kResponseTopic)) {
    add("MQTT_RESPONSE_TOPIC", *topic);
  }
  if (const auto data = publish.properties.text(PropertyId::kCorrelationData)) {
    Buffer hex;
    append_hex(hex, to_bytes(*data));
    add("MQTT_CORRELATION_DATA", to_string_view(hex.bytes()));
  }
  return run;
}

}  // namespace mq
