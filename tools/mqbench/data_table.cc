#include "mqbench/data_table.h"

#include <algorithm>
#include <cassert>
#include <fstream>
#include <iterator>

#include <fmt/core.h>

#include "base/units.h"

namespace mq {
namespace {

tl::unexpected<Error> malformed(size_t line, std::string_view why) {
  return fail(ErrorCode::kMalformed, fmt::format("line {}: {}", line, why));
}

// Takes fields off the front of a text, and counts its lines.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  size_t line() const { return line_; }

  // The next field; true when it was the last one of its row.
  Result<bool> next(std::string& field) {
    field.clear();
    if (rest_.starts_with('"')) {
      MQ_CHECK(quoted(field));
    } else {
      const size_t end = std::min(rest_.find_first_of(",\r\n\""), rest_.size());
      field = rest_.substr(0, end);
      rest_.remove_prefix(end);
    }
    if (rest_.starts_with(',')) {
      rest_.remove_prefix(1);
      return false;
    }
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
    if (rest_.empty()) return true;
    if (!rest_.starts_with('\n')) return malformed(line_, "a quote within a field, or behind one");
    rest_.remove_prefix(1);
    ++line_;
    return true;
  }

 private:
  Result<void> quoted(std::string& field) {
    const size_t first_line = line_;
    for (rest_.remove_prefix(1);;) {
      const size_t end = rest_.find('"');
      if (end == std::string_view::npos) return malformed(first_line, "a quote that never ends");
      const std::string_view part = rest_.substr(0, end);
      field += part;
      line_ += static_cast<size_t>(std::ranges::count(part, '\n'));
      rest_.remove_prefix(end + 1);
      if (!rest_.starts_with('"')) return {};
      field += '"';
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  size_t line_ = 1;
};

}  // namespace

Result<DataTable> DataTable::parse(std::string_view text) {
  DataTable to;
  Fields fields(text);
  std::string field;
  for (bool last = false; !last;) {
    MQ_TRY(last, fields.next(field));
    if (field.empty()) return malformed(1, "a column without a name");
    if (to.column(field)) return malformed(1, fmt::format("two columns '{}'", field));
    to.names_.push_back(field);
    if (to.names_.size() > kColumnsMax) {
      return malformed(1, fmt::format("more than {} columns", kColumnsMax));
    }
  }
  const size_t columns = to.names_.size();
  while (!fields.at_end()) {
    const size_t line = fields.line();
    size_t count = 0;
    for (bool last = false; !last; ++count) {
      MQ_TRY(last, fields.next(field));
      if (last && count == 0 && field.empty() && columns > 1) break;  // an empty line
      to.cells_ += field;
      to.ends_.push_back(to.cells_.size());
    }
    if (count != 0 && count != columns) {
      return malformed(line, fmt::format("{} fields and not {}", count, columns));
    }
    if (to.rows() > kRowsMax) {
      return malformed(line, fmt::format("more than {} rows", format_count(kRowsMax)));
    }
  }
  if (to.rows() == 0) return malformed(1, "no rows");
  return to;
}

Result<DataTable> DataTable::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char block[65536];
  while (file && text.size() <= kFileMax) {
    file.read(block, sizeof block);
    text.append(block, static_cast<size_t>(file.gcount()));
  }
  if (!file.eof() && text.size() <= kFileMax) {
    return fail(ErrorCode::kIo, fmt::format("cannot read {}", path));
  }
  if (text.size() > kFileMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} has more than {}", path, format_size(kFileMax)));
  }
  Result<DataTable> table = parse(text);
  if (!table) {
    return fail(table.error().code, fmt::format("{}, {}", path, table.error().text));
  }
  return table;
}

std::optional<size_t> DataTable::column(std::string_view name) const {
  const auto at = std::ranges::find(names_, name);
  if (at == names_.end()) return std::nullopt;
  return static_cast<size_t>(at - names_.begin());
}

std::string_view DataTable::cell(uint64_t number, size_t column) const {
  assert(rows() > 0 && column < names_.size());
  const size_t at = number % rows() * names_.size() + column;
  const size_t begin = at == 0 ? 0 : ends_[at - 1];
  return std::string_view(cells_).substr(begin, ends_[at] - begin);
}

}  // namespace mq
