#include "mqbench/scenario.h"

#include <string>

#include <doctest/doctest.h>

#include "mqbench/metric.h"
#include "mqbench/record_json.h"
#include "mqbench/record_reader.h"
#include "mqbench/scenario_load.h"
#include "mqbench/scenario_presets.h"
#include "mqbench/yaml.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kPlant = R"(
broker: mqtt://broker:1884
duration: 40s
warmup: 2
groups:
  sensors:
    clients: 10
    connect: {rate: 500/s}
    publish:
      - {topic: "site/{mod:2}/{i}", qos: 1, rate: 2/s, arrival: poisson, size: 100}
      - {topic: "alive/{i}", total-rate: 5, phase: random, size: 16}
    subscribe: [{filter: "cmd/{i}", qos: 1}]
  dashboards: {clients: 2, subscribe: ["site/#", "alive/+"]}
  workers: {clients: 3, subscribe: [{filter: "$share/w/site/#", qos: 2}]}
  commander:
    publish: [{topic: "cmd/{rand:10}", qos: 2, rate: 50}]
stages:
  - {at: 10s, sensors.rate: 300%}
  - {at: 30s, ramp: 5s, sensors.rate: 0%, commander.rate: 50%}
fail-if: ["sensors:p99 > 50ms", "loss > 0"]
)";

std::string error(std::string_view text) {
  const auto scenario = parse_scenario("f", text);
  return scenario ? "" : scenario.error().text;
}

LoadOptions applied(std::string_view text) {
  LoadOptions to;
  to.run_name = "r";
  to.client.client_id = "x-";
  to.arrival.seed = 5;
  const auto scenario = parse_scenario("f", text);
  REQUIRE(scenario);
  const auto done = apply(*scenario, to);
  REQUIRE(done);
  return to;
}

std::string unusable(std::string_view text, Version version = Version::kV311) {
  LoadOptions to;
  to.client.version = version;
  const auto scenario = parse_scenario("f", text);
  REQUIRE(scenario);
  const auto done = apply(*scenario, to);
  return done ? "" : done.error().text;
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("yaml: a tree with lines, and what it is not") {
  const auto root = *parse_yaml("a: 1\nb:\n  - x\n  - {c: 'd e'}\n");
  REQUIRE(root.kind == YamlNode::Kind::kMap);
  CHECK(root.find("a")->text == "1");
  const YamlNode& list = *root.find("b");
  REQUIRE(list.items.size() == 2);
  CHECK(list.items[1].find("c")->text == "d e");
  CHECK(list.items[1].line == 4);
  CHECK(parse_yaml("{\n\t\"a\": [1,\n\t{\"b\": null}]}")->find("a")->items[1].line == 3);
  CHECK(parse_yaml("").error().text == "1: there is nothing in it");
  CHECK(parse_yaml("a: 1\na: 2").error().text == "2: 'a' is there twice");
  CHECK(parse_yaml("a: &x 1\nb: *x").error().text == "1: an anchor (&) has no use here");
  CHECK(parse_yaml("[a]: 1").error().text == "1: a key must be a word");
  CHECK(has(parse_yaml("a: 1\n---\nb: 2").error().text, "more than one document"));
  CHECK(has(parse_yaml("a: [").error().text, "1: "));
  std::string deep(kYamlDepthMax, '[');
  CHECK(parse_yaml(deep + std::string(kYamlDepthMax, ']')));
  CHECK(parse_yaml("[" + deep + std::string(kYamlDepthMax + 1, ']')).error().text ==
        "1: nested more than 32 deep");
  std::string many = "[";
  for (size_t i = 1; i < kYamlNodesMax; ++i) many += "0,";
  CHECK(parse_yaml(many + "]"));
  CHECK(parse_yaml(many + "0]").error().text == "1: more than 100000 values");
  CHECK(parse_yaml(std::string(kYamlSizeMax, ' ')).error().text == "1: there is nothing in it");
  CHECK(parse_yaml(std::string(kYamlSizeMax + 1, ' ')).error().text ==
        "1: more than 1048576 bytes");
}

TEST_CASE("scenario: what a file says") {
  const Scenario s = *parse_scenario("f", kPlant);
  CHECK(s.broker == "mqtt://broker:1884");
  CHECK(s.duration == 40s);
  CHECK(s.warm_up == 2s);
  REQUIRE(s.groups.size() == 4);
  CHECK(s.groups[0].connect_rate == 500);
  CHECK(s.groups[0].flows[0].rate == 20);  // of all clients
  CHECK(s.groups[0].flows[1].rate == 5);
  CHECK(s.groups[0].flows[0].arrival == Arrival::kPoisson);
  CHECK(s.groups[1].filters[1].filter == "alive/+");
  CHECK(s.groups[3].clients == 1);
  CHECK(s.fail_if.size() == 2);
  // 10 s of 20/s, 15 of 60, 5 from 60 to 0, nothing.
  const auto stages = s.stages(0, s.groups[0].flows[0]);
  CHECK(length_of(stages) == 40s);
  CHECK(RateCurve(stages).messages() == doctest::Approx(200 + 15 * 60 + 150));
  CHECK(RateCurve(s.stages(3, s.groups[3].flows[0])).messages() ==
        doctest::Approx(25 * 50 + 5 * 37.5 + 10 * 25));
}

TEST_CASE("scenario: what it becomes") {
  const LoadOptions load = applied(kPlant);
  const LoadPlan& plan = load.plan;
  REQUIRE(plan.client_groups().size() == 4);
  CHECK(plan.clients() == 16);
  CHECK(plan.flows().size() == 3);
  CHECK(plan.publishers() == 21);
  CHECK(plan.subscribers() == 15);
  CHECK(plan.client_id(plan.client_groups()[0], 3) == "x-sensors-3");
  CHECK(plan.topic(3) == "site/1/3");
  CHECK(plan.topic(10) == "alive/0");
  CHECK(plan.topic(20) == "cmd/0");
  CHECK(plan.receivers_of(3) == 3);  // two dashboards and the share
  CHECK(plan.receivers_of(10) == 2);
  CHECK(plan.receivers_of(25) == 1);
  CHECK(plan.group_of(25) == 3);
  CHECK(plan.group_of_subscriber(14) == 2);
  CHECK(plan.subscriptions(12)[0].qos == Qos::kExactlyOnce);
  CHECK(load.flow(2).qos == Qos::kExactlyOnce);
  CHECK(load.flow(1).payload_size == 16);
  CHECK_FALSE(load.planned(0));
  CHECK(load.planned(1) == 50 + 15 * 15 + 38);  // 37.5
  CHECK(load.flow(0).arrival.seed != load.flow(1).arrival.seed);
  CHECK(load.rate == doctest::Approx((1250 + 312.5 + 1687.5) / 40));
}

TEST_CASE("scenario: errors name file, line, key and what is allowed") {
  CHECK(error("groups: {a: {clients: 0}}") ==
        "f:1: clients: '0' is not a number from 1 to 1000000");
  CHECK(error("groups:\n  a:\n    publish:\n      - {topic: x, rate: 1, qox: 7}") ==
        "f:4: qox: a message of 'publish' has no such key; it has topic, topics, rate, total-rate, "
        "qos, size, arrival, phase");
  CHECK(error("grups: {}") ==
        "f:1: grups: a scenario has no such key; it has broker, duration, "
        "warmup, drain, groups, stages, fail-if, abort-if");
  CHECK(error("x: [") != "");
  CHECK(error("[1]") == "f:1: a scenario is a map");
  CHECK(error("duration: 1s") == "f:1: groups: there is none");
  const std::string one = "groups: {a: {publish: [{topic: x, rate: 1}]}}\n";
  CHECK(error(one) == "");
  const std::pair<const char*, const char*> faults[] = {
      {"duration: 0", "duration: it is a millisecond at least"},
      {"duration: soon", "duration: 'soon' is not a time as"},
      {"broker: http://x", "broker: it is a URL as mqtt://HOST:1883"},
      {"stages: [{sensors.rate: 5%}]", "has no such key; it has at, ramp, storm, a.rate"},
      {"stages: [{a.rate: 5%}]", "stages: 'at' is missing"},
      {"stages: [{at: 1s, a.rate: 5}]", "a.rate: '5' is not a share of the group's rate"},
      {"stages: [{at: 1m, a.rate: 5%}]", "stages: it lies outside of the duration"},
      {"stages: [{at: 1s, ramp: 2s, a.rate: 5%}]", "stages: it lies outside of the duration"},
      {"stages: [{at: 5s, a.rate: 5%}, {at: 4s, a.rate: 1%}]", "follow each other in time"},
      {"fail-if: {a: b}", "fail-if: it is a list"}};
  for (const auto& [line, fault] : faults) {
    CAPTURE(line);
    CHECK(error(one + line).starts_with("f:2: "));
    CHECK(has(error(one + line), fault));
  }
  const std::pair<const char*, const char*> storms[] = {
      {"group: b, percent: 5, down: 1s", "group: there is no group 'b'; there are a"},
      {"percent: 5, down: 1s", "it needs a group and a percent"},
      {"group: a, down: 1s", "it needs a group and a percent"},
      {"group: a, percent: 5", "'down', the time until they come back, is a millisecond at least"},
      {"group: a, percent: 101, down: 1s", "percent: '101' is not a percentage from 0 to 100"},
      {"group: a, percent: -1, down: 1s", "percent: '-1' is not a percentage from 0 to 100"},
      {"group: a, percent: nan, down: 1s", "percent: 'nan' is not a percentage from 0 to 100"},
      {"group: a, percent: half, down: 1s", "percent: 'half' is not a percentage"},
      {"group: a, percent: 5, down: 0", "is a millisecond at least"},
      {"group: a, percent: 5, down: soon", "down: 'soon' is not a time as"},
      {"group: a, percent: 5, down: 8001ms", "would come back after the duration"},
      {"group: a, percent: 5, down: 1s, up: 1", "'storm' has no such key; it has group, percent"}};
  for (const auto& [keys, fault] : storms) {
    CAPTURE(keys);
    const std::string line = std::string("stages: [{at: 2s, storm: {") + keys + "}}]";
    CHECK(error(one + line).starts_with("f:2: "));
    CHECK(has(error(one + line), fault));
  }
  CHECK(error(one + "stages: [{at: 2s, storm: {group: a, percent: 5, down: 8s}}]") == "");
  CHECK(has(error(one + "stages: [{at: 11s, storm: {group: a, percent: 5, down: 1s}}]"),
            "stages: it lies outside of the duration"));
  CHECK(has(error(one + "stages: [{at: 2s, storm: 5}]"), "storm: 'storm' is a map"));
  CHECK(has(error(one + "stages: [{at: 2s, ramp: 1s, storm: {group: a, percent: 5, down: 1s}}]"),
            "ramp: it is for rates"));
  const auto two = [&](const char* first, const char* second) {
    const std::string storm = ", storm: {group: a, percent: 50%, down: 2s}}";
    return error(one + "stages: [{at: " + first + storm + ", {at: " + second + storm + "]");
  };
  CHECK(two("3s", "5s") == "");
  CHECK(two("5s", "3s") == "");
  CHECK(has(two("3s", "4999ms"), "storms of a group follow each other"));
  CHECK(has(two("4999ms", "3s"), "storms of a group follow each other"));
  const std::pair<const char*, const char*> flows[] = {
      {"{rate: 1}", "a topic is missing"},
      {"{topic: x}", "it needs a rate of each client, or a total-rate"},
      {"{topic: x, rate: 1, total-rate: 1}", "it needs a rate of each client, or a total-rate"},
      {"{topic: x, rate: fast}", "rate: 'fast' is not a rate as"},
      {"{topic: x, rate: 1, qos: 3}", "qos: '3' is not a number from 0 to 2"},
      {"{topic: x, rate: 1, size: 1G}", "size: '1G': sizes go from 0 to"},
      {"{topic: x, rate: 1, size: '64,'}", "size: '64,': sizes go from 0 to"},
      {"{topic: x, rate: 1, size: 9..8}", "size: '9..8': the smaller one comes first"},
      {"{topic: x, rate: 1, size: 'exp:40'}", "size: 'exp:40': the mean must be over 40 B"},
      {"{topic: x, rate: 1, size: [1..2, 3]}", "size: '1..2,3': sizes go from 0 to"},
      {"{topic: x, rate: 1, size: []}", "size: '': sizes go from 0 to"},
      {"{topic: x, rate: 1, size: [[1]]}", "it is a text"},
      {"{topic: x, rate: 1, size: {a: 1}}", "size: it is a list"},
      {"{topic: x, rate: 1, arrival: late}", "arrival: 'late' is none of uniform, poisson"},
      {"{topic: x, rate: 1, arrival: poisson, phase: sync}", "and not poisson"}};
  for (const auto& [flow, fault] : flows) {
    CAPTURE(flow);
    CHECK(has(error(std::string("groups: {a: {publish: [") + flow + "]}}"), fault));
  }
  CHECK(has(error("groups: {'a b': {}}"), "a name of a group is"));
  CHECK(has(error("groups: {a: {subscribe: [{qos: 1}]}}"), "a filter is missing"));
}

TEST_CASE("scenario: limits at their edges") {
  const auto groups = [](size_t count) {
    std::string text = "groups:\n";
    for (size_t i = 0; i < count; ++i) {
      text += "  g" + std::to_string(i) + ": {publish: [{topic: x, rate: 1}]}\n";
    }
    return text;
  };
  CHECK(error(groups(Scenario::kGroupsMax)) == "");
  CHECK(error(groups(Scenario::kGroupsMax + 1)) == "f:2: groups: at most 32 of them");
  const auto entries = [](const char* key, const char* entry, size_t count) {
    std::string text = "groups: {g: {" + std::string(key) + ": [";
    for (size_t i = 0; i < count; ++i) text += std::string(i > 0 ? "," : "") + entry;
    return text + "]}}";
  };
  CHECK(error(entries("publish", "{topic: x, rate: 1}", Scenario::kFlowsMax)) == "");
  CHECK(has(error(entries("publish", "{topic: x, rate: 1}", Scenario::kFlowsMax + 1)),
            "at most 16 of them"));
  CHECK(error(entries("subscribe", "x", Scenario::kFiltersMax)) == "");
  CHECK(has(error(entries("subscribe", "x", Scenario::kFiltersMax + 1)), "at most 100 of them"));
}

TEST_CASE("scenario: what cannot be carried out") {
  CHECK(unusable("groups: {a: {publish: [{topic: 'x/#', rate: 1}]}}") ==
        "f: group a: topic 'x/#': topic name contains a wildcard");
  CHECK(has(unusable("groups: {a: {subscribe: [x]}}"), "f: No group publishes"));
  CHECK(has(unusable("groups: {a: {data: /none, publish: [{topic: x, rate: 1}]}}"),
            "f: cannot read /none"));
  CHECK(has(unusable("groups: {a: {publish: [{topic: x, rate: 1}], subscribe: [x, x]}}"), "f: "));
  CHECK(has(unusable("groups: {a: {clients: 600000, publish: [{topic: x, rate: 1}]}, "
                     "b: {clients: 400001}}"),
            "f: 1 000 001 clients with 0 subscriptions are more than 1 000 000 with 4 000 000"));
  CHECK(has(unusable("groups: {a: {publish: [{topic: x, rate: 1}]}, "
                     "b: {clients: 800001, subscribe: [a, b, c, d, e]}}"),
            "f: 800 002 clients with 4 000 005 subscriptions are more than"));
  const char* small = "groups: {a: {publish: [{topic: x, rate: 1, size: 15}]}}";
  CHECK(has(unusable(small), "has no room for a stamp"));
  CHECK(unusable(small, Version::kV5) == "");
}

TEST_CASE("scenario: storms are exact, follow from the seed, and are in order of time") {
  const std::string text =
      "groups: {a: {clients: 7, publish: [{topic: x, rate: 1}]}, b: {clients: 1000}}\n"
      "stages:\n"
      "  - {at: 5s, a.rate: 10%, storm: {group: b, percent: 12.5, down: 2s}}\n"
      "  - {at: 1s, storm: {group: a, percent: 50%, down: 300ms}}\n";
  const LoadOptions load = applied(text);
  REQUIRE(load.storms.size() == 2);
  CHECK(load.storms[0].at == 1s);
  CHECK(load.storms[0].group == 0);
  CHECK(load.storms[0].down == 300ms);
  CHECK(load.storms[1].group == 1);
  CHECK(load.storms[1].percent == 12.5);
  CHECK(load.storms[0].seed != load.storms[1].seed);
  LoadOptions once;
  once.runner.reconnect = false;
  CHECK(has(apply(*parse_scenario("f", text), once).error().text, "--reconnect off"));
}

TEST_CASE("group storm: as many as the share makes, one at least, and none of nothing") {
  const auto count = [](double percent, uint32_t clients) {
    return GroupStorm{.percent = percent}.count(clients);
  };
  CHECK(count(0, 1000) == 0);
  CHECK(count(0.001, 1000) == 1);
  CHECK(count(50, 7) == 4);  // 3.5
  CHECK(count(50, 1) == 1);
  CHECK(count(33, 10) == 3);
  CHECK(count(99.99, 10) == 10);
  CHECK(count(100, 1'000'000) == 1'000'000);
  CHECK(count(100, 0) == 0);

  const auto chosen = [](const GroupStorm& storm, uint32_t clients) {
    StormChoice choice(storm, clients);
    std::vector<uint32_t> numbers;
    for (uint32_t i = 0; i < clients; ++i) {
      if (choice.next()) numbers.push_back(i);
    }
    return numbers;
  };
  std::vector<int> times(20);
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const auto numbers = chosen({.percent = 25, .seed = seed}, 20);
    REQUIRE(numbers.size() == 5);
    for (const uint32_t number : numbers) ++times[number];
  }
  // 500 each, give or take 19.
  for (const int often : times) CHECK(std::abs(often - 500) < 120);
  CHECK(chosen({.percent = 50, .seed = 1}, 100) == chosen({.percent = 50, .seed = 1}, 100));
  CHECK(chosen({.percent = 50, .seed = 1}, 100) != chosen({.percent = 50, .seed = 2}, 100));
}

TEST_CASE("group storm: threads add up, and the events say what happened") {
  GroupStormTally one{.cut = 3, .back = 2, .last_back = 210ms, .happened = true};
  one.merge({.cut = 4, .back = 4, .last_back = 250ms, .happened = true});
  std::vector<Event> events;
  const GroupStorm storm{.at = 1500ms, .percent = 50, .down = 200ms};
  add_events(storm, {}, "a", 14, events);
  CHECK(events.empty());
  add_events(storm, one, "a", 14, events);
  REQUIRE(events.size() == 2);
  CHECK(events[0].at_s == 1.5);
  CHECK(events[0].text == "storm: 7 of 14 connections of a cut, for 200 ms");
  CHECK(events[1].at_s == 1.75);
  CHECK(events[1].text == "storm: 6 of 7 connections of a back");
}

TEST_CASE("scenario: sizes that are drawn for each message") {
  const auto publishing = [](const std::string& sizes) {
    return "groups: {a: {publish: [{topic: x, rate: 1, size: " + sizes + "}]}}";
  };
  const auto sizes_of = [&](const std::string& sizes) {
    return parse_scenario("f", publishing(sizes))->groups[0].flows[0].size;
  };
  CHECK(sizes_of("'64,1k,16k'").text() == "64,1k,16k");
  CHECK(sizes_of("[64, 1k,  16k]").text() == "64,1k,16k");
  CHECK(sizes_of("[64, 1k, 16k]").mean() == doctest::Approx((64 + 1024 + 16384) / 3.0));
  CHECK(sizes_of("100..2000").max() == 2000);
  CHECK(sizes_of("exp:512").mean() == 512);
  CHECK_FALSE(sizes_of("1k").varies());

  const LoadOptions load = applied(
      "groups:\n"
      "  a: {publish: [{topic: x, rate: 30, size: 100..300}]}\n"
      "  b: {publish: [{topic: y, rate: 10, size: [50, 151]}, {topic: z, rate: 10}]}\n");
  CHECK(load.payload_size == 191);          // (30 * 200 + 10 * 100.5 + 10 * 256) / 50 is 191.3
  CHECK(load.flow(1).payload_size == 101);  // 100.5
  CHECK(load.payloads_of(0).sizes.text() == "100..300");
  CHECK(load.payloads_of(2).sizes.text() == "256");
  CHECK(load.payloads_of(1).seed == load.arrival.seed);
  CHECK(load.payloads.described == "random, sizes of each group's own");
  CHECK(load.stamp == StampPlace::kPayload);
  CHECK(applied(publishing("exp:512")).payloads.described == "random exp:512");
  CHECK(applied(publishing("512")).payloads.described == "random");

  // The smallest one counts.
  CHECK(has(unusable(publishing("15..2000")), "A size of 15 has no room for a stamp"));
  CHECK(unusable(publishing("16..2000")) == "");
  CHECK(unusable(publishing("15..2000"), Version::kV5) == "");
  // 33 has room for a stamp of 32 bytes, and not for 8 more, as 24 has behind one of 16.
  const auto strict = [&](const std::string& sizes) {
    LoadOptions to;
    to.verify = Verify::kStrict;
    const auto done = apply(*parse_scenario("f", publishing(sizes)), to);
    return done ? "" : done.error().text;
  };
  CHECK(strict("[24, 40]") == "");
  CHECK(strict("exp:100") == "");
  CHECK(has(strict("[24, 33]"), "needs 8 bytes behind the stamp, and a size of 24,33"));
}

TEST_CASE("scenario: every preset can be carried out") {
  for (std::string names = preset_names(); !names.empty();) {
    const size_t comma = names.find(", ");
    const std::string name = names.substr(0, comma);
    names = comma == std::string::npos ? "" : names.substr(comma + 2);
    CAPTURE(name);
    const auto text = find_preset(name);
    REQUIRE(text);
    const LoadOptions load = applied(*text);
    CHECK(load.plan.receivers().min > 0);
  }
  CHECK_FALSE(find_preset("nothing"));
}

TEST_CASE("scenario: conditions about a group, and the groups survive the JSON") {
  Record record;
  record.verify = "seq";
  record.window_s = 10;
  record.rate = 100;
  record.percentiles = {50, 99};
  record.scenario_sha256 = std::string(64, 'a');
  for (const char* name : {"sensors", "readers"}) {
    GroupRecord& group = record.groups.emplace_back();
    group.name = name;
    group.clients = 3;
    group.tally.connect.record(1000);
    group.tally.steps.connack.record(300);
    group.tally.steps.tls_resumed.record(200);
  }
  GroupRecord& sensors = record.groups.front();
  sensors.rate = 100;
  sensors.counts.planned = sensors.counts.sent = 1000;
  sensors.counts.expected = 2000;
  sensors.counts.received = 1990;
  sensors.counts.lost.qos0 = 10;
  for (int i = 0; i < 100; ++i) sensors.tally.response.record(1'000'000);
  sensors.tally.sent_in_window = 1000;

  CHECK(*Metric::parse("sensors:p99")->value(record) == doctest::Approx(1e6).epsilon(0.01));
  CHECK(*Metric::parse("sensors:loss")->value(record) == doctest::Approx(0.005));
  CHECK(*Metric::parse("sensors:rate")->value(record) == doctest::Approx(100));
  CHECK(*Metric::parse("readers:connect.max")->value(record) ==
        doctest::Approx(1000).epsilon(0.01));
  CHECK(*Metric::parse("readers:connack.max")->value(record) == doctest::Approx(300).epsilon(0.01));
  CHECK(*Metric::parse("readers:tls.max")->value(record) == doctest::Approx(200).epsilon(0.01));
  CHECK_FALSE(Metric::parse("readers:tcp.max")->value(record));
  // What is not there is neither good nor bad.
  CHECK_FALSE(Metric::parse("readers:p99")->value(record));
  CHECK_FALSE(Metric::parse("readers:loss")->value(record));
  CHECK(Metric::parse("none:p99")->value(record).error().text == "there is no group 'none'");
  CHECK_FALSE(Metric::parse("sensors:p99")->is_live());
  CHECK_FALSE(Metric::parse("sensors:px"));

  const std::string json = to_json(record);
  const auto read = from_json(json);
  REQUIRE(read);
  REQUIRE(read->groups.size() == 2);
  CHECK(to_json(*read) == json);
  CHECK(read->groups[0].tally.response.count() == 100);
  CHECK(read->groups[0].counts.lost.qos0 == 10);
}
