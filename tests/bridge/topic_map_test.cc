#include "bridge/topic_map.h"

#include <doctest/doctest.h>

using namespace mq;
using enum BridgeDirection;

namespace {

TopicMap map_of(const std::vector<BridgeTopic>& topics) {
  auto map = TopicMap::make(topics);
  REQUIRE(map);
  return std::move(*map);
}

std::string mapped(const TopicMap& map, BridgeEnd from, std::string_view topic) {
  std::string to;
  return map.map(from, topic, to) ? to : "(none)";
}

std::string out(const TopicMap& map, std::string_view topic) {
  return mapped(map, BridgeEnd::kLocal, topic);
}

std::string in(const TopicMap& map, std::string_view topic) {
  return mapped(map, BridgeEnd::kRemote, topic);
}

}  // namespace

TEST_CASE("the table of mosquitto.conf's topic: what is valid and what it is called") {
  const auto one = [](std::string pattern, std::string local, std::string remote) {
    return TopicMap::make(
        {{std::move(pattern), kBoth, Qos::kAtMostOnce, std::move(local), std::move(remote)}});
  };
  CHECK(out(*one("pattern", "L/", "R/"), "L/pattern") == "R/pattern");
  CHECK(in(*one("pattern", "L/", "R/"), "R/pattern") == "L/pattern");
  CHECK(out(*one("pattern", "L/", ""), "L/pattern") == "pattern");
  CHECK(in(*one("pattern", "", "R/"), "R/pattern") == "pattern");
  CHECK(out(*one("pattern", "", ""), "pattern") == "pattern");
  CHECK(out(*one("", "local", "remote"), "local") == "remote");
  CHECK(in(*one("", "local", "remote"), "remote") == "local");
  CHECK_FALSE(one("", "local", ""));
  CHECK_FALSE(one("", "", "remote"));
  CHECK_FALSE(one("", "", ""));
}

TEST_CASE("prefixes and patterns that make no topic are refused") {
  CHECK_FALSE(TopicMap::make({{"#", kOut, Qos::kAtMostOnce, "a/+/", ""}}));
  CHECK_FALSE(TopicMap::make({{"#", kOut, Qos::kAtMostOnce, "a", ""}}));  // a#
  CHECK_FALSE(TopicMap::make({{"a+", kOut}}));
  CHECK_FALSE(TopicMap::make({{"\xff", kOut}}));
  CHECK_FALSE(TopicMap::make({{"a", kOut, Qos::kAtMostOnce, std::string(65'535, 'x'), ""}}));
}

TEST_CASE("only what matches is mapped, by the first that does, in the direction it has") {
  const TopicMap map = map_of({{"a/#", kOut, Qos::kAtMostOnce, "", "x/"},
                               {"#", kOut, Qos::kAtLeastOnce, "", "y/"},
                               {"c", kIn}});
  CHECK(out(map, "a/b") == "x/a/b");
  CHECK(out(map, "b") == "y/b");
  CHECK(out(map, "$SYS/b") == "(none)");  // [MQTT-4.7.2-1]
  CHECK(in(map, "c") == "c");
  CHECK(in(map, "b") == "(none)");
}

TEST_CASE("a/# is about a, too") {
  CHECK(out(map_of({{"#", kOut, Qos::kAtMostOnce, "a/", "b/"}}), "a") == "b");
  CHECK(out(map_of({{"#", kOut, Qos::kAtMostOnce, "a/", ""}}), "a") == "(none)");
  CHECK(out(map_of({{"#", kOut, Qos::kAtMostOnce, "a/", ""}}), "a/") == "(none)");
  CHECK(out(map_of({{"#", kOut, Qos::kAtMostOnce, "a/", ""}}), "a/b") == "b");
}

TEST_CASE("subscriptions: each once, with the higher QoS; what is only published") {
  const TopicMap map = map_of({{"a", kBoth, Qos::kAtMostOnce, "l/", "r/"},
                               {"a", kOut, Qos::kExactlyOnce, "l/", "s/"},
                               {"b", kIn, Qos::kAtLeastOnce}});
  const auto local = map.subscriptions(BridgeEnd::kLocal);
  REQUIRE(local.size() == 1);
  CHECK(local[0].filter == "l/a");
  CHECK(local[0].qos == Qos::kExactlyOnce);
  CHECK(map.subscriptions(BridgeEnd::kRemote).size() == 2);
  CHECK(map.only_published(BridgeEnd::kLocal) == std::vector<std::string>{"b"});
  CHECK(map.only_published(BridgeEnd::kRemote) == std::vector<std::string>{"s/a"});
}

TEST_CASE("shared subscriptions, where messages come from") {
  const TopicMap map = map_of({{"#", kIn, Qos::kAtLeastOnce, "l/", "$share/g/r/"}});
  CHECK(map.subscriptions(BridgeEnd::kRemote)[0].filter == "$share/g/r/#");
  CHECK(in(map, "r/a") == "l/a");
  CHECK_FALSE(TopicMap::make({{"#", kBoth, Qos::kAtMostOnce, "", "$share/g/"}}));
  CHECK_FALSE(TopicMap::make({{"#", kOut, Qos::kAtMostOnce, "", "$share/g/"}}));
  CHECK_FALSE(TopicMap::make({{"$share/g/#", kIn}}));
}
