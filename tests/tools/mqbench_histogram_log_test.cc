#include "mqbench/histogram_log.h"

#include <zlib.h>

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "base/base64.h"
#include "mqbench/histogram_text.h"
#include "mqbench/log_report.h"

using namespace mq;

namespace {

constexpr std::string_view kHead =
    "#[Histogram log format version 1.3]\n"
    "#[StartTime: 1795934588.025 (seconds since epoch), Sun Nov 29 06:43:08 UTC 2026]\n"
    "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";

std::string histogram(std::vector<int64_t> values, int digits = 3, int64_t highest = 3'600'000,
                      int64_t lowest = 1) {
  Histogram h(digits, highest, lowest);
  for (const int64_t value : values) h.record(value);
  return to_base64(h);
}

std::string interval(std::string_view times, const std::string& base64) {
  return std::string(times) + "," + base64 + "\n";
}

// "" when the logs, one text each, add up.
std::string fault(HistogramLogs& logs, const std::vector<std::string>& texts) {
  char name = 'a';
  for (const std::string& text : texts) {
    logs.begin(std::string(1, name++));
    std::string_view rest = text;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      if (const auto taken = logs.take(rest.substr(0, end)); !taken) return taken.error().text;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (const auto ended = logs.end(); !ended) return ended.error().text;
  }
  return "";
}

std::string fault(const std::vector<std::string>& texts) {
  HistogramLogs logs;
  return fault(logs, texts);
}

std::string line_fault(const std::string& line) {
  return fault({std::string(kHead) + line});
}

// A histogram of other bytes: header and counts, compressed.
std::string packed(std::vector<uint8_t> body, uint32_t cookie = 0x1c849314) {
  uLongf size = compressBound(static_cast<uLong>(body.size()));
  std::vector<uint8_t> envelope(8 + size);
  compress2(envelope.data() + 8, &size, body.data(), static_cast<uLong>(body.size()), 9);
  envelope.resize(8 + size);
  store_be32(envelope.data(), cookie);
  store_be32(envelope.data() + 4, static_cast<uint32_t>(size));
  return encode_base64(envelope);
}

}  // namespace

TEST_CASE("histogram log: intervals of several logs are added second by second") {
  HistogramLogs logs;
  const std::string a = std::string(kHead) + interval("0.000,1.000,0.001", histogram({1, 1000})) +
                        interval("Tag=ack,0.000,2.000,0.002", histogram({2000})) +
                        interval("1.000,1.000,0.002", histogram({2000}));
  // 0.3 s later, with the other ways to say it: absolute times, blanks, a carriage return.
  const std::string b = "#[StartTime: 1795934588.325]\r\n#anything\n\n" +
                        interval(" 1795934588.325 , 1.000 , 0.003 ", histogram({3000}, 3, 9000)) +
                        interval("1795934589.325,1.000,0.004", histogram({4000})) +
                        interval("1795934590.325,1.000,0.005", histogram({5000}));
  REQUIRE(fault(logs, {a, b}) == "");
  CHECK(logs.logs() == 2);
  REQUIRE(logs.tags().size() == 2);
  CHECK(logs.tags()[1].name == "ack");
  const Histogram sum = logs.sum(logs.tags()[0]);
  CHECK(sum.count() == 6);
  CHECK(sum.min() == 1);
  CHECK(sum.max() == 5003);  // of the bucket
  CHECK(logs.sum(logs.tags()[1]).count() == 1);
  CHECK(*logs.start_s() == doctest::Approx(1795934588.025));
  CHECK(logs.length_s() == doctest::Approx(3.3));

  const std::string text = logs.text();
  CHECK(text.find("#[StartTime: 1795934588.025 (seconds since epoch), 2026-11-29T06:43:08Z]") !=
        std::string::npos);
  CHECK(text.find("\n0.000,1.000,0.003,HIST") != std::string::npos);
  CHECK(text.find("\nTag=ack,0.000,2.000,0.002,HIST") != std::string::npos);
  CHECK(text.find("\n1.000,1.000,0.004,HIST") != std::string::npos);
  CHECK(text.find("\n2.300,1.000,0.005,HIST") != std::string::npos);
  HistogramLogs again;
  REQUIRE(fault(again, {text}) == "");
  CHECK(to_base64(again.sum(again.tags()[0])) == to_base64(sum));
  CHECK(again.text().find("Merged") == std::string::npos);
}

TEST_CASE("histogram log: several in one stream, and logs that know no time of day") {
  const std::string one = std::string(kHead) + interval("0,1,0", histogram({1}));
  const std::string other =
      "#[BaseTime: 1795934600]\n#[StartTime: 1795934600]\n" + interval("0,1,0", histogram({2}));
  HistogramLogs logs;
  REQUIRE(fault(logs, {one + other}) == "");
  CHECK(logs.logs() == 2);
  CHECK(logs.length_s() == doctest::Approx(12.975));
  const std::string relative = interval("0.127,1.007,0", histogram({1, 2}));
  HistogramLogs untimed;
  REQUIRE(fault(untimed, {relative, interval("0.5,1,0", histogram({7}))}) == "");
  CHECK_FALSE(untimed.start_s());
  CHECK(untimed.text().find("StartTime:") == std::string::npos);
  CHECK(fault({one, relative}) ==
        "a and b cannot be put beside each other: only one says when it began");
}

TEST_CASE("histogram log: the same log twice, shards of other runs, different histograms") {
  const std::string one = std::string(kHead) + interval("0,1,0.001", histogram({1000}));
  CHECK(fault({one, one}) == "a and b are the same log");
  CHECK(fault({one, std::string(kHead) + interval("0,1,0.001", histogram({1001}))}) == "");
  const auto shard = [&](const char* run, uint32_t index, int64_t value) {
    return shard_comment(run, index, 4) + std::string(kHead) +
           interval("0,1,0", histogram({value}));
  };
  CHECK(fault({shard("r, shard 1 of 2", 0, 1), shard("r, shard 1 of 2", 1, 2)}) == "");
  CHECK(fault({shard("r", 0, 1), shard("r", 0, 2)}) ==
        "b, line 1: this is shard 0 of run r, and so is a");
  CHECK(fault({shard("r", 0, 1), shard("s", 1, 2)}) ==
        "b, line 1: this is a shard of run s, and a one of run r");
  CHECK(
      fault({one + interval("1,1,0", histogram({1}, 2))}).find("line 5: a histogram of 2 digits") !=
      std::string::npos);
  CHECK(fault({one + interval("1,1,0", histogram({1}, 3, 9000, 2))}) != "");
  // Of another tag they may differ. A unit that people read another way may not, within one.
  CHECK(fault({one + interval("Tag=x,1,1,500", histogram({1'000'000}, 2))}) == "");
  CHECK(fault({one + interval("1,1,1000", histogram({1'000'000}))}) == "");
  CHECK(fault({one + interval("1,1,1", histogram({1'000'000})) +
               interval("2,1,1000", histogram({1'000'000}))})
            .find("line 6: MAX is the largest value divided by 1000") != std::string::npos);
}

TEST_CASE("histogram log: what is malformed is named, with its line") {
  const std::string good = histogram({5});
  CHECK(line_fault(interval("0,1,0", good)) == "");
  CHECK(line_fault("") == "a has no histogram");
  for (const char* times :
       {"", "0", "0,1", "0,1,0,5", "x,1,0", "0,1,1e", "0,nan,0", "0,1e300,0", "0,-1,0", "0,1,-1",
        "-1795934589,1,0", "6e11,1,0", "Tag=,0,1,0", "Tag=\x1b[2J,0,1,0", "0 1,1,0"}) {
    CAPTURE(times);
    CHECK(line_fault(interval(times, good)).starts_with("a, line 4: "));
  }
  CHECK(line_fault("#[StartTime: noon]").starts_with("a, line 4: "));
  for (size_t n = 0; n < good.size(); ++n) {
    CAPTURE(n);
    CHECK(line_fault(interval("0,1,0", good.substr(0, n))).starts_with("a, line 4: histogram: "));
  }
  const auto with = [](uint32_t cookie) {
    return line_fault(interval("0,1,0", packed({}, cookie)));
  };
  CHECK(with(0x1c849324).find("another word size") != std::string::npos);
  CHECK(with(0x1c849312).find("V0 or V1") != std::string::npos);
  CHECK(with(0x0c72124f).find("DoubleHistogram") != std::string::npos);
  CHECK(with(0x12345678).find("not in the compressed V2") != std::string::npos);
  // 60 MiB of zeros in 60 KiB.
  CHECK(line_fault(interval("0,1,0", packed(std::vector<uint8_t>(60 * 1024 * 1024)))) ==
        "a, line 4: histogram: cannot be decompressed, or is too large");
}

TEST_CASE("histogram log: limits") {
  std::string text(kHead);
  for (size_t i = 0; i < HistogramLogs::kTagsMax; ++i) {
    text += interval("Tag=t" + std::to_string(i) + ",0,1,0", histogram({1}));
  }
  CHECK(fault({text}) == "");
  CHECK(fault({text + interval("Tag=t0,1,1,0", histogram({1}))}) == "");
  CHECK(fault({text + interval("Tag=more,0,1,0", histogram({1}))}).find("more than 100 tags") !=
        std::string::npos);
  const std::string longest(HistogramLogs::kTagBytesMax, 'x');
  CHECK(line_fault(interval("Tag=" + longest + ",0,1,0", histogram({1}))) == "");
  CHECK(line_fault(interval("Tag=" + longest + "x,0,1,0", histogram({1}))) != "");
  Histogram most;
  most.record(1, INT64_MAX);
  const std::string counted = interval("0,1,0", to_base64(most));
  CHECK(line_fault(counted) == "");
  CHECK(line_fault(counted + interval("0,1,0", histogram({1}))) ==
        "a, line 5: more values than HdrHistogram can count");
}

TEST_CASE("histogram log: in the text, times where values are nanoseconds, else the log's unit") {
  HistogramLogs logs;
  REQUIRE(fault(logs, {std::string(kHead) + interval("0,1,2.000", histogram({2'000'000})) +
                       interval("Tag=bytes,0,1,2000000", histogram({2'000'000}))}) == "");
  const std::string text = text_report(logs);
  CHECK(text.find("\nresponse       2.00 ms") != std::string::npos);
  CHECK(text.find("\nbytes        2.001e+06") != std::string::npos);
}

TEST_CASE("histogram log: lines that hardly anything else has") {
  CHECK(is_of_log("#[Histogram log format version 1.3]"));
  CHECK(is_of_log("\"StartTimestamp\",\"EndTimestamp\",\"Interval_Max\""));
  CHECK(is_of_log("Tag=x,0.127,1.007,2.769,HISTFAAAAEV42pNp"));
  CHECK_FALSE(is_of_log("# a comment"));
  CHECK_FALSE(is_of_log("{\"schema\":\"mqbench/1\",\"data\":\"x,HISTFAAA\"}"));
  CHECK_FALSE(is_of_log(""));
}
