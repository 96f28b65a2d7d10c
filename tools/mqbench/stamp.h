// What a measured payload starts with: who sent it, which one it is, when it was due.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/time.h"

namespace mq {

// Little endian, in the first bytes of the payload:
//
//   32 bytes   magic "MQB1" or, during the warm-up, "MQBW"; run u32; stream u32; send delay u32
//              in units of 16 ns; sequence u64; planned time u64 in ns
//   16 bytes   where the payload is shorter than 32: tag u8 (low bit: warm-up, the others: of the
//              run); stream u24; sequence u32, the low bits; planned time u64 in ns
//
// Times are of the monotonic clock, so both ends must be on one host.
struct Stamp {
  uint32_t run = 0;
  uint32_t stream = 0;       // of the plan: a publisher and a topic
  uint64_t sequence = 0;  // of the stream, from 0
  Time planned{};
  Duration send_delay{0};  // from planned to sent, at most 68 s
  bool warm_up = false;
};

inline constexpr size_t kStampSize = 32;
inline constexpr size_t kCompactStampSize = 16;
inline constexpr uint32_t kStreamsMax = 1 << 24;

// Of the form that a payload has room for; 0 for none.
constexpr size_t stamp_size(size_t payload_size) {
  if (payload_size >= kStampSize) return kStampSize;
  return payload_size >= kCompactStampSize ? kCompactStampSize : 0;
}

// Writes the form that the payload has room for. REQUIRES: payload.size() >= kCompactStampSize
void write_stamp(const Stamp& stamp, std::span<uint8_t> payload);

struct ReadStamp {
  Stamp stamp;
  bool compact;  // the sequence is its low 32 bits, the send delay is missing
};
// Nothing when the payload carries no stamp of this run.
std::optional<ReadStamp> read_stamp(Bytes payload, uint32_t run);

// The planned time in a stamp of any run, of the longer form. Nothing when there is none.
std::optional<Time> planned_of_any_run(Bytes payload);

// The sequence number with these low bits that is nearest to `next`, the one that is expected.
inline uint64_t widen_sequence(uint64_t low_bits, uint64_t next) {
  const auto distance = static_cast<int32_t>(static_cast<uint32_t>(low_bits) -
                                             static_cast<uint32_t>(next));
  return next + static_cast<uint64_t>(int64_t{distance});
}

}  // namespace mq
