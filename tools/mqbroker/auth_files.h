// From the names of password and ACL files to the rules that they hold.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/token.h"
#include "base/result.h"
#include "io/authenticator.h"

namespace mq {

struct AuthSettings {
  std::optional<std::string> password_file;
  std::optional<std::string> acl_file;
  std::optional<std::string> login;  // NAME:PASSWORD or NAME:HASH
  bool allow_anonymous = true;
  bool names_proven = false;  // by what lies below MQTT
  std::vector<std::string> jwt_key_files;
  TokenOptions tokens;  // but for the keys
};

struct AuthFiles {
  std::vector<AuthRules> rules;  // one for each of the settings
  std::vector<std::string> warnings;
};

// Reads each file once, however many listeners name it.
Result<AuthFiles> load_auth(const std::vector<AuthSettings>& settings);

}  // namespace mq
