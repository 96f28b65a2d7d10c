// Rows of values for the clients of a run, from a file of comma-separated values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mq {

// The first line names the columns. A field in double quotes may hold commas, line feeds and, twice
// each, quotes (RFC 4180).
class DataTable {
 public:
  static constexpr size_t kFileMax = 256u << 20;
  static constexpr size_t kColumnsMax = 256;
  static constexpr size_t kRowsMax = 10'000'000;

  // Errors say in which line.
  static Result<DataTable> parse(std::string_view text);
  static Result<DataTable> read(const std::string& path);

  size_t rows() const { return names_.empty() ? 0 : ends_.size() / names_.size(); }
  std::optional<size_t> column(std::string_view name) const;
  // Of client `number`: the rows go round. REQUIRES: rows() > 0
  std::string_view cell(uint64_t number, size_t column) const;

 private:
  std::vector<std::string> names_;
  std::string cells_;         // one after the other
  std::vector<size_t> ends_;  // of each in there
};

}  // namespace mq
