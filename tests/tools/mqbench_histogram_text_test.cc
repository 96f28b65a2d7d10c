#include "mqbench/histogram_text.h"

#include <zlib.h>

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace mq;

namespace {

std::vector<uint8_t> from_base64(const std::string& text) {
  static const std::string kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<uint8_t> bytes;
  uint32_t bits = 0, count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(kAlphabet.find(c));
    if ((count += 6) >= 8) bytes.push_back(static_cast<uint8_t>(bits >> (count -= 8)));
  }
  return bytes;
}

}  // namespace

TEST_CASE("histogram text: base64 of a compressed V2 histogram") {
  // Enough different lengths that all three paddings of base64 occur.
  std::array<int, 3> paddings{};
  for (int n = 0; n < 64; ++n) {
    Histogram histogram;
    for (int i = 0; i < n; ++i) histogram.record(int64_t{i} * i * 1009);
    const std::string text = to_base64(histogram);
    REQUIRE(text.size() % 4 == 0);
    CHECK(text.starts_with("HISTFA"));  // the cookie, as everywhere
    ++paddings[text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0];

    const std::vector<uint8_t> envelope = from_base64(text);
    REQUIRE(load_be32(envelope.data()) == 0x1c849314);
    REQUIRE(load_be32(envelope.data() + 4) == envelope.size() - 8);
    std::vector<uint8_t> body(100'000);
    uLongf size = body.size();
    REQUIRE(uncompress(body.data(), &size, envelope.data() + 8, envelope.size() - 8) == Z_OK);
    const auto decoded = Histogram::decode({body.data(), size});
    REQUIRE(decoded);
    CHECK(decoded->count() == histogram.count());
    CHECK(decoded->percentile(50) == histogram.percentile(50));
  }
  for (const int count : paddings) CHECK(count > 0);
}
