#include "mqsub/topic_table.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1000s};

std::string window(TopicTable& table, size_t first = 0, size_t count = 100, Time now = kStart) {
  std::string names;
  for (const SeenTopic* topic : table.window(first, count, now)) {
    if (!names.empty()) names += ' ';
    names += topic->topic;
  }
  return names;
}

TopicTable table_of(std::initializer_list<const char*> topics) {
  TopicTable table({}, kStart);
  for (const char* topic : topics) table.put(topic, to_bytes(std::string_view("x")), kStart);
  return table;
}

}  // namespace

TEST_CASE("a rate is that of the last five seconds") {
  RecentRate rate;
  for (int i = 0; i < 100; ++i) rate.add(kStart + i * 100ms);
  CHECK(rate.at(kStart + 10s - 1ns, kStart) == doctest::Approx(10).epsilon(0.01));
  CHECK(rate.at(kStart + 12500ms, kStart) == doctest::Approx(5).epsilon(0.01));
  CHECK(rate.at(kStart + 15s, kStart) == doctest::Approx(0));
  CHECK(rate.at(kStart + 1h, kStart) == doctest::Approx(0));
}

TEST_CASE("a rate of the first moments") {
  RecentRate rate;
  rate.add(kStart + 4s);
  CHECK(rate.at(kStart + 4s, kStart + 4s) == doctest::Approx(1));  // no less than a second
  rate.add(kStart + 6s);
  CHECK(rate.at(kStart + 6s, kStart + 4s) == doctest::Approx(1));
}

TEST_CASE("what is known of a topic") {
  TopicTable table({.value_bytes = 4}, kStart);
  table.put("a", to_bytes(std::string_view("12345")), kStart);
  table.put("a", to_bytes(std::string_view("12345")), kStart + 1s);
  const SeenTopic& a = *table.window(0, 1, kStart)[0];
  CHECK(a.count == 2);
  CHECK(a.bytes == 10);
  CHECK(a.value == "1234");
  CHECK(a.value_is_cut());
  CHECK(a.last == kStart + 1s);
  CHECK(a.changed == kStart);
  table.put("a", to_bytes(std::string_view("1234")), kStart + 2s);
  CHECK(a.changed == kStart + 2s);
  CHECK(!a.value_is_cut());
  CHECK(table.messages() == 3);
  CHECK(table.bytes() == 14);
}

TEST_CASE("each order, and reversed") {
  TopicTable table({}, kStart);
  const auto put = [&table](const char* topic, std::string_view payload, Duration at) {
    table.put(topic, to_bytes(payload), kStart + at);
  };
  put("b", "xxxx", 0s);
  put("c", "x", 1s);
  put("c", "x", 1s);
  put("a", "xx", 2s);
  put("d", "", 3s);
  const auto ordered = [&table](TopicOrder order, bool reversed = false) {
    table.set_order(order, reversed);
    return window(table, 0, 100, kStart + 3s);
  };
  CHECK(ordered(TopicOrder::kTopic) == "a b c d");
  CHECK(ordered(TopicOrder::kTopic, true) == "d c b a");
  CHECK(ordered(TopicOrder::kCount) == "c b a d");
  CHECK(ordered(TopicOrder::kCount, true) == "b a d c");
  CHECK(ordered(TopicOrder::kRate) == "c b a d");
  CHECK(ordered(TopicOrder::kBytes) == "b c a d");
  CHECK(ordered(TopicOrder::kAge) == "d a c b");
  CHECK(ordered(TopicOrder::kAge, true) == "b c a d");
}

TEST_CASE("windows are pieces of one order") {
  TopicTable table({}, kStart);
  uint32_t noise = 1;
  for (int i = 0; i < 1000; ++i) {
    noise = noise * 1664525 + 1013904223;
    const std::string topic = "t" + std::to_string(i);
    for (uint32_t n = 0; n <= noise >> 28; ++n) table.put(topic, {}, kStart);
  }
  for (const TopicOrder order : {TopicOrder::kTopic, TopicOrder::kCount, TopicOrder::kRate}) {
    for (const bool reversed : {false, true}) {
      table.set_order(order, reversed);
      const std::string whole = window(table, 0, 1000);
      std::string pieces;
      for (size_t first = 0; first < 1000; first += 7) {
        if (first > 0) pieces += ' ';
        pieces += window(table, first, 7);
      }
      CHECK(pieces == whole);
    }
  }
  CHECK(window(table, 1000, 10) == "");
  CHECK(window(table, 5000, 10) == "");
}

TEST_CASE("a filter, also of topics that come later") {
  TopicTable table = table_of({"Kitchen/light", "kitchen/temp", "hall/light"});
  table.set_order(TopicOrder::kTopic, false);
  table.set_filter("KITCHEN");
  CHECK(window(table) == "Kitchen/light kitchen/temp");
  CHECK(table.matching() == 2);
  table.put("a/kitchen", {}, kStart);
  table.put("zoo", {}, kStart);
  CHECK(window(table) == "Kitchen/light a/kitchen kitchen/temp");
  table.set_filter("");
  CHECK(table.matching() == 5);
  table.set_filter("nothing");
  CHECK(window(table) == "");
}

TEST_CASE("limits of topics and of their names") {
  TopicTable few({.topics = 2}, kStart);
  for (const char* topic : {"a", "b", "c", "a"}) few.put(topic, {}, kStart);
  CHECK(few.topics() == 2);
  CHECK(few.messages() == 4);
  CHECK(few.passed_over() == 1);

  TopicTable short_names({.name_bytes = 5}, kStart);
  for (const char* topic : {"abc", "abcd", "de", "f"}) short_names.put(topic, {}, kStart);
  CHECK(short_names.topics() == 2);
  CHECK(short_names.passed_over() == 2);
}
