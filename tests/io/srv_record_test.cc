#include "io/srv_record.h"

#include <initializer_list>
#include <map>
#include <string>

#include <doctest/doctest.h>

namespace mq {
namespace {

std::vector<uint8_t> bytes(std::initializer_list<std::string_view> parts) {
  std::vector<uint8_t> all;
  for (const std::string_view part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

using namespace std::string_view_literals;

constexpr auto kHeader =
    "\x00\x01\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00"sv;  // 1 question, 2 answers
constexpr auto kQuestion = "\x05_mqtt\x04_tcp\x04test\x00\x00\x21\x00\x01"sv;
constexpr auto kFirst =
    "\xC0\x0C\x00\x21\x00\x01\x00\x00\x00\x00\x00\x0A"  // 10 bytes
    "\x00\x14\x00\x05\x07\x5B\x01"
    "a\xC0\x17"sv;  // a.test
constexpr auto kSecond =
    "\xC0\x0C\x00\x21\x00\x01\x00\x00\x00\x00\x00\x07"
    "\x00\x0A\x00\x00\x22\xB3\x00"sv;

TEST_CASE("an answer with two records, the second without a host") {
  const auto records = parse_srv_answer(bytes({kHeader, kQuestion, kFirst, kSecond}));
  REQUIRE(records);
  REQUIRE(records->size() == 2);
  CHECK((*records)[0].priority == 20);
  CHECK((*records)[0].weight == 5);
  CHECK((*records)[0].port == 1883);
  CHECK((*records)[0].host == "a.test");
  CHECK((*records)[1].port == 8883);
  CHECK((*records)[1].host.empty());
}

TEST_CASE("records of another type are passed over") {
  constexpr auto kAlias =
      "\xC0\x0C\x00\x05\x00\x01\x00\x00\x00\x00\x00\x04\x01"
      "b\xC0\x17"sv;
  const auto records = parse_srv_answer(bytes({kHeader, kQuestion, kAlias, kFirst}));
  REQUIRE(records);
  CHECK(records->size() == 1);
}

TEST_CASE("an answer that ends anywhere, or points at itself, is malformed") {
  const auto whole = bytes({kHeader, kQuestion, kFirst, kSecond});
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(parse_srv_answer(Bytes(whole).first(size)));
  }
  constexpr auto kLoop =
      "\xC0\x0C\x00\x21\x00\x01\x00\x00\x00\x00\x00\x08"
      "\x00\x14\x00\x05\x07\x5B\xC0\x33"sv;
  CHECK_FALSE(parse_srv_answer(bytes({kHeader, kQuestion, kLoop, kSecond})));
  // A target that goes on behind its record.
  constexpr auto kLong =
      "\xC0\x0C\x00\x21\x00\x01\x00\x00\x00\x00\x00\x08"
      "\x00\x14\x00\x05\x07\x5B\x01"
      "a\xC0\x17"sv;
  CHECK_FALSE(parse_srv_answer(bytes({kHeader, kQuestion, kLong, kSecond})));
}

TEST_CASE("no more records than the limit are kept") {
  const auto answers = [](size_t count) {
    std::string header(kHeader);
    header[7] = static_cast<char>(count);
    std::vector<uint8_t> message = bytes({header, kQuestion});
    for (size_t i = 0; i < count; ++i) message.insert(message.end(), kFirst.begin(), kFirst.end());
    return parse_srv_answer(message);
  };
  CHECK(answers(kSrvRecordsMax)->size() == kSrvRecordsMax);
  CHECK(answers(kSrvRecordsMax + 1)->size() == kSrvRecordsMax);
}

TEST_CASE("lower priorities first; within one by weight") {
  Random random(1);
  const std::vector<SrvRecord> records = {
      {20, 0, 1, "last"}, {10, 1, 1, "small"}, {10, 3, 1, "large"}, {5, 0, 1, "first"}};
  std::map<std::string, int> second;
  constexpr int kDraws = 10'000;
  for (int i = 0; i < kDraws; ++i) {
    const auto order = in_order(records, random);
    REQUIRE(order.size() == 4);
    CHECK(order[0].host == "first");
    CHECK(order[3].host == "last");
    ++second[order[1].host];
  }
  // RFC 2782 draws from 0 to the sum: 0 and 1 of 0..4 choose the first of them.
  CHECK(second["small"] > kDraws * 2 / 5 - 300);
  CHECK(second["small"] < kDraws * 2 / 5 + 300);
}

TEST_CASE("a weight of 0 is seldom chosen beside others, and among its like anyone is") {
  Random random(2);
  int zero = 0;
  for (int i = 0; i < 1'000; ++i) {
    zero += in_order({{1, 99, 1, "heavy"}, {1, 0, 1, "zero"}}, random)[0].host == "zero" ? 1 : 0;
  }
  CHECK(zero > 0);
  CHECK(zero < 50);
  CHECK(in_order({{1, 0, 1, "a"}, {1, 0, 1, "b"}}, random).size() == 2);
  CHECK(in_order({}, random).empty());
}

}  // namespace
}  // namespace mq
