#include "mqbench/payload_check.h"
#include "mqbench/stamp.h"

#include <array>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

const Stamp kStamp{0x7f3a91, 70'000, uint64_t{5} << 32 | 9, Time(123'456'789'012'345ns),
                   1600ns,   false};

}  // namespace

TEST_CASE("stamp: the layout of the full form") {
  std::array<uint8_t, 40> payload{};
  payload.fill(0xEE);
  write_stamp(kStamp, payload);
  const std::array<uint8_t, 40> expected = {
      'M',  'Q',  'B',  '1',  0x91, 0x3a, 0x7f, 0x00, 0x70, 0x11, 0x01, 0x00, 100,  0,
      0,    0,    9,    0,    0,    0,    5,    0,    0,    0,    0x79, 0xdf, 0x0d, 0x86,
      0x48, 0x70, 0x00, 0x00, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE};
  CHECK(payload == expected);
}

TEST_CASE("stamp: full and compact round trip") {
  for (const size_t size : {16, 17, 31, 32, 33, 1000}) {
    for (const bool warm_up : {false, true}) {
      CAPTURE(size);
      CAPTURE(warm_up);
      std::vector<uint8_t> payload(size);
      Stamp stamp = kStamp;
      stamp.warm_up = warm_up;
      write_stamp(stamp, payload);
      const auto read = read_stamp(payload, stamp.run);
      REQUIRE(read);
      CHECK(read->compact == (size < 32));
      CHECK(read->stamp.stream == stamp.stream);
      CHECK(read->stamp.planned == stamp.planned);
      CHECK(read->stamp.warm_up == warm_up);
      CHECK(read->stamp.sequence == (size < 32 ? 9 : stamp.sequence));
      CHECK(read->stamp.send_delay == (size < 32 ? 0ns : 1600ns));
      CHECK_FALSE(read_stamp(payload, stamp.run + 1));
    }
  }
}

TEST_CASE("stamp: delays are never negative and end at their largest value") {
  std::array<uint8_t, kStampSize> payload{};
  Stamp stamp = kStamp;
  stamp.send_delay = -5ns;
  write_stamp(stamp, payload);
  CHECK(read_stamp(payload, stamp.run)->stamp.send_delay == 0ns);
  stamp.send_delay = 1h;
  write_stamp(stamp, payload);
  CHECK(read_stamp(payload, stamp.run)->stamp.send_delay == UINT32_MAX * 16ns);
}

TEST_CASE("stamp: what is not ours is not taken for it") {
  CHECK_FALSE(read_stamp({}, 1));
  CHECK_FALSE(read_stamp(to_bytes("15 bytes of text"), 0x7f3a91));
  CHECK_FALSE(read_stamp(to_bytes("a foreign payload that is long enough"), 0x7f3a91));
  Random random(5);
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::array<uint8_t, 64> payload;
    for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random.next());
    taken += read_stamp(Bytes(payload).first(random.below(payload.size())), 1) ? 1 : 0;
  }
  // The compact form has one byte to tell: one in 128, of a quarter of the sizes.
  CHECK(taken < 60);
}

TEST_CASE("stamp: a compact sequence is widened around the expected one") {
  CHECK(widen_sequence(7, 7) == 7);
  CHECK(widen_sequence(9, 7) == 9);
  CHECK(widen_sequence(5, 7) == 5);
  const uint64_t high = uint64_t{3} << 32;
  CHECK(widen_sequence(2, high - 1) == high + 2);
  CHECK(widen_sequence(0xFFFFFFFE, high + 1) == high - 2);
}

TEST_CASE("payload pattern: any bit of stamp or payload that is changed shows") {
  for (const size_t size : {24, 31, 40, 41, 64, 100}) {
    CAPTURE(size);
    std::vector<uint8_t> payload(size);
    write_stamp({7, 3, 12345, Time(Duration(999)), Duration(64), false}, payload);
    const size_t stamp = stamp_size(size);
    const auto intact = [&] {
      return PayloadPattern(Bytes(payload).first(stamp)).matches(Bytes(payload).subspan(stamp));
    };
    PayloadPattern(Bytes(payload).first(stamp)).fill(std::span(payload).subspan(stamp));
    CHECK(intact());
    for (size_t bit = 0; bit < size * 8; ++bit) {
      payload[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
      CAPTURE(bit);
      CHECK_FALSE(intact());
      payload[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    }
  }
}
