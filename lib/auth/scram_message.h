// The attributes that SCRAM's messages are made of (RFC 5802, section 7).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/crypto.h"
#include "base/bytes.h"

namespace mq {

// Reads NAME=VALUE,NAME=VALUE,... from the front.
class ScramAttributes {
 public:
  explicit ScramAttributes(std::string_view text) : rest_(text) {}
  // The value of the next attribute if that is its name.
  std::optional<std::string_view> take(char name);
  bool at_end() const { return done_; }

 private:
  std::string_view rest_;
  bool done_ = false;
};

// With ',' and '=' written as =2C and =3D.
std::string escape_scram_name(std::string_view name);
std::optional<std::string> unescape_scram_name(std::string_view text);

// Printable ASCII without a comma, and not empty.
bool is_scram_nonce(std::string_view text);
// A new one of that. Empty when there are no random numbers.
std::string make_scram_nonce(const Crypto& crypto);

std::vector<uint8_t> exclusive_or(Bytes a, Bytes b);

}  // namespace mq
