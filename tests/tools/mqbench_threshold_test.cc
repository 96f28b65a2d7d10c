#include "mqbench/threshold.h"

#include <string>

#include <doctest/doctest.h>

#include "mqbench/record.h"

using namespace mq;

namespace {

Record record() {
  Record r;
  r.rate = 1000;
  r.window_s = 2;
  r.pubs = r.subs = 1;
  for (int64_t i = 1; i <= 100; ++i) r.tally.response.record(i * 1'000'000);
  r.tally.ack.record(5'000'000);
  r.tally.sent_in_window = 1900;
  r.tally.received_in_window = 1800;
  r.counts.planned = 2000;
  r.counts.sent = 1900;
  r.counts.expected = 1900;
  r.counts.received = 1881;
  r.counts.lost.qos0 = 19;
  r.counts.duplicates_flagged = 1;
  r.counts.duplicates_unflagged = 2;
  r.rate_ratio = 0.95;
  r.threads_busy = {0.2, 0.5};
  r.tally.connect.record(3'000'000, 2);
  r.tally.steps.tcp.record(1'000'000);
  r.tally.steps.tls_full.record(6'000'000);
  r.tally.steps.tls_resumed.record(2'000'000);
  r.tally.steps.connack.record(500'000);
  r.tally.suback.record(2'000'000);
  r.connecting_s = 0.5;
  return r;
}

// "true", "false", or what is wrong.
std::string truth(const std::string& text) {
  const auto condition = Condition::parse(text);
  if (!condition) return condition.error().text;
  const auto threshold = condition->evaluate(record());
  if (!threshold) return threshold.error().text;
  return threshold->hit ? "true" : "false";
}

}  // namespace

TEST_CASE("threshold: metrics, operators and units") {
  struct Row {
    const char* text;
    bool hit;
  };
  for (const Row row : {Row{"p50>49ms", true},
                        {"p50 > 51 ms", false},
                        {"max>=100ms", true},
                        {"max>101ms", false},
                        {"min<1100us", true},
                        {"p99.9<1s", true},
                        {"mean<=50500us", true},
                        {"p50>0.04", true},
                        {"response.p50<0.04s", false},
                        {"ack.max==5ms", true},
                        {"ack.p99>4999999ns", true},
                        {"loss>0", true},
                        {"loss>1%", false},
                        {"loss>=0.01", true},
                        {"dup==3", true},
                        {"reorder>0", false},
                        {"not_sent<=100", true},
                        {"rate<1k", true},
                        {"recv_rate>=900", true},
                        {"recv_rate>0.9k", false},
                        {"rate_ratio<96%", true},
                        {"client_cpu>50%", false},
                        {"client_cpu>=0.5", true},
                        {"disconnects>0", false},
                        {"errors>0", false},
                        {"connect.max==3ms", true},
                        {"suback.p50>1ms", true},
                        {"tcp.max==1ms", true},
                        {"tls.max==6ms", true},
                        {"tls.min==2ms", true},
                        {"tls_full.p50<6ms", false},
                        {"tls_resumed.max>3ms", false},
                        {"connack.max==500us", true},
                        {"conn_rate==4", true},
                        {"conn_rate>4", false}}) {
    CAPTURE(row.text);
    CHECK(truth(row.text) == (row.hit ? "true" : "false"));
  }
}

TEST_CASE("threshold: what was not measured has neither passed nor failed") {
  CHECK(truth("upgrade.p99>1s") == "upgrade.p99>1s: nothing of the kind was measured");
  CHECK(truth("ready.max<1s") == "ready.max<1s: nothing of the kind was measured");
  CHECK(truth("service.p50<1s") == "service.p50<1s: nothing of the kind was measured");
  // Of no deliveries none were lost: that says nothing about a broker.
  const Record nothing;
  for (const char* text : {"loss>0", "dup>0", "reorder>0", "rate<1", "recv_rate<1", "rate_ratio<1",
                           "not_sent>0", "client_cpu>0", "conn_rate<1", "suback.p50>0", "p99>1s",
                           "tcp.max>0", "tls.max>0", "tls_resumed.max>0", "connect.max>0"}) {
    CAPTURE(text);
    CHECK_FALSE(Condition::parse(text)->evaluate(nothing));
  }
  CHECK(Condition::parse("errors>0")->evaluate(nothing));
}

TEST_CASE("threshold: conditions that mean nothing") {
  for (const char* text :
       {"", "p99", "p99>", ">1", "p99=1ms", "p101>1ms", "p>1ms", "latency>1ms", "p99>1k",
        "p99>-1ms", "loss>1ms", "foo.p99>1ms", "p99>>1ms", "p99>1e3ms", "p99>nan"}) {
    CAPTURE(text);
    CHECK(truth(text).starts_with("Invalid condition given: "));
  }
}
