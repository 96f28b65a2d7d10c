// The place of a number in a payload.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace mq {

// "temperature", "sensors[0].t", "a[\"b.c\"]", also with jq's full stop or JSONPath's dollar in
// front; "." is the payload itself. What is found there counts when it is a number, true or false
// (1 and 0), or a string with nothing but a number in it.
class NumberPath {
 public:
  static constexpr size_t kStepsMax = 32;

  static Result<NumberPath> parse(std::string_view text);

  // Nothing when there is no number at the place, or none that can be drawn (over 1e300).
  std::optional<double> find(Bytes payload) const;

  using Step = std::variant<std::string, uint64_t>;  // a member of an object, an element
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

// All of the text as a finite number, blanks around it allowed.
std::optional<double> number_in(std::string_view text);

}  // namespace mq
