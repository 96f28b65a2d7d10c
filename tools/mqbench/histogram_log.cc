#include "mqbench/histogram_log.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/utf8.h"
#include "mqbench/histogram_text.h"

namespace mq {
namespace {

constexpr std::string_view kStartTime = "#[StartTime:";
constexpr std::string_view kBaseTime = "#[BaseTime:";
constexpr std::string_view kShard = "#[mqbench: run ";
constexpr std::string_view kLegend = "\"StartTimestamp\"";
constexpr std::string_view kTag = "Tag=";
// HdrHistogram's readers take times that lie further back for such that count from the start.
constexpr double kYear = 365 * 24 * 3600.0;
constexpr double kTimeMax = 1e12;           // seconds: 30 000 years
constexpr double kStartMax = kTimeMax / 2;  // so that what is written is within the former

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// A decimal number from the front of `text`, which then begins behind it.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value) || std::abs(value) > kTimeMax) {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<double> number(std::string_view text) {
  text = trimmed(text);
  const std::optional<double> value = take_number(text);
  return text.empty() ? value : std::nullopt;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const size_t comma = line.find(',');
    fields.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

// Tags are shown on terminals, and become parts of file names. U+0080 to U+00BF, of which some are
// control characters, are left out together.
bool is_printable(std::string_view tag) {
  return is_utf8(tag) && std::ranges::none_of(tag, [](char c) {
           const auto byte = static_cast<uint8_t>(c);
           return byte <= 0x20 || byte == 0x7F || byte == 0xC2;
         });
}

// FNV-1a.
uint64_t hash_of(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

// Which power of ten divides the values for people; nothing where that cannot be told.
std::optional<double> divisor_of(const Histogram& histogram, double max) {
  if (max < 0.1 || histogram.max() < 1000) return std::nullopt;  // rounded too much
  const double exponent = std::log10(static_cast<double>(histogram.max()) / max);
  const double nearest = std::round(exponent);
  if (nearest < 0 || std::abs(exponent - nearest) > 0.1) return std::nullopt;
  return std::pow(10, nearest);
}

// Both are of the same digits and lowest value, and of fewer values together than can be counted.
void add_up(Histogram& sum, Histogram next) {
  const int64_t highest = std::max(sum.highest(), next.highest());
  sum.raise_highest(highest);
  next.raise_highest(highest);
  const auto merged = sum.merge(next);
  assert(merged);
  static_cast<void>(merged);
}

Histogram histogram_of(std::string_view base64) {
  auto histogram = from_base64(base64);
  assert(histogram);  // to_base64() made it
  return std::move(*histogram);
}

}  // namespace

std::string log_line(std::string_view tag, double start_s, double length_s, double max,
                     std::string_view base64) {
  std::string text;
  if (!tag.empty()) text = fmt::format("{}{},", kTag, tag);
  return text + fmt::format("{:.3f},{:.3f},{:.3f},{}\n", start_s, length_s, max, base64);
}

std::string log_head(std::optional<double> start_s, std::string_view comment) {
  std::string text = fmt::format("#[Histogram log format version 1.3]\n{}", comment);
  if (start_s) {
    const auto second = static_cast<std::time_t>(*start_s);
    text += fmt::format("{} {:.3f} (seconds since epoch), {:%Y-%m-%dT%H:%M:%S}Z]\n", kStartTime,
                        *start_s, fmt::gmtime(second));
  }
  return text + fmt::format(
                    "{},\"Interval_Length\",\"Interval_Max\","
                    "\"Interval_Compressed_Histogram\"\n",
                    kLegend);
}

std::string shard_comment(std::string_view run_name, uint32_t shard, uint32_t shards) {
  return fmt::format("{}{}, shard {} of {}]\n", kShard, run_name, shard, shards);
}

bool is_of_log(std::string_view line) {
  line = trimmed(line);
  return line.starts_with("#[") || line.starts_with(kLegend) ||
         (line.find(",HIST") != std::string_view::npos && line.find('{') == std::string_view::npos);
}

void HistogramLogs::begin(std::string name, size_t lines_before) {
  log_ = {};
  log_.name = std::move(name);
  line_ = lines_before;
}

Result<void> HistogramLogs::take(std::string_view line) {
  ++line_;
  line = trimmed(line);
  if (line.empty() || line.starts_with(kLegend)) return {};
  return line.starts_with('#') ? take_comment(line) : take_interval(line);
}

Result<void> HistogramLogs::end() {
  if (log_.intervals == 0) return fail(ErrorCode::kNotFound, log_.name + " has no histogram");
  if (logs_.empty()) {
    first_log_ = log_.name;
    is_absolute_ = log_.is_absolute;
  } else if (is_absolute_ != log_.is_absolute) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("{} and {} cannot be put beside each other: only one says when it began",
                    first_log_, log_.name));
  }
  const auto [there, is_new] = logs_.try_emplace(log_.hash, log_.name);
  if (!is_new && log_.values > 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} and {} are the same log", there->second, log_.name));
  }
  return {};
}

Histogram HistogramLogs::sum(const Tag& tag) const {
  const auto number = static_cast<size_t>(&tag - tags_.data());
  Histogram sum(tag.digits, std::max(Histogram::kHighest, 2 * tag.lowest), tag.lowest);
  bool is_first = true;
  for (auto i = intervals_.lower_bound({number, 0.0});
       i != intervals_.end() && i->first.first == number; ++i) {
    if (std::exchange(is_first, false)) {
      sum = histogram_of(i->second.histogram);
    } else {
      add_up(sum, histogram_of(i->second.histogram));
    }
  }
  return sum;
}

std::string HistogramLogs::text() const {
  const std::string comment = fmt::format("#[Merged from {} logs]\n", logs_.size());
  std::string text = log_head(start_s(), logs_.size() > 1 ? comment : "");
  const double zero = is_absolute_ ? *start_s_ : 0;
  std::vector<Intervals::const_iterator> order;
  for (auto i = intervals_.begin(); i != intervals_.end(); ++i) order.push_back(i);
  std::ranges::stable_sort(order, {}, [](const auto& i) { return i->first.second; });
  for (const auto& i : order) {
    const Tag& tag = tags_[i->first.first];
    const auto max = static_cast<double>(histogram_of(i->second.histogram).max());
    text += log_line(tag.name, i->first.second - zero, i->second.length_s, tag.shown(max),
                     i->second.histogram);
  }
  return text;
}

Result<void> HistogramLogs::take_comment(std::string_view line) {
  if (line.starts_with(kStartTime)) return take_time(line.substr(kStartTime.size()), log_.start_s);
  if (line.starts_with(kBaseTime)) return take_time(line.substr(kBaseTime.size()), log_.base_s);
  if (line.starts_with(kShard)) return take_shard(line.substr(kShard.size()));
  return {};
}

Result<void> HistogramLogs::take_time(std::string_view text, std::optional<double>& to) {
  // Of several logs in one stream, the next.
  if (log_.intervals > 0) {
    MQ_CHECK(end());
    Log next;
    next.name = std::move(log_.name);
    log_ = std::move(next);
  }
  text = trimmed(text);
  to = take_number(text);
  if (!to) return malformed("StartTime and BaseTime are seconds since 1970");
  log_.is_absolute = true;
  return {};
}

// RUN, shard I of N]
Result<void> HistogramLogs::take_shard(std::string_view text) {
  constexpr std::string_view kBetween = ", shard ";
  const size_t at = text.rfind(kBetween);
  if (at == std::string_view::npos) return {};
  std::string_view rest = text.substr(at + kBetween.size());
  const std::optional<double> shard = take_number(rest);
  if (!shard || *shard < 0 || *shard > UINT32_MAX) return {};
  const std::string run(text.substr(0, at));
  if (run_name_.value_or(run) != run) {
    return malformed(fmt::format("this is a shard of run {}, and {} one of run {}", run,
                                 shards_.begin()->second, *run_name_));
  }
  run_name_ = run;
  const auto [there, is_new] = shards_.try_emplace(static_cast<uint32_t>(*shard), log_.name);
  if (!is_new) {
    return malformed(
        fmt::format("this is shard {} of run {}, and so is {}", there->first, run, there->second));
  }
  return {};
}

Result<void> HistogramLogs::take_interval(std::string_view line) {
  std::vector<std::string_view> fields = fields_of(line);
  std::string_view tag;
  if (fields.front().starts_with(kTag)) {
    tag = fields.front().substr(kTag.size());
    if (tag.empty() || tag.size() > kTagBytesMax || !is_printable(tag)) {
      return malformed(fmt::format("a tag has 1 to {} bytes, all of them printable", kTagBytesMax));
    }
    fields.erase(fields.begin());
  }
  if (fields.size() != 4) {
    return malformed("not an interval: [Tag=NAME,]START,LENGTH,MAX,HISTOGRAM");
  }
  const auto stamp = number(fields[0]), length = number(fields[1]), max = number(fields[2]);
  if (!stamp || !length || !max) return malformed("START, LENGTH and MAX are decimal numbers");
  if (*length < 0 || *max < 0) return malformed("LENGTH and MAX cannot be negative");
  auto histogram = from_base64(fields[3]);
  if (!histogram) return malformed(histogram.error().text);

  // What HdrHistogram's readers make of times where nothing is said.
  if (!log_.start_s) log_.start_s = *stamp + log_.base_s.value_or(0);
  if (!log_.base_s) log_.base_s = *stamp < *log_.start_s - kYear ? *log_.start_s : 0;
  const double start_s = *stamp + *log_.base_s;
  if (!(start_s >= 0 && start_s <= kStartMax)) return malformed("START is out of range");
  log_.hash = hash_of(hash_of(hash_of(log_.hash, tag), fields[3]), fmt::format("{}", start_s));
  log_.values += histogram->count();
  ++log_.intervals;
  MQ_TRY(const size_t number, tag_for(tag, *histogram, *max));
  return add(number, start_s, *length, *histogram);
}

Result<size_t> HistogramLogs::tag_for(std::string_view name, const Histogram& histogram,
                                      double max) {
  auto tag = std::ranges::find(tags_, name, &Tag::name);
  if (tag == tags_.end()) {
    if (tags_.size() == kTagsMax) return malformed(fmt::format("more than {} tags", kTagsMax));
    tags_.push_back({std::string(name), histogram.digits(), histogram.lowest(), 0, {}});
    tag = tags_.end() - 1;
  }
  if (tag->digits != histogram.digits() || tag->lowest != histogram.lowest()) {
    return malformed(fmt::format(
        "a histogram of {} digits from {} on, and those before are of {} digits from {} on: they "
        "do not add up exactly",
        histogram.digits(), histogram.lowest(), tag->digits, tag->lowest));
  }
  constexpr uint64_t kCountMax = std::numeric_limits<int64_t>::max();
  if (histogram.count() > kCountMax - tag->count) {
    return malformed("more values than HdrHistogram can count");
  }
  tag->count += histogram.count();
  const std::optional<double> divisor = divisor_of(histogram, max);
  if (divisor && tag->divisor.value_or(*divisor) != *divisor) {
    return malformed(
        fmt::format("MAX is the largest value divided by {:g}, and by {:g} before: these are "
                    "different units",
                    *divisor, *tag->divisor));
  }
  if (divisor) tag->divisor = divisor;
  return static_cast<size_t>(tag - tags_.begin());
}

Result<void> HistogramLogs::add(size_t tag, double start_s, double length_s,
                                const Histogram& histogram) {
  end_s_ = start_s_ ? std::max(end_s_, start_s + length_s) : start_s + length_s;
  start_s_ = std::min(start_s_.value_or(start_s), start_s);
  // The last that begins at its middle or before.
  const double middle_s = start_s + length_s / 2;
  auto there = intervals_.upper_bound({tag, middle_s});
  const bool is_there =
      there != intervals_.begin() && (--there)->first.first == tag &&
      (middle_s < there->first.second + there->second.length_s || there->first.second == start_s);
  std::string text;
  if (is_there) {
    Histogram sum = histogram_of(there->second.histogram);
    add_up(sum, histogram);
    text = to_base64(sum);
  } else {
    if (intervals_.size() == kIntervalsMax) {
      return malformed(fmt::format("more than {} intervals", kIntervalsMax));
    }
    there = intervals_.try_emplace({tag, start_s}).first;
    text = to_base64(histogram);
  }
  bytes_ += text.size() - there->second.histogram.size();
  if (bytes_ > kBytesMax) {
    return malformed(fmt::format("histograms of more than {} bytes", kBytesMax));
  }
  there->second.length_s = std::max(there->second.length_s, length_s);
  there->second.histogram = std::move(text);
  return {};
}

tl::unexpected<Error> HistogramLogs::malformed(std::string_view what) const {
  return fail(ErrorCode::kMalformed, fmt::format("{}, line {}: {}", log_.name, line_, what));
}

}  // namespace mq
