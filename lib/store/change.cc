#include "store/change.h"

#include <cassert>

#include "codec/varint.h"

namespace mq {
namespace {

constexpr size_t kLebMax = 10;
constexpr uint8_t kRetainBit = 4;  // of a message's flags, above the QoS

uint8_t* store_leb(uint8_t* p, uint64_t value) {
  while (value >= 0x80) {
    *p++ = static_cast<uint8_t>(value | 0x80);
    value >>= 7;
  }
  *p++ = static_cast<uint8_t>(value);
  return p;
}

// Reads fields one after the other; from the first that is not there on, every one is empty.
class Fields {
 public:
  explicit Fields(Bytes from) : rest_(from) {}

  Bytes take(uint64_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const Bytes taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  uint8_t u8() {
    const Bytes byte = take(1);
    return byte.empty() ? uint8_t{0} : byte[0];
  }
  uint16_t be16() {
    const Bytes two = take(2);
    return two.empty() ? uint16_t{0} : load_be16(two.data());
  }
  uint32_t be32() {
    const Bytes four = take(4);
    return four.empty() ? 0 : load_be32(four.data());
  }
  WallTime time() {
    const uint64_t high = be32();
    const auto us = static_cast<int64_t>(high << 32 | be32());
    return WallTime(std::chrono::microseconds(us));
  }
  uint64_t leb() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = u8();
      value |= uint64_t{byte & 0x7Fu} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  std::string_view text() { return to_string_view(take(be16())); }
  Bytes rest() { return take(rest_.size()); }
  Bytes left() const { return rest_; }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

void put_time(Buffer& to, WallTime at) {
  const auto us = static_cast<uint64_t>(at.time_since_epoch().count());
  to.put_be32(static_cast<uint32_t>(us >> 32));
  to.put_be32(static_cast<uint32_t>(us));
}

void put_text(Buffer& to, std::string_view text) {
  assert(text.size() <= UINT16_MAX);
  to.put_be16(static_cast<uint16_t>(text.size()));
  to.append(text);
}

void put_long(Buffer& to, Bytes bytes) {
  to.put_be32(static_cast<uint32_t>(bytes.size()));
  to.append(bytes);
}

}  // namespace

bool read_change(Bytes& from, Change& to) {
  Fields fields(from);
  const uint8_t kind = fields.u8();
  if (kind < static_cast<uint8_t>(ChangeKind::kPutSession) ||
      kind > static_cast<uint8_t>(ChangeKind::kDropRetained)) {
    return false;
  }
  to.kind = static_cast<ChangeKind>(kind);
  to.key = fields.text();
  to.number = fields.leb();
  to.body = fields.take(fields.leb());
  to.encoded = from.first(from.size() - fields.left().size());
  from = fields.left();
  return fields.ok();
}

bool read_body(const Change& change, SessionRecord& to, SessionRecord::Will& will) {
  Fields fields(change.body);
  to.client_id = change.key;
  to.expiry_s = fields.be32();
  const uint8_t states = fields.u8();
  to.connected = (states & SessionRecord::kConnectedBit) != 0;
  to.name_proven = (states & SessionRecord::kProvenBit) != 0;
  to.expires = fields.time();
  to.user_name = fields.text();
  to.will = nullptr;
  if (fields.u8() != 0) {
    const uint8_t flags = fields.u8();
    will.qos = static_cast<Qos>(flags & 3);
    will.retain = (flags & kRetainBit) != 0;
    will.delay_s = fields.be32();
    will.due = fields.time();
    will.topic = fields.text();
    will.properties = fields.take(fields.be32());
    will.payload = fields.take(fields.be32());
    to.will = &will;
  }
  return fields.done();
}

bool read_body(const Change& change, SubscriptionRecord& to) {
  Fields fields(change.body);
  to.client_id = change.key;
  to.options = SubscribeOptions::decoded(fields.u8());
  to.subscription_id = fields.be32();
  to.filter = to_string_view(fields.rest());
  return fields.done();
}

bool read_body(const Change& change, QueuedRecord& to) {
  Fields fields(change.body);
  to.client_id = change.key;
  to.sequence = change.number;
  to.subscription_id = fields.be32();
  to.first_byte = fields.u8();
  to.share_tag = fields.u8();
  return fields.done();
}

bool read_body(const Change& change, StoredMessage& to) {
  Fields fields(change.body);
  const uint8_t flags = fields.u8();
  to.topic = change.key;
  to.qos = static_cast<Qos>(flags & 3);
  to.retain = (flags & kRetainBit) != 0;
  to.expires = fields.time();
  to.properties = fields.take(fields.leb());
  to.payload = fields.rest();
  return fields.done();
}

void ChangeWriter::put(ChangeKind kind, std::string_view key, uint64_t number, Bytes body) {
  assert(key.size() <= UINT16_MAX);
  open_.reserve(1 + 2 + key.size() + 2 * kLebMax + body.size());
  const size_t before = open_.size();
  uint8_t* const start = open_.grow(1 + 2 + key.size() + 2 * kLebMax + body.size());
  uint8_t* p = start;
  *p++ = static_cast<uint8_t>(kind);
  store_be16(p, static_cast<uint16_t>(key.size()));
  p = copy_to(p + 2, to_bytes(key));
  p = store_leb(p, number);
  p = store_leb(p, body.size());
  p = copy_to(p, body);
  open_.truncate(before + static_cast<size_t>(p - start));
}

void ChangeWriter::put_session(const SessionRecord& record) {
  body_.clear();
  body_.put_be32(record.expiry_s);
  body_.put_u8(record.flags());
  put_time(body_, record.expires);
  put_text(body_, record.user_name);
  body_.put_u8(record.will != nullptr ? 1 : 0);
  if (const SessionRecord::Will* will = record.will) {
    body_.put_u8(
        static_cast<uint8_t>(static_cast<uint8_t>(will->qos) | (will->retain ? kRetainBit : 0)));
    body_.put_be32(will->delay_s);
    put_time(body_, will->due);
    put_text(body_, will->topic);
    put_long(body_, will->properties);
    put_long(body_, will->payload);
  }
  put(ChangeKind::kPutSession, record.client_id, 0, body_.bytes());
}

void ChangeWriter::drop_session(std::string_view client_id) {
  put(ChangeKind::kDropSession, client_id, 0);
}

void ChangeWriter::put_subscription(const SubscriptionRecord& record) {
  body_.clear();
  body_.put_u8(record.options.encoded());
  body_.put_be32(record.subscription_id);
  body_.append(record.filter);
  put(ChangeKind::kPutSubscription, record.client_id, 0, body_.bytes());
}

void ChangeWriter::drop_subscription(std::string_view client_id, std::string_view filter) {
  put(ChangeKind::kDropSubscription, client_id, 0, to_bytes(filter));
}

void ChangeWriter::put_message(const Ref<const Message>& message, WallTime expires) {
  if (last_message_ == message) return;
  last_message_ = message;
  // Written in place: a payload may be large.
  const std::string_view topic = message->topic();
  const Bytes tail = message->tail_image();  // property length, properties, payload
  const size_t body_size = 1 + 8 + tail.size();
  open_.put_u8(static_cast<uint8_t>(ChangeKind::kMessage));
  put_text(open_, topic);
  uint8_t length[kLebMax];
  open_.put_u8(0);
  open_.append(Bytes(length, store_leb(length, body_size)));
  open_.put_u8(static_cast<uint8_t>(static_cast<uint8_t>(message->qos()) |
                                    (message->retain_flag() ? kRetainBit : 0)));
  put_time(open_, expires);
  open_.append(tail);
}

void ChangeWriter::put_queued(const QueuedRecord& record) {
  assert(record.message);
  put_message(record.message, record.expires);
  uint8_t body[6];
  store_be32(body, record.subscription_id);
  body[4] = record.first_byte;
  body[5] = record.share_tag;
  put(ChangeKind::kPutQueued, record.client_id, record.sequence, body);
}

void ChangeWriter::put_sent(std::string_view client_id, uint64_t sequence) {
  put(ChangeKind::kPutSent, client_id, sequence);
}

void ChangeWriter::release_queued(std::string_view client_id, uint64_t sequence) {
  put(ChangeKind::kReleaseQueued, client_id, sequence);
}

void ChangeWriter::drop_queued(std::string_view client_id, uint64_t sequence) {
  put(ChangeKind::kDropQueued, client_id, sequence);
}

void ChangeWriter::put_inbound(std::string_view client_id, uint16_t packet_id) {
  put(ChangeKind::kPutInbound, client_id, packet_id);
}

void ChangeWriter::drop_inbound(std::string_view client_id, uint16_t packet_id) {
  put(ChangeKind::kDropInbound, client_id, packet_id);
}

void ChangeWriter::put_retained(const Ref<const Message>& message, WallTime expires) {
  put_message(message, expires);
  put(ChangeKind::kPutRetained, {}, 0);
}

void ChangeWriter::drop_retained(std::string_view topic) {
  put(ChangeKind::kDropRetained, topic, 0);
}

}  // namespace mq
