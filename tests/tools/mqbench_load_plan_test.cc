#include "mqbench/load_plan.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "codec/topic.h"

using namespace mq;

namespace {

LoadPlan plan(Pattern pattern, uint32_t publishers, uint32_t subscribers) {
  return *LoadPlan::make(pattern, publishers, subscribers, "mqbench/{run}/{i}", "r1");
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("plan: pairs") {
  const LoadPlan p = plan(Pattern::kP2p, 3, 3);
  CHECK(p.topic(2) == "mqbench/r1/2");
  CHECK(p.filters(2) == Texts{"mqbench/r1/2"});
  CHECK(p.receivers_of(2) == 1);
  CHECK(p.slot(2, 2) == 0);
  CHECK_FALSE(p.slot(2, 1));
}

TEST_CASE("plan: more publishers than subscribers go round") {
  const LoadPlan p = plan(Pattern::kP2p, 5, 2);
  CHECK(p.filters(0) == Texts{"mqbench/r1/0", "mqbench/r1/2", "mqbench/r1/4"});
  CHECK(p.filters(1) == Texts{"mqbench/r1/1", "mqbench/r1/3"});
}

TEST_CASE("plan: fan in and fan out") {
  const LoadPlan in = plan(Pattern::kFanIn, 50, 1);
  CHECK(in.filters(0) == Texts{"mqbench/r1/+"});
  CHECK(in.topic(49) == "mqbench/r1/49");
  CHECK(in.senders_of(0) == 50);
  CHECK(in.slot(0, 49) == 49);
  const LoadPlan out = plan(Pattern::kFanOut, 2, 100);
  CHECK(out.topic(0) == "mqbench/r1/0");
  CHECK(out.topic(1) == "mqbench/r1/0");
  CHECK(out.filters(99) == Texts{"mqbench/r1/0"});
  CHECK(out.receivers_of(1) == 100);
}

TEST_CASE("plan: expected deliveries are what topics and filters say") {
  for (const Pattern pattern : {Pattern::kP2p, Pattern::kFanIn, Pattern::kFanOut}) {
    for (uint32_t publishers = 1; publishers <= 6; ++publishers) {
      for (uint32_t subscribers = 0; subscribers <= 6; ++subscribers) {
        CAPTURE(name(pattern));
        CAPTURE(publishers);
        CAPTURE(subscribers);
        const LoadPlan p = plan(pattern, publishers, subscribers);
        std::vector<uint32_t> receivers(publishers);
        for (uint32_t s = 0; s < subscribers; ++s) {
          uint32_t senders = 0;
          for (uint32_t i = 0; i < publishers; ++i) {
            int copies = 0;
            for (const std::string& filter : p.filters(s)) {
              copies += matches(filter, p.topic(i)) ? 1 : 0;
            }
            REQUIRE(copies == (p.slot(s, i) ? 1 : 0));
            if (copies == 0) continue;
            CHECK(p.sender(s, *p.slot(s, i)) == i);
            CHECK(*p.slot(s, i) == senders);
            ++senders;
            ++receivers[i];
          }
          CHECK(p.senders_of(s) == senders);
          CHECK_FALSE(p.slot(s, publishers));
        }
        for (uint32_t i = 0; i < publishers; ++i) CHECK(p.receivers_of(i) == receivers[i]);
      }
    }
  }
}

TEST_CASE("plan: templates that cannot work are refused") {
  const auto error = [](Pattern pattern, uint32_t publishers, std::string_view topic) {
    const auto made = LoadPlan::make(pattern, publishers, 1, topic, "r1");
    return made ? std::string() : made.error().text;
  };
  CHECK(error(Pattern::kP2p, 1, "one") == "");
  CHECK(error(Pattern::kFanOut, 5, "one") == "");
  CHECK(error(Pattern::kP2p, 5, "x-{i}/{run}") == "");
  CHECK(error(Pattern::kFanIn, 5, "{i}/{run}") == "");
  CHECK(error(Pattern::kP2p, 2, "one") ==
        "topic 'one': needs {i}, or all publishers would share one topic");
  CHECK(error(Pattern::kFanIn, 2, "x-{i}") ==
        "topic 'x-{i}': fanin needs {i} as a level of its own, as in a/{i}");
  CHECK(error(Pattern::kP2p, 1, "a/{user}") == "topic 'a/{user}': only {i} and {run} are replaced");
  CHECK(error(Pattern::kP2p, 1, "a/+") != "");
  CHECK(error(Pattern::kP2p, 1, "") != "");
  CHECK(error(Pattern::kP2p, 1, "\xFF") == "topic '\xFF': not UTF-8");
}
