// What one connection has still to send, in order, at 16 bytes a packet.
#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "base/ring.h"
#include "codec/packet.h"
#include "session/message.h"

namespace mq {

// Bytes are made of an entry only when the socket is about to take them.
struct OutEntry {
  enum class Kind : uint8_t {
    kPublish,  // `message`; `aux` is the owner's (broker: subscription identifiers; client: 0)
    kAck,      // PUBACK, PUBREC, PUBREL or PUBCOMP without properties; `aux` is the reason code
    kControl,  // the next `aux` bytes of the control buffer: a ready frame
    kFrames,   // client: `packet_id` ready PUBLISH frames of QoS 0, `aux` bytes of the owner's
    kBarrier,  // broker: what follows waits until batch `aux` of the store is safe
  };
  Ref<const Message> message;
  uint16_t packet_id = 0;
  uint8_t first_byte = 0;
  Kind kind = Kind::kPublish;
  uint32_t aux = 0;
};
static_assert(sizeof(OutEntry) == 16);

class OutQueue {
 public:
  bool empty() const { return entries_.empty(); }
  uint32_t size() const { return entries_.size(); }
  // Memory behind the queued messages. A message that waits for several receivers counts for each.
  uint64_t message_bytes() const { return message_bytes_; }
  // Entries that are not PUBLISH: how far the peer is behind with reading its answers.
  uint32_t answers() const { return entries_.size() - publishes_; }

  void push_publish(Ref<const Message> message, uint8_t first_byte, uint16_t packet_id,
                    uint32_t aux) {
    message_bytes_ += message->memory();
    ++publishes_;
    entries_.push_back({std::move(message), packet_id, first_byte, OutEntry::Kind::kPublish, aux});
  }
  void push_ack(PacketType type, uint16_t packet_id, ReasonCode reason) {
    const auto first_byte = static_cast<uint8_t>(static_cast<uint8_t>(type) << 4 |
                                                 (type == PacketType::kPubrel ? 0x02 : 0));
    entries_.push_back({nullptr, packet_id, first_byte, OutEntry::Kind::kAck,
                        static_cast<uint32_t>(reason)});
  }
  void push_barrier(uint64_t batch) {
    entries_.push_back({nullptr, 0, 0, OutEntry::Kind::kBarrier, static_cast<uint32_t>(batch)});
  }
  // A frame of `size` bytes that the owner keeps. Those that follow each other share an entry, as
  // far as a batch takes it in any case at once. REQUIRES: size <= kFramesMax
  static constexpr uint32_t kFramesMax = 16 * 1024;
  void push_frame(uint32_t size) {
    if (!entries_.empty()) {
      OutEntry& last = entries_.back();
      if (last.kind == OutEntry::Kind::kFrames && last.aux + size <= kFramesMax) {
        last.aux += size;
        ++last.packet_id;
        return;
      }
    }
    entries_.push_back({nullptr, 1, 0, OutEntry::Kind::kFrames, size});
  }
  // Appends the frame that `write(Buffer&)` encodes.
  template <class Write>
  void push_control(Write&& write) {
    const size_t before = control_.size();
    write(control_);
    entries_.push_back({nullptr, 0, 0, OutEntry::Kind::kControl,
                        static_cast<uint32_t>(control_.size() - before)});
  }

  OutEntry& front() { return entries_.front(); }
  // The frame of the front entry. REQUIRES: it is kControl
  Bytes front_control() const { return control_.bytes().first(front_aux()); }
  void pop_front() {
    OutEntry& entry = entries_.front();
    if (entry.kind == OutEntry::Kind::kControl) {
      control_.consume(entry.aux);
      if (control_.empty()) control_.release();
    } else if (entry.message) {
      message_bytes_ -= entry.message->memory();
      --publishes_;
    }
    entries_.pop_front();
  }
  // Drops the first `n` bytes of the front entry's frame. REQUIRES: it is kControl and longer
  void consume_control(size_t n) {
    entries_.front().aux -= static_cast<uint32_t>(n);
    control_.consume(n);
  }
  // Drops every PUBLISH and keeps the rest: what a connection that is ending may still send.
  void drop_publishes() {
    for (uint32_t left = entries_.size(); left > 0; --left) {
      OutEntry entry = std::move(entries_.front());
      entries_.pop_front();
      if (entry.kind != OutEntry::Kind::kPublish) entries_.push_back(std::move(entry));
    }
    message_bytes_ = 0;
    publishes_ = 0;
  }
  void clear() {
    entries_.clear();
    control_.release();
    message_bytes_ = 0;
    publishes_ = 0;
  }

 private:
  uint32_t front_aux() const { return entries_[0].aux; }

  Ring<OutEntry> entries_;
  Buffer control_;
  uint64_t message_bytes_ = 0;
  uint32_t publishes_ = 0;
};

// Bytes that an ack entry takes: 4, or 5 with a reason code in 5.0.
inline constexpr size_t kAckSizeMax = 5;
// Writes it and returns the byte after it. The form is the shortest: no reason code where it is
// Success, no properties.
inline uint8_t* store_ack(uint8_t* p, const OutEntry& entry, Version version) {
  const bool with_reason = version == Version::kV5 && entry.aux != 0;
  *p++ = entry.first_byte;
  *p++ = with_reason ? 3 : 2;
  store_be16(p, entry.packet_id);
  p += 2;
  if (with_reason) *p++ = static_cast<uint8_t>(entry.aux);
  return p;
}

}  // namespace mq
