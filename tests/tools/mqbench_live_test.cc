// What is shown of a run while it goes on, and gates against earlier ones.
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "mqbench/bounded_line.h"
#include "mqbench/live_view.h"
#include "mqbench/metrics_server.h"
#include "mqbench/prometheus.h"
#include "mqbench/regression.h"

using namespace mq;

namespace {

Record record(int64_t latency_ms = 10, uint64_t received = 1000) {
  Record r;
  r.run_name = "r1";
  r.version = "1";
  r.target = "localhost:1883";
  r.pattern = "p2p";
  r.rate = 1000;
  r.pubs = r.subs = 1;
  r.window_s = 1;
  r.percentiles = {50, 99};
  for (uint64_t i = 0; i < received; ++i) r.tally.response.record(latency_ms * 1'000'000);
  r.tally.received_in_window = received;
  r.counts.planned = r.counts.sent = r.counts.expected = 1000;
  r.counts.received = received;
  return r;
}

std::string limits_error(const char* list) {
  const auto limits = parse_max_regress(list);
  return limits ? "" : limits.error().text;
}

// Whether the only limit is hit.
bool regressed(const char* limit, const std::vector<Record>& before,
               const std::vector<Record>& after) {
  const auto thresholds = check_regress(*parse_max_regress(limit), before, after);
  REQUIRE(thresholds);
  REQUIRE(thresholds->size() == 1);
  return (*thresholds)[0].hit;
}

int status_of(std::string_view request) {
  return HttpRequest().receive(to_bytes(request)).value_or(0);
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("abort: a condition has to hold twice in a row") {
  const std::vector<Condition> conditions{*Condition::parse("p99>5ms"),
                                          *Condition::parse("ack.p99>1ms")};
  AbortCheck check(conditions);
  CHECK_FALSE(check.judge(record(10)));
  CHECK_FALSE(check.judge(record(1)));
  CHECK_FALSE(check.judge(record(10)));
  const auto aborted = check.judge(record(10));
  REQUIRE(aborted);
  CHECK(aborted->expression == "p99>5ms");
  CHECK(aborted->hit);
  // Of the second one nothing was measured.
}

TEST_CASE("regression: limits") {
  CHECK(limits_error("p99=20%") == "");
  CHECK(limits_error("p99=20%,recv_rate=2.5%,ack.mean=0%") == "");
  for (const char* list :
       {"", "p99", "p99=20", "p99=%", "p99=-1%", "p99=20%,", "speed=1%", "=1%"}) {
    CAPTURE(list);
    CHECK(limits_error(list).starts_with("Invalid limits of regression given"));
  }
}

TEST_CASE("regression: worse is longer, or less a second") {
  CHECK_FALSE(regressed("p99=20%", {record(10)}, {record(12)}));
  CHECK(regressed("p99=20%", {record(10)}, {record(13)}));
  CHECK_FALSE(regressed("p99=20%", {record(10)}, {record(1)}));
  CHECK_FALSE(regressed("recv_rate=2%", {record(10, 1000)}, {record(10, 980)}));
  CHECK(regressed("recv_rate=2%", {record(10, 1000)}, {record(10, 979)}));
  CHECK_FALSE(regressed("recv_rate=2%", {record(10, 900)}, {record(10, 1000)}));
  // The median of those before.
  CHECK(regressed("p50=20%", {record(10), record(11), record(90)}, {record(14)}));
  CHECK_FALSE(check_regress(*parse_max_regress("ack.p99=1%"), {record()}, {record()}));
}

TEST_CASE("regression: of enough runs chance is not the reason") {
  const std::vector<Record> noisy{record(1), record(2), record(30), record(40), record(10)};
  const std::vector<Record> also{record(1), record(2), record(13), record(40), record(35)};
  CHECK_FALSE(regressed("p50=10%", noisy, also));
  const std::vector<Record> slow(6, record(20)), fast(6, record(10));
  CHECK(regressed("p50=10%", fast, slow));
}

TEST_CASE("regression: another load is no baseline") {
  CHECK(load_difference(record(), record()) == nullptr);
  Record other = record();
  other.rate = 999;
  CHECK(load_difference(record(), other) != nullptr);
  other = record();
  other.qos = 1;
  CHECK(load_difference(record(), other) != nullptr);
}

TEST_CASE("prometheus: samples with the labels of the run") {
  Record r = record();
  r.labels = {{"broker version", "1 \"x\"\\\n"}, {"1st", "a"}, {"run", "mine"}};
  r.threads_busy = {0.25};
  const std::string text = prometheus_text(r);
  CAPTURE(text);
  const std::string labels = R"({run="r1",_st="a",broker_version="1 \"x\"\\\n")";
  CHECK(has(text, "\nmqbench_messages_sent_total" + labels + "} 1000\n"));
  CHECK(has(text, "# TYPE mqbench_messages_sent_total counter\n"));
  CHECK(has(text, "\nmqbench_thread_cpu" + labels + ",thread=\"0\"} 0.25\n"));
  CHECK(has(text, "\nmqbench_latency_seconds_count" + labels + ",kind=\"response\"} 1000\n"));
  CHECK(has(text, ",kind=\"response\",quantile=\"0.99\"} 0.01\n"));
  CHECK(text.ends_with("\n"));
  CHECK(prometheus_text(Record()).ends_with("\n"));
}

TEST_CASE("bounded line: lines, their largest size, and what is behind it") {
  std::istringstream in("abc\n\nabcd\nrest");
  std::string line;
  CHECK(*read_line(in, 4, line));
  CHECK(line == "abc");
  CHECK(*read_line(in, 4, line));
  CHECK(line.empty());
  CHECK(*read_line(in, 4, line));
  CHECK(line == "abcd");
  CHECK(*read_line(in, 4, line));
  CHECK(line == "rest");
  CHECK_FALSE(*read_line(in, 4, line));
  std::istringstream longer("abcde\n");
  CHECK_FALSE(read_line(longer, 4, line));
  CHECK(line.size() == 4);  // nothing more was kept
}

TEST_CASE("metrics server: requests") {
  CHECK(status_of("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") == 200);
  CHECK(status_of("GET /metrics?x=1 HTTP/1.0\r\n\r\n") == 200);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 404);
  CHECK(status_of("POST /metrics HTTP/1.1\r\n\r\n") == 405);
  CHECK(status_of("GET /metrics\r\n\r\n") == 400);
  CHECK(status_of("\r\n\r\n") == 400);
  CHECK(status_of("GET /metrics HTTP/2\r\n\r\n") == 400);
  CHECK(status_of("GET /metrics HTTP/1.1\r\nHost: x\r\n") == 0);  // more has to come
  HttpRequest slow;
  CHECK_FALSE(slow.receive(to_bytes(std::string_view("GET /metrics HT"))));
  CHECK(slow.receive(to_bytes(std::string_view("TP/1.1\r\n\r\n"))) == 200);
}

TEST_CASE("metrics server: the head of a request has a largest size") {
  const std::string start = "GET /metrics HTTP/1.1\r\nX: ";
  HttpRequest just, over;
  CHECK_FALSE(
      just.receive(to_bytes(start + std::string(HttpRequest::kSizeMax - start.size(), 'x'))));
  CHECK(over.receive(
            to_bytes(start + std::string(HttpRequest::kSizeMax - start.size() + 1, 'x'))) == 431);
}

TEST_CASE("metrics server: addresses") {
  CHECK(parse_metrics_address("9100")->host == "127.0.0.1");
  CHECK(parse_metrics_address("9100")->port == 9100);
  CHECK(parse_metrics_address("0.0.0.0:9100")->host == "0.0.0.0");
  CHECK(parse_metrics_address("[::1]:9100")->port == 9100);
  for (const char* text : {"", "x", "65536", "127.0.0.1:", ":9100", "a:b", "127.0.0.1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_metrics_address(text));
  }
}
