#include "mqbench/doctor_command.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include <fmt/core.h>

#include "base/histogram.h"
#include "base/units.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "io/loop.h"
#include "io/precise_timer.h"

namespace mq {
namespace {

constexpr int kTimerSamples = 500;
constexpr Duration kTimerInterval = std::chrono::milliseconds(1);
constexpr int kClockReads = 100'000;
// What is enough for most: above it nothing is advised.
constexpr uint64_t kDescriptorsEnough = 65'536;
constexpr uint64_t kPortsEnough = 50'000;
constexpr uint64_t kBacklogEnough = 1024;
constexpr int64_t kTimerFine = 200'000;  // ns; mqbench takes no more send lag than that for granted

void line(std::string_view what, const std::string& is, std::string_view advice = "") {
  write_all(STDOUT_FILENO,
            fmt::format("{:<22}{}\n{}", what, is,
                        advice.empty() ? "" : fmt::format("{:<22}-> {}\n", "", advice)));
}

// The first word of a file of the kernel's, empty when there is none.
std::string first_word(const char* path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// How late a timer comes: the floor of what a paced load can do on this machine.
Histogram timer_lateness() {
  Histogram late;
  Loop loop;
  Time due = loop.read_clock().mono + kTimerInterval;
  std::optional<PreciseTimer> timer;
  timer.emplace(loop, [&](Now now) {
    late.record((now.mono - due).count());
    if (late.count() + late.negatives() == kTimerSamples) return loop.stop();
    due += kTimerInterval;
    timer->set(due);
  });
  timer->set(due);
  loop.run();
  return late;
}

int64_t clock_cost_ns() {
  timespec from{}, to{}, any{};
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (int i = 0; i < kClockReads; ++i) clock_gettime(CLOCK_MONOTONIC, &any);
  clock_gettime(CLOCK_MONOTONIC, &to);
  return ((to.tv_sec - from.tv_sec) * 1'000'000'000 + to.tv_nsec - from.tv_nsec) / kClockReads;
}

void descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  line("descriptors", fmt::format("{} (mqbench raises its limit to that)", limit.rlim_max),
       limit.rlim_max < kDescriptorsEnough
           ? "each client takes one; ulimit -Hn, or LimitNOFILE= of a service, gives more"
           : "");
}

void ports() {
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  uint64_t low = 0, high = 0;
  if (!(file >> low >> high) || high < low) return;
  const uint64_t count = high - low + 1;
  line("local ports", fmt::format("{}", count),
       count < kPortsEnough ? "each connection to one address of a broker takes one; "
                              "sysctl net.ipv4.ip_local_port_range='1024 65535' gives more"
                            : "");
}

void backlog() {
  const std::string word = first_word("/proc/sys/net/core/somaxconn");
  if (word.empty()) return;
  line("accept queue", word,
       std::strtoull(word.c_str(), nullptr, 10) < kBacklogEnough
           ? "a burst of connections overflows it, and the kernel tries again after a second; "
             "sysctl net.core.somaxconn=4096"
           : "");
}

}  // namespace

Result<int> run_doctor() {
  line("processors", fmt::format("{}", std::thread::hardware_concurrency()),
       std::thread::hardware_concurrency() < 4
           ? "a broker on this machine and mqbench take processors from each other"
           : "");
  const std::string source =
      first_word("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  line("clock",
       fmt::format("{}, {} ns to read", source.empty() ? "unknown" : source, clock_cost_ns()),
       !source.empty() && source != "tsc" && source != "arch_sys_counter" && source != "kvm-clock"
           ? "a slow clock source limits the rate that can be stamped"
           : "");
  const Histogram late = timer_lateness();
  line("timer, late by",
       fmt::format(
           "{} at the median, p99 {}, {} at most", format_duration(Duration(late.percentile(50))),
           format_duration(Duration(late.percentile(99))), format_duration(Duration(late.max()))),
       late.percentile(99) > kTimerFine
           ? "the machine is busy with something else: latencies will not be the broker's"
           : "");
  descriptors();
  ports();
  backlog();
  return kExitOk;
}

}  // namespace mq
