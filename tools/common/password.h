// Passwords from where other users of the machine do not see them.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace CLI {
class App;
}

namespace mq {

// What was typed.
struct PasswordArgs {
  std::optional<std::string> given;  // -P
  bool prompt = false;
  std::optional<std::string> variable;  // of the environment
  std::optional<std::string> file;
};

void declare(CLI::App& app, PasswordArgs& args);

// The password, asked for, looked up or read; nothing when there is to be none.
Result<std::optional<std::string>> read_password(const PasswordArgs& args);

}  // namespace mq
