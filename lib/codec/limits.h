// Every number that the standard or mqkit caps on the wire.
#pragma once

#include <cstdint>

namespace mq {

// Remaining Length and every other Variable Byte Integer: four bytes, 28 bits (section 1.5.5).
inline constexpr uint32_t kVarintMax = 268'435'455;
inline constexpr uint32_t kStringMax = 65'535;  // bytes of a UTF-8 string or Binary Data
inline constexpr uint32_t kTopicMax = 65'535;   // bytes of a topic name or filter [MQTT-4.7.3-3]
inline constexpr uint32_t kFixedHeaderMax = 5;
// The largest packet there can be, fixed header included.
inline constexpr uint32_t kPacketMax = kVarintMax + kFixedHeaderMax;
inline constexpr uint16_t kReceiveMaximumDefault = 65'535;  // section 3.1.2.11.3
inline constexpr uint32_t kSessionNeverExpires = 0xFFFFFFFF;  // section 3.1.2.11.2
// Levels in a topic that a server takes by default; more are a hostile client's.
inline constexpr uint32_t kTopicLevelsMax = 200;
// The largest packet before the CONNECT is accepted: all of its strings at their longest fit, a
// large will payload does not have to.
inline constexpr uint32_t kConnectPacketMax = 512 * 1024;

}  // namespace mq
