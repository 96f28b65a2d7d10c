#include "codec/topic.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"
#include "base/utf8.h"

using namespace mq;

namespace {

bool is_name(std::string_view text) {
  return topic_name_fault(text) == nullptr;
}
bool is_filter(std::string_view text) {
  return topic_filter_fault(text) == nullptr;
}

std::vector<std::string_view> levels(std::string_view topic) {
  std::vector<std::string_view> found;
  TopicLevels rest(topic);
  for (std::string_view level; rest.next(level);) found.push_back(level);
  return found;
}

}  // namespace

TEST_CASE("[MQTT-4.7.3-1] an empty topic is neither a name nor a filter") {
  CHECK(!is_name(""));
  CHECK(!is_filter(""));
}

TEST_CASE("[MQTT-4.7.3-3] a topic has at most 65,535 bytes") {
  const std::string longest(kTopicMax, 'x');
  CHECK(is_name(longest));
  CHECK(is_filter(longest));
  CHECK(!is_name(longest + "x"));
  CHECK(!is_filter(longest + "x"));
}

TEST_CASE("[MQTT-4.7.0-1] a topic name contains no wildcard") {
  for (const char* name : {"a", "/", "//", "a/", "/a", "a b", "$SYS/x", "\xC3\xA9"}) {
    CHECK(is_name(name));
  }
  for (const char* name : {"+", "#", "a/+", "a/#", "a+b", "a#", "12345678+"}) {
    CHECK(!is_name(name));
  }
}

TEST_CASE("[MQTT-4.7.1-1] # stands alone in the last level") {
  for (const char* filter : {"#", "/#", "a/#", "a/b/#", "+/#"}) CHECK(is_filter(filter));
  for (const char* filter : {"a#", "#a", "#/", "#/a", "a/b#", "a/#/b", "##", "a/##"}) {
    CHECK(!is_filter(filter));
  }
}

TEST_CASE("[MQTT-4.7.1-2] + stands alone in any level") {
  for (const char* filter : {"+", "+/", "/+", "+/+", "a/+/b", "a/+", "+/a"}) {
    CHECK(is_filter(filter));
  }
  for (const char* filter : {"a+", "+a", "a/b+", "a/+b/c", "++", "+#", "#+"}) {
    CHECK(!is_filter(filter));
  }
}

TEST_CASE("a topic with one level more than allowed is refused") {
  const std::string exact = std::string(kTopicLevelsMax - 1, '/');  // 200 levels
  CHECK(is_name(exact));
  CHECK(is_filter(exact));
  CHECK(!is_name(exact + "/"));
  CHECK(!is_filter(exact + "/"));
  CHECK(topic_name_fault("a/b", 2) == nullptr);
  CHECK(topic_name_fault("a/b/c", 2) != nullptr);
  CHECK(topic_filter_fault("+/#", 1) != nullptr);
  CHECK(topic_name_fault(std::string(kTopicMax, '/'), UINT32_MAX) == nullptr);
}

TEST_CASE("a plain topic name is a topic name and UTF-8") {
  CHECK(!is_plain_topic_name(""));
  CHECK(is_plain_topic_name("a"));
  CHECK(is_plain_topic_name("sport/tennis/player1"));
  CHECK(!is_plain_topic_name("\xC3\xA9"));  // all right, but not plain
  // Each byte at each place of a name of each length around a word's.
  for (size_t length = 1; length <= 20; ++length) {
    for (size_t at = 0; at < length; ++at) {
      std::string name(length, '*');  // next to both wildcards in its bits
      for (int byte = 0; byte < 256; ++byte) {
        name[at] = static_cast<char>(byte);
        const bool plain = byte != 0 && byte < 0x80 && byte != '+' && byte != '#';
        CHECK(is_plain_topic_name(name) == plain);
      }
    }
  }
}

TEST_CASE("levels of a topic") {
  using Levels = std::vector<std::string_view>;
  CHECK(levels("a") == Levels{"a"});
  CHECK(levels("a/b") == Levels{"a", "b"});
  CHECK(levels("/") == Levels{"", ""});
  CHECK(levels("a//b/") == Levels{"a", "", "b", ""});
}

TEST_CASE("a filter without wildcards matches its own name only") {
  CHECK(matches("a/b", "a/b"));
  CHECK(!matches("a/b", "a/c"));
  CHECK(!matches("a/b", "a"));
  CHECK(!matches("a", "a/b"));
  CHECK(!matches("a", "/a"));
  CHECK(!matches("A", "a"));
}

TEST_CASE("# matches the parent and everything below") {
  // Section 4.7.1.2.
  for (const char* name : {"sport/tennis/player1", "sport/tennis/player1/ranking",
                           "sport/tennis/player1/score/wimbledon"}) {
    CHECK(matches("sport/tennis/player1/#", name));
  }
  CHECK(matches("sport/#", "sport"));
  CHECK(!matches("sport/#", "sports"));
  CHECK(matches("#", "a"));
  CHECK(matches("#", "/"));
  CHECK(matches("/#", "/a"));
  CHECK(!matches("/#", "a"));
}

TEST_CASE("+ matches exactly one level") {
  // Section 4.7.1.3.
  CHECK(matches("sport/tennis/+", "sport/tennis/player1"));
  CHECK(!matches("sport/tennis/+", "sport/tennis/player1/ranking"));
  CHECK(!matches("sport/+", "sport"));
  CHECK(matches("sport/+", "sport/"));
  CHECK(matches("+/+", "/finance"));
  CHECK(matches("/+", "/finance"));
  CHECK(!matches("+", "/finance"));
  CHECK(matches("+/tennis/#", "a/tennis"));
  CHECK(matches("sport/+/player1", "sport//player1"));
}

TEST_CASE("[MQTT-4.7.2-1] a wildcard at the start does not match a name that starts with $") {
  CHECK(!matches("#", "$SYS"));
  CHECK(!matches("#", "$SYS/a"));
  CHECK(!matches("+/monitor/Clients", "$SYS/monitor/Clients"));
  CHECK(!matches("+", "$"));
  CHECK(matches("$SYS/#", "$SYS/a"));
  CHECK(matches("$SYS/#", "$SYS"));
  CHECK(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
  CHECK(matches("+/$a", "b/$a"));
}

TEST_CASE("[MQTT-4.7.3-4] topics are compared as bytes, without normalization") {
  CHECK(!matches("caf\xC3\xA9", "cafe\xCC\x81"));  // both show as the same word
  CHECK(!matches("Accounts", "ACCOUNTS"));
  CHECK(!matches("a/../b", "b"));
}

TEST_CASE("[MQTT-4.8.2-1] a shared filter starts with $share and a name") {
  const auto parts = split_shared("$share/consumers/sport/+");
  REQUIRE(parts.has_value());
  CHECK(parts->share_name == "consumers");
  CHECK(parts->filter == "sport/+");
  CHECK(split_shared("$share/g//")->filter == "/");
  CHECK(!split_shared("$share//a").has_value());
  CHECK(!split_shared("$shared/g/a").has_value());
  CHECK(!split_shared("share/g/a").has_value());
  CHECK(!is_shared("$share"));
}

TEST_CASE("[MQTT-4.8.2-2] a share name has no wildcard and is followed by a filter") {
  for (const char* filter : {"$share/", "$share/g", "$share/g/", "$share/g+/a", "$share/#/a"}) {
    CHECK(!split_shared(filter).has_value());
  }
}

TEST_CASE("a plain name is never refused by the closer look") {
  Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string name(1 + random.below(24), ' ');
    for (char& c : name) c = "ab/+#$\x01\x7f\xC3\xA9"[random.below(10)];
    if (is_plain_topic_name(name)) CHECK((is_utf8(name) && is_name(name)));
  }
}
