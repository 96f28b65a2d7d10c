// A configuration file: lines of `key value`, as mosquitto.conf has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mq {

struct ConfigLine {
  std::string file;
  uint32_t number = 0;  // from 1
  std::string key;      // with dashes, as options are written
  std::string value;    // empty when there is only a key

  // "FILE:LINE: ", for messages.
  std::string where() const;
  // The key as configuration files write it, with underscores.
  std::string file_key() const;
};

// The lines of the file that say something, in order. `include_dir DIR` stands for the lines of the
// files DIR/*.conf in the order of their names.
Result<std::vector<ConfigLine>> read_config(const std::string& path);

// All of a file of settings, 16 MiB at most. The error names it.
Result<std::string> read_file(const std::string& path);

// The lines of a text; '#' begins a comment at the start of a line only, since values may hold it.
std::vector<ConfigLine> split_config(std::string_view text, const std::string& file);

}  // namespace mq
