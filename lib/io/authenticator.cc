#include "io/authenticator.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <uv.h>

#include "auth/crypto.h"
#include "base/log.h"
#include "io/broker_server.h"

namespace mq {
namespace {

constexpr Duration kWindow = std::chrono::minutes(1);
// Between two checks for an address that has guessed too often.
constexpr Duration kPause = std::chrono::seconds(1);
// Addresses that are remembered; with more all are forgotten and counting starts anew.
constexpr size_t kAddressesMax = 10'000;

std::string without_port(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

}  // namespace

struct Authenticator::Work {
  uv_work_t request;
  std::weak_ptr<Owner> owner;
  Attempt attempt;
  WallTime now;
  bool matches = false;
  Result<Token> token = {};
};

Authenticator::Authenticator(Loop& loop, uint32_t failures_max)
    : loop_(loop),
      failures_max_(failures_max),
      rules_(1),
      timer_(loop, [this](Now now) { check_delayed(now); }),
      owner_(std::make_shared<Owner>(Owner{this})) {}

Authenticator::~Authenticator() = default;

void Authenticator::set_rules(std::vector<AuthRules> rules) {
  rules_ = std::move(rules);
  scram_.forget();
  restricts_reading_ = std::ranges::any_of(
      rules_, [](const AuthRules& each) { return each.acl != nullptr || each.tokens != nullptr; });
  proves_names_ = std::ranges::any_of(rules_, [](const AuthRules& each) {
    return each.users != nullptr || each.tokens != nullptr || each.names_proven;
  });
}

const AuthRules& Authenticator::rules(const ClientIdentity& client) const {
  return rules_[client.listener < rules_.size() ? client.listener : 0];
}

std::optional<AccessAnswer> Authenticator::connect(const ConnectRequest& request) {
  const AuthRules& at = rules(request.client);
  const bool has_name = !request.client.user_name.empty();
  const bool is_token = at.tokens != nullptr && request.password &&
                        looks_like_token(to_string_view(*request.password));
  if (!request.method && !is_token) {
    // Without passwords a name proves nothing, but there is nothing to prove.
    const bool proves_nothing = at.users == nullptr && at.tokens == nullptr;
    if (proves_nothing || (!has_name && !request.password)) {
      return at.allow_anonymous ? ReasonCode::kSuccess : ReasonCode::kNotAuthorized;
    }
    if (!has_name || !request.password || at.users == nullptr) return ReasonCode::kNotAuthorized;
  }
  Attempt attempt;
  if (is_token) attempt.tokens = at.tokens;
  attempt.connection = request.connection;
  attempt.users = at.users;
  attempt.user = request.client.user_name;
  if (request.method) {
    attempt.method = *request.method;
    attempt.data.assign(request.data.begin(), request.data.end());
  } else {
    attempt.password.assign(request.password->begin(), request.password->end());
  }
  attempt.address = without_port(server_->peer(request.connection));
  const Time now = loop_.now().mono;
  if (const Time due = earliest(attempt.address, now); due > now) {
    ++delayed_count_;
    server_->note_hit("max_auth_failures");
    log(LogLevel::kNotice, "login_delayed",
        {{"address", attempt.address}, {"user", attempt.user}, {"limit", "max_auth_failures"}});
    delayed_.push_back({due, std::move(attempt)});
    if (due < timer_.at()) timer_.set(due);
    return std::nullopt;
  }
  if (attempt.method) return begin_scram(attempt);
  check(std::move(attempt));
  return std::nullopt;
}

AccessAnswer Authenticator::begin_scram(const Attempt& attempt) {
  return scram_.begin(attempt.users, *attempt.method, attempt.data, attempt.user,
                      [owner = std::weak_ptr(owner_), address = attempt.address](bool proven) {
                        const auto alive = proven ? nullptr : owner.lock();
                        if (alive != nullptr) alive->self->count_failure(address);
                      });
}

// Who has failed too often in this minute is checked once a second, whatever he connects with.
Time Authenticator::earliest(const std::string& address, Time now) {
  const auto found = guesses_.find(address);
  if (found == guesses_.end()) return now;
  Guesses& guesses = found->second;
  if (now - guesses.since >= kWindow && guesses.next <= now) {
    guesses_.erase(found);
    return now;
  }
  if (guesses.failures < failures_max_) return now;
  guesses.next = std::max(now, guesses.next) + kPause;
  return guesses.next;
}

void Authenticator::check_delayed(Now now) {
  std::vector<Delayed> waiting = std::exchange(delayed_, {});
  for (Delayed& delayed : waiting) {
    if (delayed.due <= now.mono) {
      if (delayed.attempt.method) {
        server_->authenticated(delayed.attempt.connection, begin_scram(delayed.attempt));
      } else {
        check(std::move(delayed.attempt));
      }
    } else {
      delayed_.push_back(std::move(delayed));
    }
  }
  // Whoever was answered may have let others come.
  Time next = kNever;
  for (const Delayed& delayed : delayed_) next = std::min(next, delayed.due);
  timer_.set(next);
}

void Authenticator::check(Attempt attempt) {
  auto* const work = new Work{{}, owner_, std::move(attempt), loop_.now().wall};
  work->request.data = work;
  const int error = uv_queue_work(
      loop_.uv(), &work->request,
      [](uv_work_t* request) {
        auto* const self = static_cast<Work*>(request->data);
        const Attempt& at = self->attempt;
        if (at.tokens != nullptr) {
          self->token = at.tokens->verify(to_string_view(at.password), self->now);
        } else {
          const PasswordHash* hash = at.users->find(at.user);
          // A name that nobody has takes as long as one that somebody has.
          const PasswordHash* any = hash != nullptr ? hash : at.users->any();
          const bool matches = any != nullptr && any->matches(at.password);
          self->matches = hash != nullptr && matches;
        }
        if (const auto module = crypto()) (*module)->release_thread();
      },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Work> done(static_cast<Work*>(request->data));
        const auto owner = done->owner.lock();
        if (owner == nullptr) return;
        Authenticator& self = *owner->self;
        if (done->attempt.tokens != nullptr) {
          self.checked(done->attempt, self.answer(done->attempt, done->token));
        } else {
          self.checked(done->attempt,
                       done->matches ? ReasonCode::kSuccess : ReasonCode::kNotAuthorized);
        }
      });
  assert(error == 0);  // fails only without a function to call
  static_cast<void>(error);
}

// Who has a token is whom it names; a user name of the CONNECT must be the same.
AccessAnswer Authenticator::answer(const Attempt& attempt, const Result<Token>& token) {
  const bool other = token && !attempt.user.empty() && attempt.user != token->user_name;
  if (!token || other) {
    log(LogLevel::kNotice, "token_refused",
        {{"address", attempt.address},
         {"user", attempt.user},
         {"detail", token ? "it is for another user" : token.error().text}});
    return ReasonCode::kNotAuthorized;
  }
  AccessAnswer answer = ReasonCode::kSuccess;
  answer.user_name = token->user_name;
  answer.grant = token->grant;
  const Now now = loop_.now();
  // Times that are centuries away would not fit.
  if (token->until && *token->until - now.wall < std::chrono::years(100)) {
    answer.until = now.mono + (*token->until - now.wall);
  }
  return answer;
}

void Authenticator::checked(const Attempt& attempt, AccessAnswer answer) {
  answer.proven = !is_error(answer.reason);
  if (!answer.proven) count_failure(attempt.address);
  server_->authenticated(attempt.connection, std::move(answer));
}

void Authenticator::count_failure(const std::string& address) {
  if (guesses_.size() >= kAddressesMax && !guesses_.contains(address)) guesses_.clear();
  Guesses& guesses = guesses_[address];
  const Time now = loop_.now().mono;
  if (guesses.failures == 0 || now - guesses.since >= kWindow) guesses = {now, 0, guesses.next};
  ++guesses.failures;
}

// What both the rules of the listener and those of the client's token say.
template <class Ask>
bool Authenticator::both(const ClientIdentity& client, Ask&& ask) const {
  if (client.trusted) return true;
  const auto allows = [&](const AuthRules& at) { return at.acl == nullptr || ask(*at.acl); };
  // Which rules are those of a session from the store is not known until its client is back. What
  // some of them allow waits for it, and is asked about again before it is sent.
  const bool allowed = client.listener == kListenerUnknown ? std::ranges::any_of(rules_, allows)
                                                           : allows(rules(client));
  if (!allowed) return false;
  // Nobody else makes grants.
  const auto* const grant = static_cast<const TokenGrant*>(client.grant);
  return grant == nullptr || !grant->acl || ask(*grant->acl);
}

bool Authenticator::may_publish(const ClientIdentity& client, std::string_view topic) {
  return both(client, [&](const Acl& acl) { return acl.may_publish(client, topic); });
}

bool Authenticator::may_subscribe(const ClientIdentity& client, std::string_view filter) {
  return both(client, [&](const Acl& acl) { return acl.may_subscribe(client, filter); });
}

bool Authenticator::may_read(const ClientIdentity& client, std::string_view topic) {
  return both(client, [&](const Acl& acl) { return acl.may_read(client, topic); });
}

}  // namespace mq
