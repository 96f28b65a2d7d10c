// A PUBLISH on its way: immutable, counted, in one piece of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/ref.h"
#include "base/time.h"
#include "codec/packet.h"

namespace mq {

// What a Message is made of. Everything is copied.
struct MessageFields {
  std::string_view topic;
  Bytes payload = {};
  Properties properties = {};  // Topic Alias and Subscription Identifiers are left out
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  // When it must not be sent any more. With anything but kNever, the Message Expiry Interval in
  // the properties is rewritten to what is left each time it is sent [MQTT-3.3.2-6].
  Time expires = kNever;
  // For a receiver with overlapping subscriptions: written in front of the properties.
  std::span<const uint32_t> subscription_ids = {};
};

// Holds the bytes of a PUBLISH in the order of the wire, so that one image serves all protocol
// levels: topic length and topic, then (where the packet identifier goes) property length,
// properties, payload. A 3.x frame skips the properties, a packet identifier goes in between,
// everything else is copied or referenced as it stands. Belongs to one thread.
class Message {
 public:
  static Ref<const Message> make(const MessageFields& fields);

  std::string_view topic() const { return to_string_view({bytes() + 2, topic_size_}); }
  Properties properties() const { return Properties({properties_at(), properties_size_}); }
  Bytes payload() const { return {properties_at() + properties_size_, payload_size_}; }
  Qos qos() const { return qos_; }
  bool retain_flag() const { return retain_; }
  Time expires() const { return expires_; }
  bool expired(Time now) const { return expires_ < now; }
  // Bytes of memory it takes; what queue limits count.
  size_t memory() const { return sizeof(Message) + image_size(); }

  // Pieces of the image.
  Bytes topic_image() const { return {bytes(), size_t{2} + topic_size_}; }
  // Property length, properties and payload.
  Bytes tail_image() const {
    return {bytes() + 2 + topic_size_, image_size() - 2 - topic_size_};
  }
  uint32_t properties_size() const { return properties_size_; }
  // Where the four bytes of the Message Expiry Interval stand in tail_image(), 0 when nothing is
  // to be rewritten.
  uint32_t expiry_at() const { return expiry_at_; }

  void retain() const { ++references_; }
  void release() const {
    if (--references_ == 0) destroy();
  }
  // Messages alive in this thread, and their memory: what the limit on all messages counts, and
  // what must be zero at the end of a simulation.
  static size_t alive();
  static uint64_t alive_bytes();

 private:
  Message() = default;
  ~Message() = default;
  void destroy() const;
  const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* properties_at() const {
    return bytes() + 2 + topic_size_ + properties_length_size_;
  }
  size_t image_size() const {
    return size_t{2} + topic_size_ + properties_length_size_ + properties_size_ + payload_size_;
  }

  mutable uint32_t references_ = 1;
  uint32_t payload_size_ = 0;
  uint32_t properties_size_ = 0;
  uint32_t expiry_at_ = 0;
  Time expires_ = kNever;
  uint16_t topic_size_ = 0;
  uint8_t properties_length_size_ = 1;
  Qos qos_ = Qos::kAtMostOnce;
  bool retain_ = false;
};

}  // namespace mq
