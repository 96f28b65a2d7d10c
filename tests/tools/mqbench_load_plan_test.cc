#include "mqbench/load_plan.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "codec/topic.h"

using namespace mq;

namespace {

using Texts = std::vector<std::string>;

Result<LoadPlan> make(LoadPlan::PatternPlan pattern, std::shared_ptr<const DataTable> data = {}) {
  if (pattern.topic.empty()) pattern.topic = "mqbench/{run}/{i}";
  if (pattern.share.empty()) pattern.share = "g";
  return LoadPlan::make(pattern, {.run = "r1", .id_prefix = "x-", .user = "joe", .data = data});
}

LoadPlan plan(Pattern pattern, uint32_t publishers, uint32_t subscribers) {
  return *make(
      {.pattern = pattern, .publishers = publishers, .subscribers = subscribers, .topic = ""});
}

std::string error(LoadPlan::PatternPlan pattern) {
  const auto made = make(std::move(pattern));
  return made ? std::string() : made.error().text;
}

Texts filters(const LoadPlan& p, uint32_t subscriber) {
  Texts texts;
  for (auto& subscription : p.subscriptions(subscriber)) texts.push_back(subscription.filter);
  return texts;
}

// What the plan says of who hears whom is what its topics and filters say.
void check_audience(const LoadPlan& p) {
  std::vector<uint32_t> receivers(p.streams());
  std::vector<std::set<uint32_t>> share_heard(p.shares().size());
  for (uint32_t s = 0; s < p.subscribers(); ++s) {
    uint32_t heard = 0;
    for (uint32_t stream = 0; stream < p.streams(); ++stream) {
      int copies = 0;
      for (const std::string& filter : filters(p, s)) {
        const auto shared = split_shared(filter);
        if (!matches(shared ? shared->filter : filter, p.topic(stream))) continue;
        if (!shared) {
          ++copies;
          continue;
        }
        bool known = false;
        for (const uint32_t share : p.shares_of(s)) {
          if (p.shares()[share].filter != filter) continue;
          known = p.shares()[share].heard.slot(stream).has_value();
          share_heard[share].insert(stream);
        }
        CHECK(known);
      }
      REQUIRE(copies == (p.heard(s).slot(stream) ? 1 : 0));
      if (copies == 0) continue;
      CHECK(p.heard(s).at(*p.heard(s).slot(stream)) == stream);
      CHECK(*p.heard(s).slot(stream) == heard);
      ++heard;
      ++receivers[stream];
    }
    CHECK(p.heard(s).size() == heard);
    CHECK_FALSE(p.heard(s).slot(p.streams()));
  }
  for (size_t share = 0; share < share_heard.size(); ++share) {
    CHECK(share_heard[share].size() == p.shares()[share].heard.size());
    for (const uint32_t stream : share_heard[share]) ++receivers[stream];
  }
  for (uint32_t stream = 0; stream < p.streams(); ++stream) {
    CHECK(p.receivers_of(stream) == receivers[stream]);
    const uint32_t publisher = p.publisher_of(stream);
    CHECK(stream >= p.first_stream(publisher));
    CHECK(stream < p.first_stream(publisher) + p.streams_of(publisher));
  }
}

}  // namespace

TEST_CASE("plan: pairs") {
  const LoadPlan p = plan(Pattern::kP2p, 3, 3);
  CHECK(p.topic(2) == "mqbench/r1/2");
  CHECK(filters(p, 2) == Texts{"mqbench/r1/2"});
  CHECK(p.receivers_of(2) == 1);
  CHECK(p.heard(2).slot(2) == 0);
  CHECK_FALSE(p.heard(2).slot(1));
  CHECK(p.clients() == 6);
}

TEST_CASE("plan: more publishers than subscribers go round") {
  const LoadPlan p = plan(Pattern::kP2p, 5, 2);
  CHECK(filters(p, 0) == Texts{"mqbench/r1/0", "mqbench/r1/2", "mqbench/r1/4"});
  CHECK(filters(p, 1) == Texts{"mqbench/r1/1", "mqbench/r1/3"});
}

TEST_CASE("plan: fan in and fan out") {
  const LoadPlan in = plan(Pattern::kFanIn, 50, 1);
  CHECK(filters(in, 0) == Texts{"mqbench/r1/+"});
  CHECK(in.topic(49) == "mqbench/r1/49");
  CHECK(in.heard(0).size() == 50);
  CHECK(in.heard(0).slot(49) == 49);
  const LoadPlan out = plan(Pattern::kFanOut, 2, 100);
  CHECK(out.topic(0) == "mqbench/r1/0");
  CHECK(out.topic(1) == "mqbench/r1/0");
  CHECK(filters(out, 99) == Texts{"mqbench/r1/0"});
  CHECK(out.receivers_of(1) == 100);
}

TEST_CASE("plan: in a mesh the publishers are the subscribers") {
  const LoadPlan p = plan(Pattern::kMesh, 4, 1);
  CHECK(p.clients() == 4);
  CHECK(p.subscribers() == 4);
  REQUIRE(p.client_groups().size() == 1);
  CHECK(p.client_groups()[0].flows == 1);
  CHECK(p.client_groups()[0].first_subscriber == 0);
  CHECK(filters(p, 3) == Texts{"mqbench/r1/+"});
  CHECK(p.receivers_of(2) == 4);
  CHECK(p.is_second_role(0));
  CHECK_FALSE(plan(Pattern::kFanIn, 4, 1).is_second_role(0));
}

TEST_CASE("plan: of a shared subscription one member gets each message") {
  const LoadPlan p = plan(Pattern::kShared, 3, 5);
  CHECK(filters(p, 4) == Texts{"$share/g/mqbench/r1/+"});
  CHECK(p.receivers_of(0) == 1);
  CHECK(p.heard(0).size() == 0);
  REQUIRE(p.shares().size() == 1);
  CHECK(p.shares()[0].members == 5);
  CHECK(p.shares()[0].heard.size() == 3);
  CHECK(plan(Pattern::kShared, 3, 0).receivers_of(0) == 0);
  for (const char* name : {"a/b", "+", "#"}) {
    CHECK(error({.pattern = Pattern::kShared, .topic = "", .share = name}).find("not a name") !=
          std::string::npos);
  }
}

TEST_CASE("plan: expected deliveries are what topics and filters say") {
  using enum Pattern;
  for (const Pattern pattern : {kP2p, kFanIn, kFanOut, kMesh, kShared}) {
    for (uint32_t publishers = 1; publishers <= 6; ++publishers) {
      for (uint32_t subscribers = 0; subscribers <= 6; ++subscribers) {
        for (const char* topic : {"a/{i}", "a/{n}/{i}", "{i}/{rand:2}/{n}"}) {
          CAPTURE(name(pattern));
          CAPTURE(publishers);
          CAPTURE(subscribers);
          CAPTURE(topic);
          check_audience(*make({.pattern = pattern,
                                .publishers = publishers,
                                .subscribers = subscribers,
                                .topic = topic,
                                .topics = 3}));
        }
      }
    }
  }
}

TEST_CASE("plan: filters that are given decide who hears whom") {
  for (const char* filter : {"a/{i}/b", "a/+/b", "a/#", "#", "a/{mod:2}/b", "nobody",
                             "$share/x/a/#", "$share/{mod:2}/a/+/b"}) {
    CAPTURE(filter);
    const auto p = make({.pattern = Pattern::kGiven,
                         .publishers = 4,
                         .subscribers = 3,
                         .topic = "a/{i}/b",
                         .filter = filter});
    REQUIRE(p);
    check_audience(*p);
  }
  // A message of one of many topics reaches the one who wants that.
  const auto p = make({.pattern = Pattern::kGiven,
                       .publishers = 1,
                       .subscribers = 3,
                       .topic = "cmd/{rand:5}",
                       .filter = "cmd/{i}"});
  REQUIRE(p);
  check_audience(*p);
  CHECK(p->receivers().min == 0);
  CHECK(p->receivers().max == 1);
  CHECK(p->receivers().mean == doctest::Approx(0.6));
  CHECK(p->receivers_max(0) == 1);
  CHECK_FALSE(p->receivers_are_even(0));
}

TEST_CASE("plan: clients have identifiers, users and rows of the data") {
  const auto data =
      std::make_shared<const DataTable>(*DataTable::parse("site,username\nnorth,ann\nsouth,bob\n"));
  const auto p =
      make({.publishers = 3, .subscribers = 0, .topic = "{csv.site}/{user}/{client}"}, data);
  REQUIRE(p);
  CHECK(p->topic(0) == "north/ann/x-p0");
  CHECK(p->topic(2) == "north/ann/x-p2");
  CHECK(p->topic(1) == "south/bob/x-p1");
  CHECK(make({.topic = "{user}/%i/%u/%c"})->topic(0) == "joe/0/joe/x-p0");
  const auto bad = std::make_shared<const DataTable>(*DataTable::parse("t\na\n+\n"));
  const auto refused = make({.publishers = 2, .subscribers = 0, .topic = "{csv.t}"}, bad);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text == "topic '{csv.t}': '+': topic name contains a wildcard");
}

TEST_CASE("plan: templates that cannot work are refused") {
  using enum Pattern;
  const auto of = [](Pattern pattern, uint32_t publishers, std::string topic) {
    return error(
        {.pattern = pattern, .publishers = publishers, .topic = std::move(topic), .filter = "x"});
  };
  CHECK(of(kP2p, 1, "one") == "");
  CHECK(of(kFanOut, 5, "one") == "");
  CHECK(of(kP2p, 5, "x-{i}/{run}") == "");
  CHECK(of(kFanIn, 5, "{i}/{run}") == "");
  CHECK(of(kP2p, 2, "one") == "topic 'one': needs {i}, or all publishers would share one topic");
  CHECK(of(kP2p, 2, "{mod:2}") ==
        "topic '{mod:2}': needs {i}, or all publishers would share one topic");
  CHECK(of(kFanIn, 2, "x-{i}") ==
        "topic 'x-{i}': what varies must be a level of its own, as in a/{i}");
  CHECK(of(kP2p, 2, "{i}/x-{rand:3}") ==
        "topic '{i}/x-{rand:3}': what varies must be a level of its own, as in a/{i}");
  CHECK(of(kGiven, 2, "x-{i}") == "");
  CHECK(of(kP2p, 1, "a/{users}").starts_with("topic 'a/{users}': there is no {users}: only i, n,"));
  CHECK(of(kP2p, 1, "a/{csv.x}") == "topic 'a/{csv.x}': {csv.x} needs --data");
  CHECK(of(kP2p, 1, "a/+") != "");
  CHECK(of(kP2p, 1, "\xFF") == "topic '\xFF': not UTF-8");
  CHECK(error({.pattern = kGiven, .topic = "", .filter = "a/{rand:3}"}).find("subscribes once") !=
        std::string::npos);
  CHECK(error({.pattern = kGiven, .topic = "", .filter = "a/#/b"}).starts_with("filter 'a/#/b': "));
  CHECK(error({.pattern = kGiven, .topic = "", .filter = "$share/a"}) ==
        "filter '$share/a': it must be $share/NAME/FILTER");
}

TEST_CASE("plan: limits") {
  CHECK(error({.publishers = 16, .subscribers = 1, .topic = "{i}/{rand:1000000}"}) == "");
  CHECK(error({.publishers = 17, .subscribers = 1, .topic = "{i}/{rand:1000000}"}) ==
        "topic '{i}/{rand:1000000}': 17 000 000 topics of all clients are more than can be told "
        "apart (16 777 216)");
  CHECK(
      error({.pattern = Pattern::kShared, .publishers = 4000, .subscribers = 4000, .topic = ""}) ==
      "");
  CHECK(error({.pattern = Pattern::kShared, .publishers = 4001, .subscribers = 4000, .topic = ""})
            .starts_with("16 004 000 pairs"));
  CHECK(error({.pattern = Pattern::kGiven,
               .publishers = 3,
               .topic = "{i}/{rand:1000000}",
               .filter = "x"})
            .find("more than can be compared") != std::string::npos);
}
