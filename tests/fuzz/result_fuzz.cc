// Whatever mqbench merge, compare and report find where a result should be: an error, or a result
// that can be reported, written, read again and merged.
#include <string_view>

#include "fuzz/check.h"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_histogram(text);
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
