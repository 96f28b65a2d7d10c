#include "mqbroker/auth_files.h"

#include <sys/stat.h>

#include <map>
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "auth/crypto.h"
#include "common/config_file.h"

namespace mq {
namespace {

class Loader {
 public:
  Result<AuthFiles> load(const std::vector<AuthSettings>& settings) {
    for (const AuthSettings& each : settings) {
      AuthRules rules;
      rules.allow_anonymous = each.allow_anonymous;
      rules.names_proven = each.names_proven;
      if (each.password_file || each.login) {
        MQ_TRY(rules.users, users(each.password_file.value_or(""), each.login.value_or("")));
      }
      if (each.acl_file) {
        MQ_TRY(rules.acl, acl(*each.acl_file));
      }
      if (!each.jwt_key_files.empty()) {
        MQ_TRY(rules.tokens, tokens(each));
      }
      const bool nobody =
          rules.users == nullptr && rules.tokens == nullptr && !each.names_proven;
      if (rules.acl != nullptr && nobody && each.allow_anonymous) {
        warn(fmt::format("{}: nobody has a password, so that everybody can take the name of a user "
                         "that it has rules for",
                         *each.acl_file));
      }
      if (nobody && !each.allow_anonymous) {
        warn("a listener without passwords and with allow_anonymous false: nobody can connect");
      }
      out_.rules.push_back(std::move(rules));
    }
    return std::move(out_);
  }

 private:
  Result<std::shared_ptr<const Users>> users(const std::string& file, const std::string& login) {
    auto& known = users_[{file, login}];
    if (known != nullptr) return known;
    Users users;
    if (!file.empty()) {
      MQ_TRY(const std::string text, read_file(file));
      MQ_TRY(users, Users::parse(text, file));
      struct stat status{};
      if (stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
        warn(fmt::format("{} can be read by everybody; 'chmod o-r' would keep its hashes to "
                         "mqbroker",
                         file));
      }
    }
    if (!login.empty()) MQ_CHECK(add_login(users, login));
    // Better missed now than by the first client.
    MQ_CHECK(crypto());
    known = std::make_shared<const Users>(std::move(users));
    return known;
  }

  static Result<void> add_login(Users& users, const std::string& login) {
    const size_t colon = login.find(':');
    if (colon == std::string::npos || colon == 0) {
      return fail(ErrorCode::kInvalidArgument,
                  "Invalid login given, it must be NAME:PASSWORD or NAME:HASH.");
    }
    const std::string_view secret = std::string_view(login).substr(colon + 1);
    auto hash = PasswordHash::parse(secret);
    // It is in memory as it is; a slow hash would protect nothing and cost time at the start.
    if (!hash) hash = PasswordHash::plain(secret);
    users.set(login.substr(0, colon), std::move(*hash));
    return {};
  }

  static Result<std::shared_ptr<const TokenVerifier>> tokens(const AuthSettings& settings) {
    TokenOptions options = settings.tokens;
    for (const std::string& file : settings.jwt_key_files) {
      MQ_TRY(std::string text, read_file(file));
      options.keys.push_back({file, std::move(text)});
    }
    return token_verifier(options);
  }

  Result<std::shared_ptr<const Acl>> acl(const std::string& file) {
    auto& known = acls_[file];
    if (known != nullptr) return known;
    MQ_TRY(const std::string text, read_file(file));
    MQ_TRY(Acl acl, Acl::parse(text, file));
    known = std::make_shared<const Acl>(std::move(acl));
    return known;
  }

  void warn(std::string text) {
    for (const std::string& said : out_.warnings) {
      if (said == text) return;
    }
    out_.warnings.push_back(std::move(text));
  }

  AuthFiles out_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const Users>> users_;
  std::map<std::string, std::shared_ptr<const Acl>> acls_;
};

}  // namespace

Result<AuthFiles> load_auth(const std::vector<AuthSettings>& settings) {
  return Loader().load(settings);
}

}  // namespace mq
