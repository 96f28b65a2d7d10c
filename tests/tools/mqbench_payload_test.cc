#include <cmath>
#include <deque>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include "base/random.h"
#include "mqbench/load_plan.h"
#include "mqbench/payload_pool.h"
#include "mqbench/payload_template.h"
#include "mqbench/payloads.h"
#include "mqbench/size_spec.h"

using namespace mq;

namespace {

std::string size_error(std::string_view text) {
  const auto made = SizeSpec::parse(text);
  return made ? "" : made.error().text;
}

std::string pool_error(std::string_view lines) {
  const auto made = PayloadPool::parse_record(lines);
  return made ? "" : made.error().text;
}

std::string template_error(std::string_view text) {
  const auto made = PayloadTemplate::parse(text, {"r1"});
  return made ? "" : made.error().text;
}

LoadPlan plan_of(uint32_t publishers, uint32_t topics = 1) {
  LoadPlan::PatternPlan pattern{.publishers = publishers, .subscribers = publishers};
  pattern.topic = topics > 1 ? "{i}/{n}" : "{i}";
  pattern.topics = topics;
  return *LoadPlan::make(pattern, {.run = "r1", .id_prefix = "c-"});
}

}  // namespace

TEST_CASE("size: forms, and what is none") {
  const SizeSpec fixed = *SizeSpec::parse("1k");
  CHECK_FALSE(fixed.varies());
  CHECK(fixed.at(12345) == 1024);
  const SizeSpec list = *SizeSpec::parse("64,1k,16k");
  CHECK(list.min() == 64);
  CHECK(list.max() == 16384);
  CHECK(list.mean() == doctest::Approx(5824));
  const SizeSpec range = *SizeSpec::parse("100..2000");
  CHECK(range.at(0) == 100);
  CHECK(range.at(UINT64_MAX) == 2000);
  const SizeSpec exponential = *SizeSpec::parse("exp:512");
  CHECK(exponential.varies());
  CHECK(exponential.at(UINT64_MAX) == 40);  // the likeliest
  CHECK(exponential.at(0) == 16 * 512);     // cut off
  CHECK(SizeSpec::parse("5..5")->at(77) == 5);
  for (const char* bad : {"", ",", "64,", "x", "..", "5..", "..5", "9..8", "exp:", "exp:40",
                          "exp:1T", "1..2..3", "-1", "1T", "64,1T", "exp:64,5"}) {
    CAPTURE(bad);
    CHECK(size_error(bad) != "");
  }
  std::string many = "1";
  for (size_t i = 1; i < SizeSpec::kListMax; ++i) many += ",1";
  CHECK(size_error(many) == "");
  CHECK(size_error(many + ",1") != "");
}

TEST_CASE("size: what is drawn is spread as it says") {
  Random random(1);
  std::map<uint32_t, int> seen;
  const SizeSpec list = *SizeSpec::parse("64,1k,16k");
  for (int i = 0; i < 30000; ++i) ++seen[list.at(random.next())];
  REQUIRE(seen.size() == 3);
  for (const auto& [size, count] : seen) CHECK(std::abs(count - 10000) < 400);
  for (const char* text : {"100..2000", "exp:512"}) {
    const SizeSpec spec = *SizeSpec::parse(text);
    double sum = 0;
    for (int i = 0; i < 100000; ++i) {
      const uint32_t size = spec.at(random.next());
      REQUIRE(size >= spec.min());
      REQUIRE(size <= spec.max());
      sum += size;
    }
    CHECK(sum / 100000 == doctest::Approx(spec.mean()).epsilon(0.02));
  }
}

TEST_CASE("pool: payloads of a record") {
  const auto pool = PayloadPool::parse_record(
      "{\"topic\":\"a\",\"payload\":\"one\"}\n\n"
      "{\"payload\":null,\"payload_b64\":\"AAH/\"}\r\n"
      "{\"payload\":{\"t\":1}}\n{\"payload\":null}");
  REQUIRE(pool);
  REQUIRE(pool->size() == 4);
  CHECK(to_string_view(pool->at(0)) == "one");
  CHECK(to_string_view(pool->at(1)) == std::string_view("\0\1\xFF", 3));
  CHECK(to_string_view(pool->at(2)) == "{\"t\":1}");
  CHECK(pool->at(3).empty());
  CHECK(pool->largest() == 7);
  CHECK(pool_error("") == "there are no messages in it");
  CHECK(pool_error("{\"payload\":1}\nx") == "line 2: not a JSON object");
  CHECK(pool_error("[]") == "line 1: not a JSON object");
  CHECK(pool_error("{\"topic\":\"a\"}") == "line 1: no \"payload\"");
  CHECK(pool_error("{\"payload_b64\":\"?\"}") == "line 1: \"payload_b64\" is not base64");
  CHECK(pool_error("{\"payload_b64\":1}") == "line 1: \"payload_b64\" is not base64");
  CHECK(pool_error(std::string(100000, '[')) == "line 1: not a JSON object");
}

TEST_CASE("pool: no more and no larger ones than there may be") {
  std::string lines;
  for (uint32_t i = 0; i < PayloadPool::kCountMax; ++i) lines += "{\"payload\":\"\"}\n";
  CHECK(pool_error(lines) == "");
  CHECK(pool_error(lines + "{\"payload\":\"\"}").ends_with("more than 1 000 000 payloads"));
  CHECK_FALSE(PayloadPool::random(SizeSpec(64u << 20), 5, 1));
  CHECK(PayloadPool::random(SizeSpec(64), 5, 1)->size() == 5);
  CHECK(PayloadPool::of_command("printf x", 3)->size() == 3);
  CHECK_FALSE(PayloadPool::of_command("kill -9 $$", 1));
}

TEST_CASE("payload template: blanks, braces and what is wrong") {
  const auto filled = [](std::string_view text, uint64_t number, std::string_view stamp = "") {
    std::string to;
    PayloadTemplate::parse(text, {"r1"})
        ->fill_in({{.number = 17, .client_id = "c-17", .user = "joe"}, number, 99, stamp}, to);
    return to;
  };
  CHECK(filled("{i} {mod:10} {client} {user} {run} {n}", 5) == "17 7 c-17 joe r1 5");
  CHECK(filled("{\"a\":{\"n\":{n}},\"b\":{}}", 5) == "{\"a\":{\"n\":5},\"b\":{}}");
  CHECK(filled("{", 1) == "{");
  CHECK(filled("}{x}{ n}{n", 1) == "}{x}{ n}{n");
  CHECK(filled("", 1) == "");
  const std::string stamp(PayloadTemplate::kStampTextSize, 'S');
  CHECK(filled("{run}:{stamp}:{n}", 5, stamp) == "r1:" + stamp + ":5");
  CHECK(PayloadTemplate::parse("{run}:{stamp}", {"r1"})->stamp_at() == 3);
  CHECK(PayloadTemplate::parse("{stamp}", {"r1"})->stamp_at() == 0);
  CHECK_FALSE(PayloadTemplate::parse("{n}", {"r1"})->stamp_at());
  CHECK(std::stoi(filled("{rand:10}", 5)) < 10);
  CHECK(filled("{rand:1000000}{rand:1000000}", 5) == filled("{rand:1000000}{rand:1000000}", 6));
  CHECK(template_error("{n}{stamp}").starts_with("only text and {run} may stand before {stamp}"));
  CHECK(template_error("{stamp}{stamp}") == "{stamp} comes twice");
  CHECK(template_error("{rand:0}") != "");
  CHECK(template_error("{mod:x}") != "");
  CHECK(template_error("{csv.a}") == "{csv.a} needs --data");
  CHECK(template_error(std::string(PayloadTemplate::kTextMax, 'x')) == "");
  CHECK(template_error(std::string(PayloadTemplate::kTextMax + 1, 'x')) != "");
  std::string blanks;
  for (size_t i = 0; i < PayloadTemplate::kBlanksMax; ++i) blanks += "{n}";
  CHECK(template_error(blanks) == "");
  CHECK(template_error(blanks + "{n}") != "");
  const DataTable data = *DataTable::parse("site\nnorth\nsouth\n");
  CHECK_FALSE(PayloadTemplate::parse("{csv.b}", {"r1", &data}));
}

// Whatever is sent, its stamp is found again, and a changed bit or length is noticed.
TEST_CASE("payloads: what is written is read and verified") {
  const auto pool = std::make_shared<const PayloadPool>(
      *PayloadPool::parse_record("{\"payload\":\"one\"}\n{\"payload\":\"other\"}"));
  const auto blueprint = [](std::string_view text) {
    return std::make_shared<const PayloadTemplate>(*PayloadTemplate::parse(text, {"r1"}));
  };
  std::vector<Payloads> all(7);
  all[1].sizes = *SizeSpec::parse("8,100");  // in Correlation Data
  all[2].sizes = *SizeSpec::parse("exp:100");
  all[3].pool = pool;
  all[4].blueprint = blueprint("{\"at\":\"{stamp}\",\"of\":{i},\"n\":{n},\"t\":{rand:100}}");
  all[5].blueprint = blueprint("{client} {n} {rand:1000000}");
  all[6].sizes = *SizeSpec::parse("24");
  const LoadPlan plan = plan_of(3, 2);
  for (Payloads& payloads : all) {
    CAPTURE(&payloads - all.data());
    const StampPlace place = payloads.stamp_place(true);
    CHECK(payloads.can_be_verified(place));
    payloads.verifiable = !payloads.are_given();
    std::vector<uint8_t> room;
    std::deque<PayloadWriter> writers;
    for (uint32_t p = 0; p < 3; ++p) writers.emplace_back(payloads, place, plan, p, room);
    for (uint32_t i = 0; i < 300; ++i) {
      const uint32_t stream = i % plan.streams();
      const Stamp stamp{7, stream, i / plan.streams(), Time(Duration(1'000'000 + i)),
                        Duration(160)};
      std::array<uint8_t, kCompactStampSize> correlation{};
      const Bytes written = writers[plan.publisher_of(stream)].write(stamp, correlation);
      std::vector<uint8_t> payload(written.begin(), written.end());
      REQUIRE(payload.size() <= std::max<size_t>(payloads.largest(), 200));

      Buffer encoded;
      if (place == StampPlace::kCorrelation) {
        PropertyWriter(encoded).add(PropertyId::kCorrelationData, to_string_view(correlation));
      }
      Publish publish{};
      publish.payload = payload;
      publish.properties = Properties(encoded.bytes());
      std::array<uint8_t, kStampSize> bytes;
      const Bytes stamped = payloads.stamped_bytes(place, publish, bytes);
      const auto read = read_stamp(stamped, 7);
      REQUIRE(read);
      CHECK(read->stamp.stream == stream);
      CHECK(read->stamp.sequence == i / plan.streams());
      CHECK(read->stamp.planned == stamp.planned);
      CHECK(payloads.is_intact(place, plan, read->stamp, stamped, payload));
      CHECK_FALSE(payloads.is_intact(place, plan, read->stamp, stamped,
                                     Bytes(payload).first(payload.size() - 1)));
      payload.back() ^= 1;
      CHECK_FALSE(payloads.is_intact(place, plan, read->stamp, stamped, payload));
    }
  }
}

TEST_CASE("payloads: strangers' payloads have no stamp, and do no harm") {
  Payloads payloads;
  payloads.blueprint =
      std::make_shared<const PayloadTemplate>(*PayloadTemplate::parse("x{stamp}", {"r1"}));
  Random random(3);
  for (size_t size = 0; size < 200; ++size) {
    const std::string payload = random.alphanumeric(size);
    std::array<uint8_t, kStampSize> room;
    Publish publish{};
    publish.payload = to_bytes(payload);
    const Bytes stamped = payloads.stamped_bytes(StampPlace::kTemplate, publish, room);
    CHECK_FALSE(read_stamp(stamped, 7));
  }
  // A stamp that is well formed and names a stream that is not there.
  CHECK_FALSE(payloads.is_intact(StampPlace::kTemplate, plan_of(1), Stamp{7, 5000, 1}, {}, {}));
}
