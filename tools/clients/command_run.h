// A shell command for a message.
#pragma once

#include <string>

#include "codec/packet.h"
#include "io/child_process.h"

namespace mq {

// By /bin/sh, with the payload as its standard input and MQTT_TOPIC, MQTT_QOS, MQTT_RETAIN,
// MQTT_CONTENT_TYPE, MQTT_RESPONSE_TOPIC and MQTT_CORRELATION_DATA (hexadecimal) in its
// environment.
ChildOptions command_run(const std::string& command, const Publish& publish);

}  // namespace mq
