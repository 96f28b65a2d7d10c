// Who has a password: a password file in memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/password_hash.h"
#include "base/result.h"
#include "base/string_map.h"

namespace mq {

// Lines `name:hash`, in the order of the file.
class Users {
 public:
  // `file` is for messages.
  static Result<Users> parse(std::string_view text, std::string_view file);
  std::string text() const;

  // Null when there is nobody of that name.
  const PasswordHash* find(std::string_view name) const;
  // The first of them, null when there is none: to take the time that a check takes.
  const PasswordHash* any() const { return entries_.empty() ? nullptr : &entries_.front().hash; }
  // Whether somebody can use SCRAM with this hash function, and how many iterations he is asked
  // for; of several the first counts.
  std::optional<uint32_t> scram_iterations(Digest digest) const;
  // Bytes that only this server knows and that stay the same as long as the users do: all the
  // server keys of SCRAM. Empty when there are none.
  std::vector<uint8_t> scram_seed() const;
  void set(std::string_view name, PasswordHash hash);
  // False when there was nobody.
  bool remove(std::string_view name);
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    std::string name;
    PasswordHash hash;
  };
  std::vector<Entry> entries_;
  StringMap<size_t> by_name_;
};

// What is wrong with a name that is to stand in a password file; null when nothing is.
const char* user_name_fault(std::string_view name);

// A file of `name:password` lines as one of Users. What is hashed already stays as it is.
Result<Users> hash_passwords(std::string_view text, std::string_view file,
                             PasswordHash::Scheme scheme, uint32_t iterations);

}  // namespace mq
