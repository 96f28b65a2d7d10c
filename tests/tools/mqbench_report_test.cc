#include "mqbench/report.h"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "mqbench/exit_code.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

RunOptions options() {
  RunArgs args;
  args.pubs = args.subs = 2;
  args.qos = Qos::kAtLeastOnce;
  args.rate = "1k";
  args.duration = 2s;
  return *resolve(args);
}

LoadResult result(const RunOptions& options) {
  LoadResult r;
  r.started = WallTime(1'790'000'000s);
  r.window = 2s;
  r.drain = 4ms;
  r.threads_busy = {0.25};
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
    read.stamp.publisher = s;
    for (; read.stamp.sequence < 1000; ++read.stamp.sequence) subscribers[s].arrived(read, false);
  }
  r.accounting = account(options.load.plan, options.load.qos, publishers, subscribers);
  return r;
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("report: text of a good run") {
  const RunOptions o = options();
  const LoadResult r = result(o);
  const Report report = make_report(o, r);
  CHECK(report.exit_code == 0);
  const std::string text = text_report(report);
  CAPTURE(text);
  CHECK(has(text, "mqbench -> localhost:1883 (MQTT 3.1.1), run " + o.load.run_name));
  CHECK(has(text, "p2p 2 -> 2, QoS 1, 256 B, open loop, 1.00k/s, 2.0 s after 1.0 s of warm-up"));
  CHECK(has(text, "response     1.00 ms   1.80 ms   1.98 ms   2.00 ms   2.00 ms   2.00 ms         "
                  "2 000\n"));
  CHECK(has(text, "messages  planned 2 000 = sent 2 000 + not sent 0\n"));
  CHECK(has(text, "deliver   expected 2 000 = received 2 000 + lost 0\n"));
  CHECK(has(text, "verdict   VALID, not saturated: send lag p99 20.0 us, response p99 1.98 ms, "
                  "busiest thread 25 %\n"));
  CHECK_FALSE(has(text, "\nconnect"));  // nothing was measured
}

TEST_CASE("report: at full speed there is no response time, only service") {
  RunOptions o = options();
  const LoadResult r = result(o);
  o.load.rate.reset();
  const Report report = make_report(o, r);
  const std::string text = text_report(report);
  CAPTURE(text);
  CHECK_FALSE(has(text, "\nresponse"));
  CHECK_FALSE(has(text, "send lag"));
  CHECK(has(text, "service      1.00 ms"));
  const auto json = nlohmann::json::parse(json_report(report));
  CHECK(json["load"]["rate_target"].is_null());
  CHECK_FALSE(json["metrics"].contains("response_ms"));
  CHECK(json["metrics"].contains("service_ms"));
}

TEST_CASE("report: JSON holds the counts, the exact figures and the histograms") {
  const RunOptions o = options();
  const LoadResult r = result(o);
  const std::string text = json_report(make_report(o, r));
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
  const Report report = make_report(o, r);
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
  CHECK_FALSE(make_report(o, r).verdict.valid);
  CHECK(make_report(o, r).exit_code == 0);
  o.strict = true;
  CHECK(make_report(o, r).exit_code == kExitNotValid);
  r.accounting.violations = {"x"};
  CHECK(make_report(o, r).exit_code == kExitViolation);
  r.signal = 2;
  CHECK(make_report(o, r).exit_code == 130);
}
