// Text with places that are filled in for each message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"

namespace mq {

// {n} number of the message from 1, {now} UTC time, {uuid}, {rand MIN MAX} a whole number, {env
// NAME}. Braces around anything else stay as they are: JSON is full of them.
class Template {
 public:
  static Result<Template> parse(std::string_view text);

  // The text of the n-th message.
  std::string filled(uint64_t n, WallTime now, Random& random) const;

 private:
  struct Piece {
    enum class Kind : uint8_t { kText, kNumber, kNow, kUuid, kRandom };
    Kind kind = Kind::kText;
    std::string text = {};
    int64_t min = 0, max = 0;
  };

  static Result<bool> parse_place(std::string_view place, std::vector<Piece>& to);

  std::vector<Piece> pieces_;
};

}  // namespace mq
