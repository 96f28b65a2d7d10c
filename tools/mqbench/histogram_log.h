// HdrHistogram's logs of intervals: written, read from whoever wrote them, and added up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"
#include "base/result.h"

namespace mq {

// A line of such a log: seconds, the largest value in the unit that people read, the histogram.
std::string log_line(std::string_view tag, double start_s, double length_s, double max,
                     std::string_view base64);
// The lines before the first of those. Without a start, times are not said to be relative to one.
std::string log_head(std::optional<double> start_s, std::string_view comment = {});
// "#[mqbench: run r42, shard 0 of 4]", by which shards are told apart.
std::string shard_comment(std::string_view run_name, uint32_t shard, uint32_t shards);

// Whether a log can have such a line, and hardly anything else can.
bool is_of_log(std::string_view line);

// What several logs add up to, tag by tag, bucket by bucket. An interval is added to the one of its
// tag in whose time its middle lies, and is one of its own where there is none: of shards that
// begin together second by second, of others whatever overlaps. Which interval it goes to changes
// no sum.
class HistogramLogs {
 public:
  static constexpr size_t kTagsMax = 100;
  static constexpr size_t kTagBytesMax = 100;
  static constexpr size_t kIntervalsMax = 1'000'000;
  static constexpr size_t kBytesMax = 256 * 1024 * 1024;  // of all histograms, compressed

  // A log begins, under this name for the user, after so many other lines. begin() and end()
  // enclose its lines.
  void begin(std::string name, size_t lines_before = 0);
  // Its next line, without the line feed. An error says what and in which line.
  Result<void> take(std::string_view line);
  Result<void> end();

  size_t logs() const { return logs_.size(); }
  struct Tag {
    std::string name;  // empty for lines without
    int digits;
    int64_t lowest;
    uint64_t count = 0;  // of values
    // What divides them for Interval_Max; nothing where the log does not tell.
    std::optional<double> divisor;

    // HdrHistogram's programs take values for nanoseconds and show milliseconds.
    bool is_time() const { return divisor.value_or(kUsualDivisor) == kUsualDivisor; }
    double shown(double value) const { return value / divisor.value_or(kUsualDivisor); }
  };
  // In the order in which they were first seen.
  const std::vector<Tag>& tags() const { return tags_; }
  Histogram sum(const Tag& tag) const;
  // From the beginning of the first interval to the end of the last.
  std::optional<double> start_s() const { return is_absolute_ ? start_s_ : std::nullopt; }
  double length_s() const { return start_s_ ? end_s_ - *start_s_ : 0; }

  // All of it as one log.
  std::string text() const;

 private:
  static constexpr double kUsualDivisor = 1e6;

  struct Interval {
    double length_s = 0;
    std::string histogram;  // to_base64(), because a whole one is 264 KiB
  };
  // Tag by its number, and when it began.
  using Intervals = std::map<std::pair<size_t, double>, Interval>;

  // What there has been of the present log.
  struct Log {
    std::string name;
    // As its comments say, or as follows from its first interval.
    std::optional<double> start_s, base_s;
    bool is_absolute = false;
    uint64_t hash = 0;  // of its intervals, to know it again
    uint64_t intervals = 0, values = 0;
  };

  Result<void> take_comment(std::string_view line);
  Result<void> take_time(std::string_view text, std::optional<double>& to);
  Result<void> take_shard(std::string_view text);
  Result<void> take_interval(std::string_view line);
  // The number of a tag that such a histogram, whose largest value is shown as `max`, can be of.
  Result<size_t> tag_for(std::string_view name, const Histogram& histogram, double max);
  Result<void> add(size_t tag, double start_s, double length_s, const Histogram& histogram);
  tl::unexpected<Error> malformed(std::string_view what) const;

  std::vector<Tag> tags_;
  Intervals intervals_;
  size_t bytes_ = 0;
  std::optional<double> start_s_;
  double end_s_ = 0;
  bool is_absolute_ = false;
  std::map<uint64_t, std::string> logs_;  // by hash, with the name
  std::string first_log_;
  std::optional<std::string> run_name_;     // of shards
  std::map<uint32_t, std::string> shards_;  // and their logs
  Log log_;
  size_t line_ = 0;
};

}  // namespace mq
