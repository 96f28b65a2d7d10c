#include "base/log.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace mq;

namespace {

// Collects lines for the length of a test and puts things back.
struct Capture {
  Capture() {
    old = set_log_sink([this](LogLevel level, std::string_view, std::string_view line) {
      lines.emplace_back(std::string(name(level)) + ": " + std::string(line));
    });
  }
  ~Capture() {
    set_log_sink(std::move(old));
    set_log_level(LogLevel::kNotice);
  }
  std::vector<std::string> lines;
  LogSink old;
};

std::string value(std::string_view text) {
  return format_log_line("e", {{"k", text}}).substr(4);
}

}  // namespace

TEST_CASE("a line is the event and its values") {
  CHECK(format_log_line("started", {}) == "started");
  const std::string id = "sensor-1";
  CHECK(format_log_line("connected", {{"client", id}, {"port", uint16_t{1883}}, {"rest", -3},
                                      {"load", 0.5}, {"clean", true}, {"version", "5.0"}}) ==
        "connected client=sensor-1 port=1883 rest=-3 load=0.5 clean=true version=5.0");
}

TEST_CASE("values that need it are quoted and cannot fool a terminal or a parser") {
  CHECK(value("a/b") == "a/b");
  CHECK(value("") == R"("")");
  CHECK(value("a b") == R"("a b")");
  CHECK(value("a=b") == R"("a=b")");
  CHECK(value("say \"hi\" \\") == R"("say \"hi\" \\")");
  CHECK(value("a\nerror forged") == R"("a\nerror forged")");
  CHECK(value("\x1b[2J\x7f") == R"("\x1b[2J\x7f")");
  CHECK(value("\xC2\x9b" "2J") == R"("\u009b2J")");
  CHECK(value("caf\xC3\xA9") == "caf\xC3\xA9");
  CHECK(value("caf\xC3\xA9 au lait") == "\"caf\xC3\xA9 au lait\"");
  CHECK(value("\xC3\xFF") == R"("\xc3\xff")");
  CHECK(value(std::string_view("a\0b", 3)) == R"("a\x00b")");
}

TEST_CASE("a line of JSON") {
  CHECK(format_log_json("started", {}) == R"("event":"started")");
  CHECK(format_log_json("e", {{"n", -3}, {"u", UINT64_MAX}, {"d", 0.5}, {"b", false}}) ==
        R"("event":"e","n":-3,"u":18446744073709551615,"d":0.5,"b":false)");
  CHECK(format_log_json("e", {{"d", std::numeric_limits<double>::infinity()}}) ==
        R"("event":"e","d":null)");
  const auto json = [](std::string_view text) {
    constexpr std::string_view kStart = R"("event":"e","k":)";
    return format_log_json("e", {{"k", text}}).substr(kStart.size());
  };
  CHECK(json("") == R"("")");
  CHECK(json("say \"hi\" \\") == R"("say \"hi\" \\")");
  CHECK(json("a\nb\x7f") == R"("a\u000ab\u007f")");
  CHECK(json("\xC2\x9b" "2J") == R"("\u009b2J")");
  CHECK(json("caf\xC3\xA9 \xF0\x9F\x98\x80") == "\"caf\xC3\xA9 \xF0\x9F\x98\x80\"");
  CHECK(json("\xFF" "a\xC3") == "\"\xEF\xBF\xBD" "a\xEF\xBF\xBD\"");
  CHECK(json(std::string_view("a\0b", 3)) == R"("a\u0000b")");
}

TEST_CASE("the format of lines can be changed") {
  Capture capture;
  set_log_format(LogFormat::kJson);
  log(LogLevel::kNotice, "heard", {{"by", "you"}});
  set_log_format(LogFormat::kText);
  log(LogLevel::kNotice, "heard", {{"by", "you"}});
  CHECK(capture.lines == std::vector<std::string>{R"(notice: "event":"heard","by":"you")",
                                                  "notice: heard by=you"});
}

TEST_CASE("events above the level are dropped") {
  Capture capture;
  log(LogLevel::kInfo, "quiet");
  log(LogLevel::kNotice, "heard");
  set_log_level(LogLevel::kDebug);
  log(LogLevel::kDebug, "detail", {{"n", 1}});
  set_log_level(LogLevel::kError);
  log(LogLevel::kWarning, "quiet");
  log(LogLevel::kError, "bad");
  CHECK(capture.lines == std::vector<std::string>{"notice: heard", "debug: detail n=1",
                                                  "error: bad"});
}

TEST_CASE("a flood of one event is cut, and the next line can say by how much") {
  LogLimiter limiter;
  const Time start{std::chrono::seconds(1000)};
  for (uint32_t i = 0; i < kLogBurst; ++i) CHECK(limiter.admit("x", start).admitted);
  for (int i = 0; i < 7; ++i) {
    CHECK_FALSE(limiter.admit("x", start + kLogWindow - Duration(1)).admitted);
  }
  CHECK(limiter.admit("y", start).admitted);
  const LogLimiter::Verdict first = limiter.admit("x", start + kLogWindow);
  CHECK(first.admitted);
  CHECK(first.left_out == 7);
  CHECK(limiter.admit("x", start + kLogWindow).left_out == 0);
}

TEST_CASE("level and format change while another thread logs") {
  std::atomic<int> lines = 0;
  const LogSink before = set_log_sink([&](LogLevel, std::string_view event, std::string_view line) {
    CHECK(event == "e");
    CHECK((line == "e k=1" || line == R"("event":"e","k":1)"));
    ++lines;
  });
  std::atomic<bool> done = false;
  std::thread other([&] {
    while (lines < 1000) log(LogLevel::kNotice, "e", {{"k", 1}});
    done = true;
  });
  while (!done) {
    set_log_level(LogLevel::kDebug);
    set_log_format(LogFormat::kJson);
    set_log_level(LogLevel::kNotice);
    set_log_format(LogFormat::kText);
  }
  other.join();
  set_log_sink(before);
}
