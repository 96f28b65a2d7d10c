#include "mqbench/host_signals.h"

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

TEST_CASE("host signals: /proc/stat") {
  const auto cpu = parse_proc_stat("cpu  100 20 30 400 50 6 7 8 9 10\ncpu0 1 2 3\n");
  REQUIRE(cpu);
  CHECK(cpu->busy == 100 + 20 + 30 + 6 + 7);  // idle and waiting for disks is not busy
  CHECK(cpu->steal == 8);
  CHECK(cpu->all == 621);
  for (const char* text : {"", "cpu", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu a b c d e f g h"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_proc_stat(text));
  }
}

TEST_CASE("host signals: pressure, accept queues, listeners") {
  CHECK(parse_pressure_us(
            "some avg10=1.00 avg60=2.00 avg300=3.00 total=12345\nfull avg10=0 total=7\n") ==
        12345u);
  CHECK_FALSE(parse_pressure_us("full avg10=0 total=7\n"));
  CHECK_FALSE(parse_pressure_us(""));

  CHECK(parse_listen_overflows(
            "IpExt: A B\nIpExt: 1 2\nTcpExt: X ListenOverflows Y\nTcpExt: 5 6 7\n") == 6u);
  CHECK_FALSE(parse_listen_overflows("TcpExt: X ListenOverflows\nTcpExt: 5\n"));
  CHECK_FALSE(parse_listen_overflows("TcpExt: X\n"));

  constexpr std::string_view kTcp =
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
      "inode\n"
      "   0: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "111 1\n"
      "   1: 0100007F:075B 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 "
      "222 1\n"
      "   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
      "333 1\n";
  CHECK(parse_listeners(kTcp, 1883) == std::vector<uint64_t>{111});
  CHECK(parse_listeners(kTcp, 1884).empty());
  CHECK(parse_listeners("junk\n\n 0: x y 0A a b c d e f\n", 1883).empty());

  constexpr std::string_view kUnix =
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 555 /run/mq.sock\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 666 /run/mq.sock\n";
  CHECK(parse_unix_listeners(kUnix, "/run/mq.sock") == std::vector<uint64_t>{555});
  CHECK(parse_unix_listeners(kUnix, "/run/other").empty());
}

TEST_CASE("host signals: what is left of the processors is foreign") {
  const BrokerProcess local{.is_local = true, .pids = {1}};
  HostSnapshot from, to;
  from.at = Time(10s), to.at = Time(20s);
  from.cpu = {.busy = 1000, .steal = 0, .all = 10'000};
  to.cpu = {.busy = 2000, .steal = 20, .all = 12'000};  // 10 s of CPU time at 100 ticks a second
  from.own_s = 1, to.own_s = 4;
  from.broker_s = 2, to.broker_s = 6;
  from.pressure_us = 0, to.pressure_us = 2'500'000;
  from.listen_overflows = 3, to.listen_overflows = 5;
  from.involuntary_switches = 10, to.involuntary_switches = 17;
  HostSignals signals = difference(from, to, local);
  CHECK(signals.own_cpu == doctest::Approx(0.3));
  CHECK(*signals.broker_cpu == doctest::Approx(0.4));
  CHECK(*signals.foreign_cpu == doctest::Approx(0.3));
  CHECK(*signals.steal == doctest::Approx(0.01));
  CHECK(*signals.cpu_pressure == doctest::Approx(0.25));
  CHECK(signals.listen_overflows == 2u);
  CHECK(signals.involuntary_switches == 7);
  CHECK(signals.shared_with_broker);

  // A broker that cannot be seen could be everything that is foreign.
  to.broker_s.reset();
  signals = difference(from, to, local);
  CHECK_FALSE(signals.broker_cpu);
  CHECK_FALSE(signals.foreign_cpu);
  // One whose process ended has no time to subtract.
  to.broker_s = 0;
  CHECK_FALSE(difference(from, to, local).foreign_cpu);
  // Ticks are coarse.
  to.broker_s = 20;
  CHECK(*difference(from, to, local).foreign_cpu == 0);

  to = from;
  CHECK_FALSE(difference(from, to, local).foreign_cpu);  // no time has passed
}

TEST_CASE("host signals: this machine has some") {
  const HostSnapshot now = read_host({}, Time(1s));
  CHECK(now.cpu);
  CHECK(now.own_s > 0);
  CHECK(now.broker_s == 0.0);  // it is elsewhere
  Address nobody;
  nobody.host = "127.0.0.1";
  nobody.port = 1;
  const BrokerProcess none = find_broker(nobody);
  CHECK(none.is_local);
  CHECK(none.pids.empty());
  CHECK_FALSE(read_host(none, Time(1s)).broker_s);
}
