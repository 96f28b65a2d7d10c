// Payloads that are there before a run begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "mqbench/size_spec.h"

namespace mq {

// Given by the user, read from a record, printed by a command, or random. Does not change once it
// is made, so that all threads can read it. Has at least one.
class PayloadPool {
 public:
  static constexpr uint32_t kCountMax = 1'000'000;
  static constexpr uint64_t kBytesMax = 256u << 20;  // of all together

  static Result<PayloadPool> of_text(std::string_view payload);
  static Result<PayloadPool> of_file(const std::string& path);
  // The payloads of messages in JSON, a line each, as `mqsub -j` prints them: "payload" and
  // "payload_b64". Empty lines are skipped.
  static Result<PayloadPool> parse_record(std::string_view lines);
  static Result<PayloadPool> of_record(const std::string& path);
  // What a shell command prints, which is run `count` times; $MQBENCH_PAYLOAD says which one it is.
  static Result<PayloadPool> of_command(const std::string& command, uint32_t count);
  // Incompressible.
  static Result<PayloadPool> random(const SizeSpec& sizes, uint32_t count, uint64_t seed);

  size_t size() const { return ends_.size(); }
  Bytes at(size_t index) const;
  size_t largest() const;
  double mean() const { return static_cast<double>(bytes_.size()) / static_cast<double>(size()); }

 private:
  Result<void> add(std::string_view payload);

  std::string bytes_;  // one behind the other
  std::vector<size_t> ends_;
};

// A file of at most `size_max` bytes; what it is read from need not be seekable.
Result<std::string> read_whole(const std::string& path, uint64_t size_max);

}  // namespace mq
