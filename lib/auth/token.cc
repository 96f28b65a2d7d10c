#include "auth/token.h"

#include <algorithm>

namespace mq {

std::string_view TokenGrant::claim(std::string_view name) const {
  const auto found = claims.find(name);
  return found == claims.end() ? std::string_view() : found->second;
}

bool looks_like_token(std::string_view password) {
  // A brace, and a quotation mark or white space.
  return (password.starts_with("ey") || password.starts_with("ew")) &&
         std::ranges::count(password, '.') == 2;
}

}  // namespace mq
