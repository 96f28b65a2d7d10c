// Keys of mosquitto.conf(5) that are no options of mqbroker, and what becomes of them.
#pragma once

#include <string_view>

namespace mq {

struct ForeignKey {
  enum class Fate { kIgnored, kRefused };
  std::string_view key;   // with dashes
  Fate fate;
  std::string_view same;  // the value that says what mqbroker does anyway: no word about it
  std::string_view why;   // and what to do instead
};

// Null for a key that mosquitto does not know either.
const ForeignKey* find_foreign_key(std::string_view key);

}  // namespace mq
