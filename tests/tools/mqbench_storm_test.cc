#include "mqbench/storm_report.h"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "common/exit_code.h"
#include "mqbench/exit_code.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

StormArgs args(StormMode mode) {
  StormArgs a;
  a.mode = mode;
  a.clients = 1000;
  return a;
}

StormResult result() {
  StormResult r;
  for (int i = 1; i <= 1000; ++i) {
    r.tally.tcp.record(i * 1000);
    r.tally.connack.record(i * 2000);
    r.tally.ready.record(i * 3000);
  }
  r.tally.tries = 1010;
  r.tally.succeeded = 1000;
  r.tally.failures = {{"Connection refused", 7}, {"CONNACK: Server busy", 3}};
  r.wanted = r.back = 1000;
  r.length = 2s;
  r.back_99 = 1500ms;
  r.back_all = 2s;
  r.thread_busy = 0.5;
  return r;
}

std::string error(const StormArgs& a) {
  const auto options = resolve(a);
  return options ? "" : options.error().text;
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("storm: what is typed and what it means") {
  const auto connect = resolve(args(StormMode::kConnect));
  REQUIRE(connect);
  CHECK(connect->window == 100);
  CHECK(connect->connect_rate == 0);
  CHECK(connect->to_cut == 0);
  CHECK(connect->load.plan.subscriptions(7).front().filter ==
        "mqbench/" + connect->load.run_name + "/7");
  StormArgs cut = args(StormMode::kReconnect);
  cut.clients = 3;
  cut.percent = 50;
  CHECK(resolve(cut)->to_cut == 2);
  CHECK(resolve(cut)->window > 100);
  cut.percent = 100;
  CHECK(resolve(cut)->to_cut == 3);
  cut.keep_session = true;
  CHECK_FALSE(resolve(cut)->load.client.clean_start);
  CHECK_FALSE(resolve(cut)->load.client.session_expiry_s);
  cut.run.connect.version = Version::kV5;
  CHECK(resolve(cut)->load.client.session_expiry_s == 3600);
  CHECK(resolve(args(StormMode::kChurn))->connect_rate == 100);
  StormArgs none = args(StormMode::kConnect);
  none.no_subscription = true;
  CHECK(resolve(none)->load.plan.subscriptions(0).empty());
  none.run.filter = "x";
  CHECK(error(none) == "--filter and --no-subscription cannot be used together.");
  StormArgs churn = args(StormMode::kChurn);
  churn.within = 1s;
  CHECK(has(error(churn), "--within"));
}

TEST_CASE("storm: a broker of somebody else is not stormed, however few clients there are") {
  StormArgs a = args(StormMode::kConnect);
  a.clients = 1;
  a.run.connect.host = "192.0.2.1";
  CHECK(has(error(a), "no storm without --yes"));
  a.run.yes = true;
  CHECK(error(a) == "");
}

TEST_CASE("storm: exit codes") {
  StormOptions o = *resolve(args(StormMode::kConnect));
  StormResult r = result();
  CHECK(judge_exit(o, r) == kExitOk);
  o.within = 2s;
  CHECK(judge_exit(o, r) == kExitOk);
  o.within = 1999ms;
  CHECK(judge_exit(o, r) == kExitThreshold);
  r.back_all.reset();
  o.within = 1h;
  CHECK(judge_exit(o, r) == kExitThreshold);
  r.thread_busy = 0.95;
  CHECK(judge_exit(o, r) == kExitNotValid);
  o.within.reset();
  CHECK(judge_exit(o, r) == kExitOk);
  o.strict = true;
  CHECK(judge_exit(o, r) == kExitNotValid);
  r.tally.succeeded = 0;
  CHECK(judge_exit(o, r) == kExitFailure);
  r.signal = 2;
  CHECK(judge_exit(o, r) == 130);
}

TEST_CASE("storm: conditions") {
  StormArgs a = args(StormMode::kConnect);
  a.fail_if = {"connack.p99>1h"};
  CHECK(has(error(a), "is not a value of"));
  a.fail_if = {"loss>0"};
  CHECK(has(error(a), "of a storm there are tcp."));
  a.fail_if = {"tcp.max>1s", "conn_rate<1", "disconnects>0"};
  const StormOptions o = *resolve(a);
  StormResult r = result();
  CHECK_FALSE(judge_conditions(o, [] {
    StormResult without = result();
    without.tally.tcp = Histogram();
    return without;
  }()));
  r.unjudged = true;
  CHECK(judge_exit(o, r) == kExitFailure);
  r.unjudged = false;
  r.tally.tcp.record(10);
  r.thresholds = *judge_conditions(o, r);
  REQUIRE(r.thresholds.size() == 3);
  CHECK_FALSE(r.thresholds[0].hit);
  CHECK(judge_exit(o, r) == kExitOk);
  r.tally.lost = 1;
  r.thresholds = *judge_conditions(o, r);
  CHECK(r.thresholds[2].hit);
  CHECK(judge_exit(o, r) == kExitThreshold);
  CHECK(has(storm_text(o, r), "FAILED    disconnects>0"));
}

TEST_CASE("storm: times of a SYN that was sent again are named") {
  StormResult r = result();
  r.tally.syn_retransmitted = 6;
  for (const int64_t ms : {1010, 1100, 3020, 3050, 3100, 7100}) r.tally.tcp.record(ms * 1'000'000);
  const SynModes modes = syn_modes(r.tally.tcp);
  CHECK(modes.after_1s == 2);
  CHECK(modes.after_3s == 3);
  CHECK(modes.after_7s == 1);
  r.host.listen_overflows = 12;
  const std::string text = storm_text(*resolve(args(StormMode::kConnect)), r);
  CHECK(
      has(text, "6 connections had their SYN sent again (2 after 1 s, 3 after 3 s, 1 after 7 s)"));
  CHECK(has(text, "the accept queue was full 12 times"));
  CHECK_FALSE(has(storm_text(*resolve(args(StormMode::kConnect)), result()), "SYN"));
}

TEST_CASE("storm: text and JSON say the same") {
  const StormOptions o = *resolve(args(StormMode::kConnect));
  StormResult r = result();
  r.bytes_per_connection = 3000;
  auto& flow = r.flow.emplace();
  flow.before.record(1'000'000);
  flow.during.record(9'000'000);
  flow.accounting.sent = flow.accounting.received = 2;
  const std::string text = storm_text(o, r);
  CHECK(has(text, "tries     1 010 = connected 1 000 + failed 10\n"));
  CHECK(has(text, "          7 x Connection refused\n"));
  CHECK(has(text, "back      1 000 of 1 000: 99 % after 1.50 s, all after 2.00 s\n"));
  CHECK(has(text, "VALID"));
  const auto json = nlohmann::json::parse(storm_json(o, r));
  CHECK(json["schema"] == "mqbench-storm/1");
  CHECK(json["counts"]["failures"]["CONNACK: Server busy"] == 3);
  CHECK(json["counts"]["failed"] == 10);
  CHECK(json["metrics"]["back_all_s"] == 2.0);
  CHECK(json["metrics"]["connected_per_s"] == 500.0);
  CHECK(json["phases"]["connack"]["count"] == 1000);
  for (const char* none : {"tls", "tls_full", "tls_resumed", "upgrade"}) {
    CHECK_FALSE(json["phases"].contains(none));
  }
  CHECK(json["probe"]["during"]["p99_ms"].get<double>() >
        json["probe"]["before"]["p99_ms"].get<double>());
  CHECK(json["exit"] == 0);
}

TEST_CASE("storm: full and resumed handshakes are told apart, and are one for conditions on TLS") {
  StormArgs a = args(StormMode::kReconnect);
  a.fail_if = {"tls.max>6ms", "tls_full.min>6ms", "tls_resumed.max>6ms"};
  CHECK(has(error(a), "these connections have no TLS"));
  a.run.connect.tls.tls = true;
  const StormOptions o = *resolve(a);
  StormResult r = result();
  r.tally.tls_full.record(7'000'000);
  r.tally.tls_resumed.record(3'000'000, 2);
  r.thresholds = *judge_conditions(o, r);
  CHECK(r.thresholds[0].hit);
  CHECK(r.thresholds[1].hit);
  CHECK_FALSE(r.thresholds[2].hit);
  const std::string text = storm_text(o, r);
  CAPTURE(text);
  CHECK(has(text, "\ntls full       7.00 ms"));
  CHECK(has(text, "\ntls resumed    3.00 ms"));
  const auto json = nlohmann::json::parse(storm_json(o, r));
  CHECK(json["phases"]["tls"]["count"] == 3);
  CHECK(json["phases"]["tls_full"]["count"] == 1);
  CHECK(json["phases"]["tls_resumed"]["count"] == 2);
  // Without a resumed one a condition on them is neither true nor false.
  r.tally.tls_resumed = Histogram();
  CHECK_FALSE(judge_conditions(o, r));
}

TEST_CASE("storm: failures have few names") {
  CHECK(failure_name(Error{ErrorCode::kIo, "connection to a:1 lost", -ECONNRESET}) ==
        "Connection reset by peer");
  CHECK(failure_name(Error{ErrorCode::kClosed, "whatever"}) == "closed by the server");
  CHECK(failure_name(Error{ErrorCode::kMalformed, "made up by a server"}) ==
        std::string(name(ErrorCode::kMalformed)));
  CHECK(failure_name(ClientEvent(ConnectRefused{ReasonCode::kServerBusy, {}, 0})) ==
        "CONNACK: Server busy");
  const uint8_t codes[] = {0, 0x87};
  CHECK(failure_name(ClientEvent(Subscribed{0, 1, codes, {}})) == "SUBACK: Not authorized");
  const uint8_t granted[] = {2};
  CHECK(failure_name(ClientEvent(Subscribed{0, 1, granted, {}})) == "");
}
