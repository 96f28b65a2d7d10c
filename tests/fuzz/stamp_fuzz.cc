// Whatever arrives where stamps are expected: what is read as one is written the same again.
#include <algorithm>
#include <vector>

#include "fuzz/check.h"
#include "mqbench/stamp.h"

using namespace mq;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  const uint32_t run = (data[0] | data[1] << 8 | data[2] << 16) & 0xFFFFFF;
  // Of exactly its size, so that a sanitizer sees a read beyond it.
  const std::vector<uint8_t> payload(data + 3, data + size);
  planned_of_any_run(payload);
  const auto read = read_stamp(payload, run);
  if (!read) return 0;
  FUZZ_CHECK(payload.size() >= stamp_size(payload.size()));
  if (read->compact) return 0;  // has fewer bits than what is read
  std::vector<uint8_t> again(payload);
  std::fill_n(again.begin(), stamp_size(again.size()), uint8_t{0});
  write_stamp(read->stamp, again);
  const auto reread = read_stamp(again, run);
  FUZZ_CHECK(reread && reread->stamp.stream == read->stamp.stream &&
             reread->stamp.sequence == read->stamp.sequence &&
             reread->stamp.planned == read->stamp.planned &&
             reread->stamp.warm_up == read->stamp.warm_up);
  return 0;
}
