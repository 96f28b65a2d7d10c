// Writes a Message as a PUBLISH for one receiver.
#pragma once

#include <cstdint>
#include <span>

#include "codec/version.h"
#include "session/message.h"
#include "session/out_batch.h"

namespace mq {

// What differs from receiver to receiver.
struct PublishHead {
  uint8_t first_byte = 0x30;   // type, DUP, QoS, RETAIN
  uint16_t packet_id = 0;      // written when the QoS in first_byte is not 0
  uint16_t topic_alias = 0;    // 0: none
  bool omit_topic = false;     // the receiver knows the alias: send an empty topic
  uint16_t topic_skip = 0;     // bytes at the front of the topic that are not the receiver's matter
  std::span<const uint32_t> subscription_ids = {};
};

// Bytes of the whole packet, for Maximum Packet Size.
uint64_t publish_size(const Message& message, const PublishHead& head, Version version);

// Appends the packet. False when the batch has no room for it: nothing was appended then, and an
// empty batch takes every packet.
bool append_publish(const Ref<const Message>& message, const PublishHead& head, Version version,
                    Time now, OutBatch& to);

}  // namespace mq
