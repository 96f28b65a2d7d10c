#include "session/message.h"

#include <array>
#include <cassert>
#include <cstdlib>
#include <new>
#include <utility>

#include "codec/varint.h"

namespace mq {
namespace {

thread_local size_t alive_count = 0;
thread_local uint64_t alive_memory = 0;

// Memory of small messages that have gone, for the next ones. A publisher makes and drops them by
// the thousand, which is more than malloc's own caches hold: it spent a fifth of its instructions
// there.
class Blocks {
 public:
  Blocks() = default;
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;
  ~Blocks() {
    for (Block*& first : free_) {
      while (first != nullptr) std::free(std::exchange(first, first->next));
    }
    bytes_ = kBytesMax;  // what comes later is not kept
  }

  void* take(size_t size) {
    const size_t index = (size - 1) / kStep;
    if (index < free_.size() && free_[index] != nullptr) {
      bytes_ -= (index + 1) * kStep;
      return std::exchange(free_[index], free_[index]->next);
    }
    return std::malloc(index < free_.size() ? (index + 1) * kStep : size);
  }
  void give(void* memory, size_t size) {
    const size_t index = (size - 1) / kStep;
    if (index >= free_.size() || bytes_ >= kBytesMax) return std::free(memory);
    bytes_ += (index + 1) * kStep;
    free_[index] = new (memory) Block{free_[index]};
  }

 private:
  struct Block {
    Block* next;
  };
  static constexpr size_t kStep = 16;  // malloc's
#ifdef __SANITIZE_ADDRESS__
  static constexpr size_t kBytesMax = 0;  // it watches what is freed
#else
  static constexpr size_t kBytesMax = 256 << 10;
#endif
  std::array<Block*, 32> free_{};  // blocks of 16, 32, ... bytes
  size_t bytes_ = 0;               // in all of them
};

thread_local Blocks blocks;

// These two belong to one hop: the next one has aliases and subscriptions of its own.
bool is_forwarded(PropertyId id) {
  return id != PropertyId::kTopicAlias && id != PropertyId::kSubscriptionIdentifier;
}

struct PropertyPlan {
  size_t size = 0;    // bytes of the forwarded properties
  bool whole = true;  // nothing is left out: they can be copied in one piece
};

PropertyPlan plan(const Properties& properties) {
  PropertyPlan plan;
  for (auto it = properties.begin(), end = properties.end(); it != end; ++it) {
    if (is_forwarded(it->id)) {
      plan.size += it.encoded().size();
    } else {
      plan.whole = false;
    }
  }
  return plan;
}

}  // namespace

Ref<const Message> Message::make(const MessageFields& fields) {
  assert(fields.topic.size() <= kTopicMax);
  PropertyPlan kept = fields.properties.empty() ? PropertyPlan{} : plan(fields.properties);
  for (const uint32_t id : fields.subscription_ids) kept.size += 1 + varint_size(id);
  const size_t length_size = varint_size(static_cast<uint32_t>(kept.size));
  const size_t image = 2 + fields.topic.size() + length_size + kept.size + fields.payload.size();
  void* memory = blocks.take(sizeof(Message) + image);
  if (memory == nullptr) throw std::bad_alloc();

  auto* message = new (memory) Message;
  message->payload_size_ = static_cast<uint32_t>(fields.payload.size());
  message->properties_size_ = static_cast<uint32_t>(kept.size);
  message->properties_length_size_ = static_cast<uint8_t>(length_size);
  message->topic_size_ = static_cast<uint16_t>(fields.topic.size());
  message->qos_ = fields.qos;
  message->retain_ = fields.retain;
  message->expires_ = fields.expires;

  uint8_t* at = message->bytes();
  store_be16(at, message->topic_size_);
  at = copy_to(at + 2, to_bytes(fields.topic));
  const uint8_t* tail = at;
  at = store_varint(at, message->properties_size_);
  for (const uint32_t id : fields.subscription_ids) {
    *at++ = static_cast<uint8_t>(PropertyId::kSubscriptionIdentifier);
    at = store_varint(at, id);
  }
  if (kept.whole && fields.expires == kNever) {
    at = copy_to(at, fields.properties.encoded());
  } else {
    for (auto it = fields.properties.begin(), end = fields.properties.end(); it != end; ++it) {
      if (!is_forwarded(it->id)) continue;
      if (it->id == PropertyId::kMessageExpiryInterval && fields.expires != kNever) {
        message->expiry_at_ = static_cast<uint32_t>(at + 1 - tail);
      }
      at = copy_to(at, it.encoded());
    }
  }
  copy_to(at, fields.payload);
  ++alive_count;
  alive_memory += message->memory();
  return Ref<const Message>::adopt(message);
}

void Message::destroy() const {
  --alive_count;
  alive_memory -= memory();
  blocks.give(const_cast<Message*>(this), memory());
}

size_t Message::alive() {
  return alive_count;
}

uint64_t Message::alive_bytes() {
  return alive_memory;
}

}  // namespace mq
