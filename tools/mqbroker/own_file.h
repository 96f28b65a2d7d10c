// A small file that says something about this process and goes with it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mq {

class OwnFile {
 public:
  OwnFile() = default;
  ~OwnFile();  // removes it
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;

  // Whoever sees the file sees all of it: it is written beside and renamed.
  Result<void> write(const std::string& path, std::string_view text);

 private:
  std::string path_;  // empty: there is none
};

}  // namespace mq
