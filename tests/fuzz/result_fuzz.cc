// Whatever mqbench merge, compare and report find where a result should be: an error, or a result
// that can be reported, written, read again and merged.
#include <algorithm>
#include <string>
#include <string_view>

#include "fuzz/check.h"
#include "mqbench/histogram_log.h"
#include "mqbench/histogram_text.h"
#include "mqbench/merge.h"
#include "mqbench/record_json.h"
#include "mqbench/record_reader.h"

using namespace mq;

namespace {

void read_histogram(std::string_view text) {
  const auto histogram = from_base64(text);
  if (!histogram) return;
  const auto again = from_base64(to_base64(*histogram));
  FUZZ_CHECK(again && again->count() == histogram->count());
}

// What could be read is written, read again, and is the same.
void read_log(std::string_view text) {
  const auto take = [](HistogramLogs& logs, std::string_view rest) -> Result<void> {
    logs.begin("log");
    while (!rest.empty()) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      MQ_CHECK(logs.take(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return logs.end();
  };
  HistogramLogs logs, again;
  const auto taken = take(logs, text);
  if (!taken) {
    FUZZ_CHECK(!taken.error().text.empty());
    return;
  }
  const std::string written = logs.text();
  FUZZ_CHECK(take(again, written) && again.tags().size() == logs.tags().size());
  for (const HistogramLogs::Tag& tag : logs.tags()) {
    const auto same = std::ranges::find(again.tags(), tag.name, &HistogramLogs::Tag::name);
    FUZZ_CHECK(same != again.tags().end() && same->count == tag.count);
    FUZZ_CHECK(to_base64(again.sum(*same)) == to_base64(logs.sum(tag)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_histogram(text);
  read_log(text);
  const auto record = from_json(text);
  if (!record) {
    FUZZ_CHECK(!record.error().text.empty());
    return 0;
  }
  const auto again = from_json(to_json(*record));
  FUZZ_CHECK(again && again->counts.received == record->counts.received);
  static_cast<void>(latencies(*record));
  static_cast<void>(stage_rows(*record));
  static_cast<void>(judge_exit(*record, true, 0));
  static_cast<void>(merge({*record, *record}));
  return 0;
}
