#include "mqbench/stamp.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace mq {
namespace {

constexpr uint32_t kMagic = 0x3142514D;        // "MQB1"
constexpr uint32_t kMagicWarmUp = 0x5742514D;  // "MQBW"
constexpr Duration kDelayUnit{16};

// One move each where the machine is little endian, too: the compiler does not make that out of a
// loop over the bytes.
template <class T>
T swapped_if_big(T value) {
  if constexpr (std::endian::native == std::endian::little) return value;
  T other = 0;
  for (size_t i = 0; i < sizeof value; ++i)
    other = static_cast<T>(other << 8 | (value >> (8 * i) & 0xFF));
  return other;
}

template <class T>
void store_le(uint8_t* p, T value) {
  value = swapped_if_big(value);
  std::memcpy(p, &value, sizeof value);
}

template <class T>
T load_le(const uint8_t* p) {
  T value = 0;
  std::memcpy(&value, p, sizeof value);
  return swapped_if_big(value);
}

uint32_t tag(uint32_t run, bool warm_up) {
  return (run & 0x7F) << 1 | (warm_up ? 1 : 0);
}

uint64_t nanoseconds(Time time) {
  return static_cast<uint64_t>(time.time_since_epoch().count());
}

Time time_at(uint64_t nanoseconds) {
  // A foreign payload may say anything; a time beyond the range of the clock is no use to anybody.
  return Time(Duration(static_cast<int64_t>(std::min<uint64_t>(nanoseconds, INT64_MAX))));
}

}  // namespace

void write_stamp(const Stamp& stamp, std::span<uint8_t> payload) {
  uint8_t* p = payload.data();
  if (payload.size() < kStampSize) {
    assert(payload.size() >= kCompactStampSize && stamp.stream < kStreamsMax);
    store_le(p, tag(stamp.run, stamp.warm_up) | stamp.stream << 8);
    store_le(p + 4, static_cast<uint32_t>(stamp.sequence));
    store_le(p + 8, nanoseconds(stamp.planned));
    return;
  }
  const int64_t delay = std::clamp<int64_t>(stamp.send_delay / kDelayUnit, 0, UINT32_MAX);
  store_le(p, stamp.warm_up ? kMagicWarmUp : kMagic);
  store_le(p + 4, stamp.run);
  store_le(p + 8, stamp.stream);
  store_le(p + 12, static_cast<uint32_t>(delay));
  store_le(p + 16, stamp.sequence);
  store_le(p + 24, nanoseconds(stamp.planned));
}

std::optional<ReadStamp> read_stamp(Bytes payload, uint32_t run) {
  const uint8_t* p = payload.data();
  if (payload.size() < kCompactStampSize) return std::nullopt;
  if (payload.size() < kStampSize) {
    const auto first = load_le<uint32_t>(p);
    const bool warm_up = (first & 1) != 0;
    if ((first & 0xFF) != tag(run, warm_up)) return std::nullopt;
    return ReadStamp{{run, first >> 8, load_le<uint32_t>(p + 4), time_at(load_le<uint64_t>(p + 8)),
                      Duration(0), warm_up},
                     true};
  }
  const auto magic = load_le<uint32_t>(p);
  if ((magic != kMagic && magic != kMagicWarmUp) || load_le<uint32_t>(p + 4) != run) {
    return std::nullopt;
  }
  return ReadStamp{
      {run, load_le<uint32_t>(p + 8), load_le<uint64_t>(p + 16), time_at(load_le<uint64_t>(p + 24)),
       load_le<uint32_t>(p + 12) * kDelayUnit, magic == kMagicWarmUp},
      false};
}

std::optional<Time> planned_of_any_run(Bytes payload) {
  if (payload.size() < kStampSize) return std::nullopt;
  const auto magic = load_le<uint32_t>(payload.data());
  if (magic != kMagic && magic != kMagicWarmUp) return std::nullopt;
  return time_at(load_le<uint64_t>(payload.data() + 24));
}

}  // namespace mq
