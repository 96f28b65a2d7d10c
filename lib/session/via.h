// Where a message has been: what keeps bridges from carrying it in circles.
#pragma once

#include <string_view>

#include "codec/property.h"

namespace mq {

// A User Property. A PUBLISH that bridges have carried has one for each broker that it has left,
// the CONNECT of a bridge says which broker it is from, and the CONNACK to it which one has
// answered. MQTT 3.x has no properties, and so no memory of the way.
inline constexpr std::string_view kVia = "mqkit-via";

inline bool has_via(Properties properties, std::string_view broker) {
  if (broker.empty()) return false;
  for (const Property& property : properties) {
    if (property.id == PropertyId::kUserProperty && property.text == kVia &&
        property.value == broker) {
      return true;
    }
  }
  return false;
}

// Empty when there is none.
inline std::string_view first_via(Properties properties) {
  for (const Property& property : properties) {
    if (property.id == PropertyId::kUserProperty && property.text == kVia) return property.value;
  }
  return {};
}

}  // namespace mq
