#include "clients/text_pattern.h"

#include <regex.h>

#include <array>

#include <fmt/core.h>

namespace mq {

struct TextPattern::Compiled {
  regex_t regex{};
  bool is_valid = false;
  ~Compiled() {
    if (is_valid) regfree(&regex);
  }
};

Result<TextPattern> TextPattern::compile(const std::string& text) {
  auto compiled = std::make_shared<Compiled>();
  const int error = regcomp(&compiled->regex, text.c_str(), REG_EXTENDED);
  if (error != 0) {
    std::array<char, 128> why{};
    regerror(error, &compiled->regex, why.data(), why.size());
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not a regular expression: {}.", text, why.data()));
  }
  compiled->is_valid = true;
  return TextPattern(std::move(compiled));
}

bool TextPattern::found_in(std::string_view bytes) const {
  // With REG_STARTEND the match is an input: where to look, NUL or not.
  regmatch_t match{};
  match.rm_eo = static_cast<regoff_t>(bytes.size());
  return regexec(&compiled_->regex, bytes.data(), 1, &match, REG_STARTEND) == 0;
}

}  // namespace mq
