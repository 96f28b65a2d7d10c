#include "mqbench/report.h"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "mqbench/exit_code.h"
#include "mqbench/merge.h"
#include "mqbench/record_json.h"
#include "mqbench/record_reader.h"
#include "mqbench/regression.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

RunOptions options() {
  RunArgs args;
  args.pubs = 2;
  args.subs = 2;
  args.qos = Qos::kAtLeastOnce;
  args.rate.per_second = "1k";
  args.rate.duration = 2s;
  return *resolve(args);
}

LoadResult result(const RunOptions& options) {
  LoadResult r;
  r.started = WallTime(1'790'000'000s);
  r.window = 2s;
  r.drain = 4ms;
  r.threads_busy = {0.25};
  for (int half = 0; half < 2; ++half) {
    Interval& interval = r.intervals.emplace_back();
    interval.start_s = half;
    interval.length_s = 1;
    interval.sent = interval.received = 1000;
    Histogram response;
    for (int64_t i = 1; i <= 1000; ++i) response.record((half * 1000 + i) * 1000);
    Buffer encoded;
    response.encode(encoded);
    interval.response.assign(encoded.bytes().begin(), encoded.bytes().end());
  }
  r.tally.sent_in_window = r.tally.received_in_window = 2000;
  r.tally.cpu_s = 0.5;
  for (int64_t i = 1; i <= 2000; ++i) {
    r.tally.response.record(i * 1000);
    r.tally.service.record(i * 900);
    r.tally.send_lag.record(20'000);
    r.tally.ack.record(i * 500);
  }
  std::vector<PublisherOutcome> publishers(2, {.planned = 1000, .sent = 1000, .acked = 1000});
  std::vector<Deliveries> subscribers;
  for (uint32_t s = 0; s < 2; ++s) {
    subscribers.emplace_back(options.load.plan, s).granted = Qos::kAtLeastOnce;
    ReadStamp read{};
    read.stamp.stream = s;
    for (; read.stamp.sequence < 1000; ++read.stamp.sequence) subscribers[s].arrived(read, false);
  }
  r.accounting = account(options.load.plan, options.load.qos, publishers, subscribers);
  return r;
}

Record judged(const RunOptions& options, const LoadResult& result) {
  Record record = make_record(options, result);
  record.exit_code = judge_exit(record, options.judgement.strict, result.signal);
  return record;
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("report: text of a good run") {
  const RunOptions o = options();
  const LoadResult r = result(o);
  const Record report = judged(o, r);
  CHECK(report.exit_code == 0);
  const std::string text = text_report(report);
  CAPTURE(text);
  CHECK(has(text, "mqbench -> localhost:1883 (MQTT 3.1.1), run " + o.load.run_name));
  CHECK(has(text, "p2p 2 -> 2, QoS 1, 256 B, open loop, 1.00k/s, 2.0 s after 1.0 s of warm-up"));
  CHECK(has(text,
            "response       1.00 ms   1.80 ms   1.98 ms   2.00 ms   2.00 ms   2.00 ms         "
            "2 000\n"));
  CHECK(has(text, "messages  planned 2 000 = sent 2 000 + not sent 0\n"));
  CHECK(has(text, "deliver   expected 2 000 = received 2 000 + lost 0\n"));
  CHECK(has(text,
            "verdict   VALID, not saturated: send lag p99 20.0 us, response p99 1.98 ms, "
            "busiest thread 25 %\n"));
  CHECK_FALSE(has(text, "\nconnect"));  // nothing was measured
}

TEST_CASE("report: at full speed there is no response time, only service") {
  RunOptions o = options();
  const LoadResult r = result(o);
  o.load.rate.reset();
  const Record report = judged(o, r);
  const std::string text = text_report(report);
  CAPTURE(text);
  CHECK_FALSE(has(text, "\nresponse"));
  CHECK_FALSE(has(text, "send lag"));
  CHECK(has(text, "service        1.00 ms"));
  const auto json = nlohmann::json::parse(to_json(report));
  CHECK(json["load"]["rate_target"].is_null());
  CHECK_FALSE(json["metrics"].contains("response_ms"));
  CHECK(json["metrics"].contains("service_ms"));
}

TEST_CASE("report: JSON holds the counts, the exact figures and the histograms") {
  const RunOptions o = options();
  const LoadResult r = result(o);
  const std::string text = to_json(judged(o, r));
  CHECK(text.find('\n') == text.size() - 1);
  const auto json = nlohmann::json::parse(text);
  CHECK(json["schema"] == "mqbench/1");
  CHECK(json["run"]["started"] == "2026-09-21T14:13:20Z");
  CHECK(json["run"]["window_s"] == 2.0);
  CHECK(json["load"]["rate_target"] == 1000.0);
  CHECK(json["counts"]["planned"] == 2000);
  CHECK(json["counts"]["received"] == 2000);
  CHECK(json["counts"]["lost"]["acked"] == 0);
  CHECK(json["metrics"]["response_ms"]["max"] == 2.0);
  const double p99_9 = json["metrics"]["response_ms"]["p99_9"];
  CHECK(p99_9 == doctest::Approx(1.998).epsilon(1e-3));
  CHECK(json["metrics"]["response_ms"]["mean"].get<double>() == doctest::Approx(1.0005));
  CHECK(json["metrics"]["received_per_s"] == 1000.0);
  CHECK(json["metrics"]["rate_ratio"] == 1.0);
  CHECK(json["histograms"]["response"]["count"] == 2000);
  CHECK(json["histograms"]["send_lag"]["min"] == 20000);
  CHECK(json["histograms"]["response"]["data"].get<std::string>().starts_with("HISTFA"));
  CHECK(json["client"]["threads"][0]["cpu"] == 0.25);
  CHECK(json["verdict"]["limited_by"] == "none");
  CHECK(json["exit"] == 0);
}

TEST_CASE("report: losses are named, and what the broker must not lose fails the run") {
  const RunOptions o = options();
  LoadResult r = result(o);
  r.accounting.received -= 3;
  r.accounting.lost = {.acked = 1, .unacked = 2};
  r.accounting.violations = {"1 deliveries of acknowledged messages lost"};
  r.tally.errors[ReasonCode::kQuotaExceeded] = 7;
  const Record report = judged(o, r);
  CHECK(report.exit_code == kExitViolation);
  const std::string text = text_report(report);
  CAPTURE(text);
  CHECK(has(text, "lost 3 (1 acknowledged, 2 never acknowledged)"));
  CHECK(has(text, "7 x Quota exceeded"));
  CHECK(has(text, "VIOLATION 1 deliveries of acknowledged messages lost\n"));
}

TEST_CASE("report: exit codes, the graver one first") {
  RunOptions o = options();
  LoadResult r = result(o);
  r.threads_busy = {0.99};
  r.tally.sent_in_window = 1000;
  CHECK_FALSE(judged(o, r).verdict.valid);
  CHECK(judged(o, r).exit_code == 0);
  o.judgement.strict = true;
  CHECK(judged(o, r).exit_code == kExitNotValid);
  r.accounting.violations = {"x"};
  CHECK(judged(o, r).exit_code == kExitViolation);
  r.signal = 2;
  CHECK(judged(o, r).exit_code == 130);
}

TEST_CASE("report: JSON read back is the same record") {
  const RunOptions o = options();
  LoadResult r = result(o);
  r.tally.errors[ReasonCode::kQuotaExceeded] = 7;
  r.tally.events.push_back({0.5, "publisher 0: lost"});
  r.tally.response.record(-5, 2);
  r.tally.response.record(Histogram::kHighest + 1, 3);
  r.tally.suback.record(1'000'000);
  r.tally.steps.tcp.record(11, 2);
  r.tally.steps.tls_full.record(12);
  r.tally.steps.tls_resumed.record(13'000);
  r.tally.steps.upgrade.record(14);
  r.tally.steps.connack.record(15, 2);
  r.connecting = std::chrono::milliseconds(250);
  r.accounting.downgraded = {.to_qos0 = 1, .to_qos1 = 2};
  Record record = judged(o, r);
  record.labels["broker"] = "1.2.3 \"x\"";
  record.thresholds.push_back({"p99>10ms", 1.98e6, false});
  const std::string json = to_json(record);
  const auto again = from_json(json);
  REQUIRE_MESSAGE(again, again.error().text);
  CHECK(to_json(*again) == json);
  CHECK(text_report(*again) == text_report(record));
  CHECK(again->connecting_s == 0.25);
  for (const std::string& text :
       {text_report(*again), markdown_report(*again), html_report(*again)}) {
    CHECK(has(text,
              "NOTE 1 subscription was granted QoS 0, less than asked for\n"
              "NOTE 2 subscriptions were granted QoS 1, less than asked for\n"));
  }
  CHECK(again->tally.suback.count() == 1);
  CHECK(again->tally.steps.tcp.max() == 11);
  CHECK(again->tally.steps.tls_full.max() == 12);
  CHECK(again->tally.steps.tls_resumed.max() == 13'000);
  CHECK(again->tally.steps.upgrade.max() == 14);
  CHECK(again->tally.steps.connack.count() == 2);
  CHECK(again->tally.steps.tls().count() == 2);
  CHECK(has(text_report(record), "\ntls resumed    13.0 us"));
  const std::string in_us = text_report(record, TimeUnit::kMicroseconds);
  CHECK(has(in_us, "\nsuback             1000.0 us"));
  CHECK(has(text_report(record, TimeUnit::kMilliseconds), "\nsuback              1.000 ms"));
  CHECK(has(markdown_report(record, TimeUnit::kMicroseconds), "| suback | 1000.0 us |"));
  CHECK(html_report(*again) == html_report(record));

  RunOptions closed = o;
  closed.load.rate.reset();
  const std::string service = to_json(judged(closed, r));
  REQUIRE(from_json(service));
  CHECK(to_json(*from_json(service)) == service);
}

TEST_CASE("report: what is no result is an error, and nothing worse") {
  const RunOptions o = options();
  Record record = judged(o, result(o));
  record.stages = {{0s, 1000}, {2s, 500}};
  GroupRecord& group = record.groups.emplace_back();
  group.name = "g";
  group.rate = 5;
  group.tally.response.record(1000);
  const std::string good = to_json(record);
  CHECK(from_json(good));
  CHECK_FALSE(from_json(""));
  CHECK_FALSE(from_json("{}"));
  CHECK_FALSE(from_json("[1]"));
  for (size_t size = 0; size < good.size() - 2; size += 97) {
    CHECK_FALSE(from_json(good.substr(0, size)));
  }
  // Each member taken away, and each replaced by something else.
  const auto json = nlohmann::json::parse(good).flatten();
  for (const auto& [path, value] : json.items()) {
    CAPTURE(path);
    auto changed = json;
    changed[path] = value.is_string() ? nlohmann::json(7) : nlohmann::json("x");
    static_cast<void>(from_json(changed.unflatten().dump()));
    changed.erase(path);
    static_cast<void>(from_json(changed.unflatten().dump()));
  }
  auto wrong = nlohmann::json::parse(good);
  wrong["histograms"]["response"]["count"] = 1;
  CHECK_FALSE(from_json(wrong.dump()));
  wrong = nlohmann::json::parse(good);
  wrong["load"]["arrival"] = "late";
  CHECK_FALSE(from_json(wrong.dump()));
  wrong = nlohmann::json::parse(good);
  wrong["load"]["stages"][1]["length_s"] = -1;
  CHECK_FALSE(from_json(wrong.dump()));
  wrong["load"]["stages"] = nlohmann::json::array();
  for (size_t i = 0; i <= kRateStagesMax; ++i) {
    wrong["load"]["stages"].push_back({{"length_s", 1}, {"rate", 1}});
  }
  CHECK_FALSE(from_json(wrong.dump()));
  wrong["load"]["stages"].erase(0);
  CHECK(from_json(wrong.dump()));
  wrong = nlohmann::json::parse(good);
  wrong["groups"][0]["histograms"]["response"]["data"] = "HISTFAAAAAA=";
  CHECK_FALSE(from_json(wrong.dump()));
  wrong = nlohmann::json::parse(good);
  wrong["histograms"]["response"]["max"] = 1;
  CHECK_FALSE(from_json(wrong.dump()));
  wrong = nlohmann::json::parse(good);
  wrong["histograms"]["response"]["data"] = "HISTFAAAAAA=";
  CHECK_FALSE(from_json(wrong.dump()));
}

TEST_CASE("merge: the parts add up to what one would have measured") {
  const RunOptions o = options();
  const Record whole = judged(o, result(o));
  // Two shards: every other message.
  std::vector<Record> parts(2, whole);
  for (uint32_t i = 0; i < 2; ++i) {
    Record& part = parts[i];
    part.shard = i;
    part.shards = 2;
    part.tally.response = part.tally.service = Histogram();
    for (int64_t n = 1; n <= 2000; ++n) {
      if (n % 2 != i) continue;
      part.tally.response.record(n * 1000);
      part.tally.service.record(n * 900);
    }
    part.counts.planned = part.counts.sent = part.counts.expected = part.counts.received = 1000;
    part.rate = 500;
  }
  const auto sum = merge({*from_json(to_json(parts[0])), *from_json(to_json(parts[1]))});
  REQUIRE(sum);
  const auto bytes = [](const Histogram& histogram) {
    Buffer to;
    histogram.encode(to);
    return std::vector<uint8_t>(to.bytes().begin(), to.bytes().end());
  };
  CHECK(bytes(sum->tally.response) == bytes(whole.tally.response));
  CHECK(bytes(sum->tally.service) == bytes(whole.tally.service));
  CHECK(sum->tally.response.min() == whole.tally.response.min());
  CHECK(sum->tally.response.max() == whole.tally.response.max());
  CHECK(sum->tally.response.mean() == doctest::Approx(whole.tally.response.mean()).epsilon(1e-12));
  CHECK(sum->counts.received == 2000);
  CHECK(sum->rate == 1000.0);
  CHECK(sum->pubs == 2 * whole.pubs);
  CHECK(sum->shards == 1);
  CHECK(sum->intervals.size() == 2);
}

TEST_CASE("merge: what does not belong together is refused") {
  const RunOptions o = options();
  const Record one = judged(o, result(o));
  const auto refused = [&](auto change) {
    Record other = one;
    change(other);
    const auto merged = merge({one, other});
    return merged ? "" : merged.error().text;
  };
  CHECK(refused([](Record&) {}) == "");
  CHECK(refused([](Record& r) { r.size_bytes = 1; }) != "");
  CHECK(refused([](Record& r) { r.qos = 2; }) != "");
  CHECK(refused([](Record& r) { r.pattern = "fanin"; }) != "");
  CHECK(refused([](Record& r) { r.rate.reset(); }) != "");
  CHECK(refused([](Record& r) { r.window_s = 3; }) != "");
  CHECK(refused([](Record& r) { r.tally.ack = Histogram(2); }) != "");
  CHECK(refused([](Record& r) { r.shards = 2; }).find("different numbers") != std::string::npos);
}

namespace {

// Number `index` of `of` that are alike.
Record shard(uint32_t index, uint32_t of) {
  const RunOptions o = options();
  Record record = judged(o, result(o));
  record.shard = index;
  record.shards = of;
  record.run_name = "r42";
  record.started_s = 1795934588;
  record.verdict = {};
  return record;
}

std::string verdict_of(const std::vector<Record>& shards) {
  const auto merged = merge(shards);
  REQUIRE(merged);
  CHECK(merged->verdict.valid == merged->verdict.reasons.empty());
  return merged->verdict.valid ? "" : verdict_text(*merged);
}

}  // namespace

TEST_CASE("merge: shards of another load are refused") {
  const auto refused = [&](auto change) {
    Record other = shard(1, 2);
    change(other);
    const auto merged = merge({shard(0, 2), other});
    return merged ? "" : merged.error().text;
  };
  CHECK(refused([](Record&) {}) == "");
  CHECK(refused([](Record& r) { r.shard = 0; }) ==
        "results 1 and 2 cannot be merged: they are the same shard");
  CHECK(refused([](Record& r) { r.run_name = "other"; }).find("different runs") !=
        std::string::npos);
  CHECK(refused([](Record& r) { r.shards = 3; }).find("different numbers") != std::string::npos);
  CHECK(refused([](Record& r) { *r.rate *= 2; }).find("rates") != std::string::npos);
  // Twice the publishers at twice the rate: the remainder of a load.
  CHECK(refused([](Record& r) { *r.rate *= 2, r.pubs *= 2; }) == "");
  CHECK(refused([](Record& r) { r.inflight += 1; }) == "");
}

TEST_CASE("merge: what is less than the load that the broker had is not valid") {
  CHECK(verdict_of({shard(1, 2), shard(0, 2)}) == "");
  CHECK(verdict_of({shard(0, 4), shard(2, 4)}) ==
        "NOT VALID, not the whole load at one time: of 4 shards there are only 2; not 1, 3: the "
        "broker may have had a larger load\n");
  CHECK(verdict_of({shard(1, 9999)}).find("and 99") != std::string::npos);
  Record late = shard(1, 2);
  late.started_s += 0.9;
  CHECK(verdict_of({shard(0, 2), late}) == "");
  late.started_s += 2.4;
  CHECK(verdict_of({late, shard(0, 2)}).find("they began 3.3 s apart") != std::string::npos);
}

TEST_CASE("merge: the worst verdict counts") {
  const RunOptions o = options();
  Record good = judged(o, result(o)), bad = good;
  bad.verdict = {false, Verdict::LimitedBy::kClient, {"late"}};
  bad.shard = 1;
  const auto merged = merge({good, bad});
  REQUIRE(merged);
  CHECK_FALSE(merged->verdict.valid);
  CHECK(merged->verdict.reasons == std::vector<std::string>{"shard 1: late"});
}

TEST_CASE("report: stages have a row each, in all forms, and survive the JSON") {
  RunOptions o = options();
  o.load.stages = {{0s, 1000}, {1s, 1000}, {1s, 0}};
  o.load.arrival = {.arrival = Arrival::kPoisson, .seed = 42};
  const Record record = judged(o, result(o));
  const auto rows = stage_rows(record);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].rate_from == 1000);
  CHECK(rows[1].rate_to == 0);
  CHECK(rows[1].sent == 1000);
  CHECK(rows[0].response.max() == doctest::Approx(1e6).epsilon(0.001));
  CHECK(rows[1].response.max() == doctest::Approx(2e6).epsilon(0.001));
  CHECK(has(text_report(record), "open loop, stages of up to 1.00k/s, poisson"));
  CHECK(has(text_report(record), "  1 s to 2 s            1.00k/s to 0/s    1.00k/s    1.00k/s"));
  CHECK(has(markdown_report(record), "| 0 | 1 | 1.00k/s | 1.00k/s | 1000 | 1000 |"));
  CHECK(has(html_report(record), "<tr><td>1</td><td>2</td><td>1000</td><td>0</td><td>1000</td>"));
  const std::string json = to_json(record);
  CHECK(has(json, R"("arrival":"poisson","phase":"even","seed":42)"));
  CHECK(has(json, R"("stages":[{"t":0.0,"length_s":1.0,"rate_from":1000.0,"rate_to":1000.0,)"));
  const auto read = from_json(json);
  REQUIRE(read);
  CHECK(to_json(*read) == json);
  // Of another curve no rate is to be had.
  Record other = record;
  other.stages[2].rate = 5;
  CHECK(std::string(load_difference(record, other)) == "their stages differ");
  other.stages[2].length = 2s;
  CHECK_FALSE(merge({record, other}));
  // Two shards of one curve are the whole of it.
  CHECK(merge({record, record})->stages[1].rate == 2000);
}

TEST_CASE("report: the planned rate of what changes is that of the time which was measured") {
  const RunOptions o = options();
  Record record = judged(o, result(o));
  const auto rate_line = [&] {
    const std::string text = text_report(record, TimeUnit::kAuto);
    const size_t at = text.find("rate      ");
    return text.substr(at, text.find("   sent", at) - at);
  };
  CHECK(rate_line() == "rate      planned 1.00k/s");
  // Interrupted after two seconds, in which little was planned yet.
  record.stages.push_back({});
  record.window_s = 2;
  record.counts.planned = 300;
  CHECK(rate_line() == "rate      planned 150/s on average");
}

TEST_CASE("report: tables") {
  const RunOptions o = options();
  const Record record = judged(o, result(o));
  CHECK(has(csv_report(record), "\n1.000,1.000,1000,1000,1.5"));
  CHECK(has(markdown_report(record), "| 2000 | 2000 | 2000 | 2000 | 0 | 0 | 0 | 0 |"));
  const std::string hlog = hlog_report(record);
  CHECK(hlog.starts_with("#[Histogram log format version 1.3]\n#[StartTime: 1790000000.000 "));
  CHECK(has(hlog, "\nTag=response,1.000,1.000,2.0"));
  CHECK(has(hlog, "\nTag=send_lag,0.000,2.000,0.020,HISTFA"));
  const std::string hgrm = hgrm_report(record.tally.response);
  CHECK(has(hgrm, "1.000000000000       2000\n"));
  CHECK(has(hgrm, "#[Max     =     2.000000, Total count    =         2000]"));
}

TEST_CASE("report: all forms of a run that measured nothing") {
  const RunOptions o = options();
  LoadResult r;
  r.intervals.emplace_back();
  r.threads_busy = {0};
  r.signal = 2;
  const Record record = judged(o, r);
  CHECK(record.exit_code == 130);
  CHECK(has(text_report(record), "planned 0 = sent 0 + not sent 0"));
  CHECK_FALSE(has(html_report(record), "<svg"));
  CHECK(has(csv_report(record), "\n0.000,0.000,0,0,"));
  CHECK(has(markdown_report(record), "| 0 | 0 |"));
  CHECK(from_json(to_json(record)));
}

TEST_CASE("report: what users name cannot become markup") {
  const RunOptions o = options();
  Record record = judged(o, result(o));
  record.target = "<script>alert(1)</script>";
  record.run_name = "\"><img>";
  record.tally.events.push_back({0.1, "<b>"});
  const std::string html = html_report(record);
  CHECK_FALSE(has(html, "<script"));
  CHECK_FALSE(has(html, "<img"));
  CHECK_FALSE(has(html, "<b>"));
}
