#include "mqbench/payloads.h"

#include <algorithm>
#include <cassert>

#include "base/base64.h"
#include "base/random.h"
#include "codec/property.h"
#include "mqbench/load_plan.h"
#include "mqbench/message_random.h"
#include "mqbench/payload_check.h"

namespace mq {
namespace {

MessageRandom random_of(uint64_t seed, const Stamp& stamp) {
  return {seed, stamp.stream, stamp.sequence};
}

uint32_t size_of(const Payloads& payloads, const Stamp& stamp) {
  const SizeSpec& sizes = payloads.sizes;
  return sizes.at(sizes.varies() ? random_of(payloads.seed, stamp).next() : 0);
}

// Publishers begin at different ones.
Bytes taken_from(const PayloadPool& pool, const Stamp& stamp) {
  return pool.at((uint64_t{stamp.stream} + static_cast<uint32_t>(stamp.sequence)) % pool.size());
}

PayloadTemplate::Message message_of(const TemplateValues& values, uint64_t seed, const Stamp& stamp,
                                    std::string_view stamp_text) {
  return {.values = values,
          .number = static_cast<uint32_t>(stamp.sequence),
          .random = random_of(seed, stamp).next(),
          .stamp = stamp_text};
}

}  // namespace

size_t Payloads::largest() const {
  if (blueprint) return blueprint->size_estimate();
  return pool ? pool->largest() : sizes.max();
}

double Payloads::mean() const {
  if (blueprint) return static_cast<double>(blueprint->size_estimate());
  return pool ? pool->mean() : sizes.mean();
}

StampPlace Payloads::stamp_place(bool has_properties) const {
  if (blueprint && blueprint->stamp_at()) return StampPlace::kTemplate;
  const auto has_room = [](size_t size) { return size >= kCompactStampSize; };
  if (!are_given() && sizes.all(has_room)) return StampPlace::kPayload;
  return has_properties ? StampPlace::kCorrelation : StampPlace::kNone;
}

bool Payloads::can_be_verified(StampPlace place) const {
  if (place == StampPlace::kNone || pool_is_random) return false;
  if (are_given()) return true;
  return sizes.all([place](size_t size) {
    const size_t stamp = place == StampPlace::kPayload ? stamp_size(size) : 0;
    return size >= stamp + PayloadPattern::kSizeMin;
  });
}

Bytes Payloads::stamped_bytes(StampPlace place, const Publish& publish,
                              std::array<uint8_t, kStampSize>& room) const {
  switch (place) {
    case StampPlace::kPayload: return publish.payload;
    case StampPlace::kTemplate: {
      const size_t at = *blueprint->stamp_at();
      if (publish.payload.size() < at + PayloadTemplate::kStampTextSize) return {};
      const auto stamp = decode_base64(
          to_string_view(publish.payload.subspan(at, PayloadTemplate::kStampTextSize)));
      if (!stamp || stamp->size() != room.size()) return {};
      std::ranges::copy(*stamp, room.begin());
      return room;
    }
    case StampPlace::kCorrelation: {
      const auto data = publish.properties.text(PropertyId::kCorrelationData);
      return data ? to_bytes(*data) : Bytes();
    }
    case StampPlace::kNone: break;
  }
  return {};
}

bool Payloads::is_intact(StampPlace place, const LoadPlan& plan, const Stamp& stamp, Bytes stamped,
                         Bytes payload) const {
  if (blueprint) {
    if (stamp.stream >= plan.streams()) return false;
    std::string client_id, text;
    const TemplateValues values = plan.values_of(plan.publisher_of(stamp.stream), client_id);
    blueprint->fill_in(message_of(values, seed, stamp, encode_base64(stamped)), text);
    return to_string_view(payload) == text;
  }
  if (pool) return equal(payload, taken_from(*pool, stamp));
  if (payload.size() != size_of(*this, stamp)) return false;
  const PayloadPattern pattern(stamped.first(stamp_size(stamped.size())));
  if (place == StampPlace::kCorrelation) return pattern.matches(payload);
  return pattern.matches(payload.subspan(stamp_size(payload.size())));
}

PayloadWriter::PayloadWriter(const Payloads& payloads, StampPlace place, const LoadPlan& plan,
                             uint32_t publisher, std::vector<uint8_t>& room)
    : payloads_(payloads), place_(place), room_(room) {
  if (payloads.blueprint) values_ = plan.values_of(publisher, client_id_);
  if (payloads.are_given() || room.size() >= payloads.largest()) return;
  // Incompressible; the stamp is written over the beginning.
  Random random(publisher + 1);
  room.reserve(payloads.largest());
  while (room.size() < payloads.largest()) room.push_back(static_cast<uint8_t>(random.next()));
}

Bytes PayloadWriter::write(const Stamp& stamp, std::span<uint8_t> correlation) {
  if (place_ == StampPlace::kCorrelation) write_stamp(stamp, correlation);
  if (payloads_.blueprint) return filled_in(stamp);
  if (payloads_.pool && !payloads_.pool_is_random) return taken_from(*payloads_.pool, stamp);
  return random_payload(stamp, correlation);
}

Bytes PayloadWriter::random_payload(const Stamp& stamp, std::span<uint8_t> correlation) {
  std::span<uint8_t> payload = room_;
  if (payloads_.pool) {
    const Bytes content = taken_from(*payloads_.pool, stamp);
    payload = payload.first(content.size());
    std::ranges::copy(content, payload.begin());
  } else {
    payload = payload.first(size_of(payloads_, stamp));
  }
  Bytes stamped = correlation;
  std::span<uint8_t> rest = payload;
  if (place_ == StampPlace::kPayload) {
    write_stamp(stamp, payload);
    stamped = payload.first(stamp_size(payload.size()));
    rest = payload.subspan(stamped.size());
  }
  if (payloads_.verifiable) PayloadPattern(stamped).fill(rest);
  return payload;
}

Bytes PayloadWriter::filled_in(const Stamp& stamp) {
  std::string stamp_text;
  if (place_ == StampPlace::kTemplate) {
    std::array<uint8_t, kStampSize> bytes;
    write_stamp(stamp, bytes);
    stamp_text = encode_base64(bytes);
  }
  payloads_.blueprint->fill_in(message_of(values_, payloads_.seed, stamp, stamp_text), text_);
  return to_bytes(text_);
}

}  // namespace mq
