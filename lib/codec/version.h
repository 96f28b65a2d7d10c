// Protocol levels and qualities of service.
#pragma once

#include <cstdint>

namespace mq {

// The value is the protocol level byte of CONNECT.
enum class Version : uint8_t {
  kV31 = 3,   // protocol name "MQIsdp"
  kV311 = 4,  // protocol name "MQTT"
  kV5 = 5,    // protocol name "MQTT"
};

enum class Qos : uint8_t { kAtMostOnce = 0, kAtLeastOnce = 1, kExactlyOnce = 2 };

// Which end of a connection sent a packet.
enum class Side : uint8_t { kClient, kServer };

}  // namespace mq
