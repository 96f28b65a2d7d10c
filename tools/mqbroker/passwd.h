// `mqbroker passwd`: keeps a password file, as mosquitto_passwd does.
#pragma once

#include <cstdint>
#include <string>

#include "auth/password_hash.h"
#include "base/result.h"

namespace mq {

struct PasswdArgs {
  bool chosen = false;  // this command and not the broker
  bool create = false, remove = false, upgrade = false, batch = false;
  PasswordHash::Scheme scheme = PasswordHash::Scheme::kPbkdf2;
  uint32_t iterations = PasswordHash::kIterationsDefault;
  std::string file, user, password;
};

// Gives the exit code. The file is replaced as a whole, so that a broker that reads it meets either
// the old or the new one. Asks for the password on the terminal, or reads a line of standard input.
Result<int> run_passwd(const PasswdArgs& args);

}  // namespace mq
