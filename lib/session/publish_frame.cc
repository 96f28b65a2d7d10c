#include "session/publish_frame.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "codec/varint.h"

namespace mq {
namespace {

// Sizes of the variable parts of one PUBLISH.
struct Layout {
  size_t topic = 0;        // topic field
  size_t id = 0;           // packet identifier field
  size_t extra = 0;        // alias and subscription identifiers, written before the properties
  size_t properties = 0;   // length of the whole property list
  size_t tail = 0;         // property length, properties (without extra) and payload
  uint64_t remaining() const { return uint64_t{topic} + id + extra + tail; }
};

Layout lay_out(const Message& message, const PublishHead& head, Version version) {
  Layout layout;
  layout.topic = head.omit_topic ? 2 : message.topic_image().size() - head.topic_skip;
  layout.id = (head.first_byte & 0x06) != 0 ? 2 : 0;
  if (version != Version::kV5) {
    layout.tail = message.payload().size();
    return layout;
  }
  if (head.topic_alias != 0) layout.extra += 3;
  for (const uint32_t id : head.subscription_ids) layout.extra += 1 + varint_size(id);
  layout.properties = layout.extra + message.properties_size();
  layout.tail = varint_size(static_cast<uint32_t>(layout.properties)) +
                message.properties_size() + message.payload().size();
  return layout;
}

uint32_t seconds_left(const Message& message, Time now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(message.expires() - now).count();
  return static_cast<uint32_t>(std::clamp<int64_t>(left, 0, UINT32_MAX));
}

Bytes topic_of(const Message& message, const PublishHead& head) {
  return to_bytes(message.topic().substr(head.topic_skip));
}

uint8_t* store_topic_size(uint8_t* p, const Message& message, const PublishHead& head) {
  store_be16(p, static_cast<uint16_t>(message.topic().size() - head.topic_skip));
  return p + 2;
}

uint8_t* store_extra(uint8_t* p, const PublishHead& head) {
  if (head.topic_alias != 0) {
    *p++ = static_cast<uint8_t>(PropertyId::kTopicAlias);
    store_be16(p, head.topic_alias);
    p += 2;
  }
  for (const uint32_t id : head.subscription_ids) {
    *p++ = static_cast<uint8_t>(PropertyId::kSubscriptionIdentifier);
    p = store_varint(p, id);
  }
  return p;
}

// Everything from the packet identifier to the end of what this receiver alone gets.
uint8_t* store_middle(uint8_t* p, const PublishHead& head, const Layout& layout, Version version) {
  if (layout.id != 0) {
    store_be16(p, head.packet_id);
    p += 2;
  }
  if (version != Version::kV5) return p;
  p = store_varint(p, static_cast<uint32_t>(layout.properties));
  return store_extra(p, head);
}

void append_copied(const Message& message, const PublishHead& head, Version version,
                   const Layout& layout, Time now, OutBatch& to) {
  uint8_t* const start = to.room();
  uint8_t* p = start;
  *p++ = head.first_byte;
  p = store_varint(p, static_cast<uint32_t>(layout.remaining()));
  if (head.omit_topic) {
    store_be16(p, 0);
    p += 2;
  } else {
    p = store_topic_size(p, message, head);
    p = copy_to(p, topic_of(message, head));
  }
  p = store_middle(p, head, layout, version);
  if (version == Version::kV5) {
    uint8_t* const properties = p;
    p = copy_to(p, message.properties().encoded());
    if (message.expiry_at() != 0) {
      const size_t skipped = varint_size(message.properties_size());
      store_be32(properties + message.expiry_at() - skipped, seconds_left(message, now));
    }
  }
  p = copy_to(p, message.payload());
  to.commit(static_cast<size_t>(p - start));
}

void append_referenced(const Ref<const Message>& message, const PublishHead& head,
                       Version version, const Layout& layout, Time now, OutBatch& to) {
  uint8_t* p = to.room();
  *p++ = head.first_byte;
  p = store_varint(p, static_cast<uint32_t>(layout.remaining()));
  if (head.omit_topic) {
    store_be16(p, 0);
    p += 2;
  } else if (head.topic_skip != 0) {
    p = store_topic_size(p, *message, head);
  }
  to.commit(static_cast<size_t>(p - to.room()));
  if (!head.omit_topic) {
    to.reference(head.topic_skip != 0 ? topic_of(*message, head) : message->topic_image(), message);
  }

  p = store_middle(to.room(), head, layout, version);
  to.commit(static_cast<size_t>(p - to.room()));
  if (version != Version::kV5) return to.reference(message->payload(), message);

  Bytes rest = message->tail_image().subspan(varint_size(message->properties_size()));
  if (message->expiry_at() != 0) {
    const size_t at = message->expiry_at() - varint_size(message->properties_size());
    to.reference(rest.first(at), message);
    store_be32(to.room(), seconds_left(*message, now));
    to.commit(4);
    rest = rest.subspan(at + 4);
  }
  to.reference(rest, message);
}

}  // namespace

uint64_t publish_size(const Message& message, const PublishHead& head, Version version) {
  const uint64_t remaining = lay_out(message, head, version).remaining();
  return 1 + varint_size(static_cast<uint32_t>(std::min<uint64_t>(remaining, kVarintMax))) +
         remaining;
}

bool append_publish(const Ref<const Message>& message, const PublishHead& head, Version version,
                    Time now, OutBatch& to) {
  const Layout layout = lay_out(*message, head, version);
  const uint64_t size = kFixedHeaderMax + layout.remaining();
  assert(layout.remaining() <= kVarintMax);
  if (size <= OutBatch::kCopyMax) {
    if (!to.has_room(size)) return false;
    append_copied(*message, head, version, layout, now, to);
    return true;
  }
  // Fixed header, empty topic, packet identifier, property length, expiry: 17 bytes at most.
  if (!to.has_room(17 + layout.extra, 3)) {
    assert(!to.empty());
    return false;
  }
  append_referenced(message, head, version, layout, now, to);
  return true;
}

}  // namespace mq
