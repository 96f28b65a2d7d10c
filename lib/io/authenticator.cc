#include "io/authenticator.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <uv.h>

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
  bool matches = false;
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
  restricts_reading_ =
      std::ranges::any_of(rules_, [](const AuthRules& each) { return each.acl != nullptr; });
}

const AuthRules& Authenticator::rules(const ClientIdentity& client) const {
  return rules_[client.listener < rules_.size() ? client.listener : 0];
}

std::optional<ReasonCode> Authenticator::connect(const ConnectRequest& request) {
  const AuthRules& at = rules(request.client);
  const bool has_name = !request.client.user_name.empty();
  // Without passwords a name proves nothing, but there is nothing to prove.
  if (at.users == nullptr || (!has_name && !request.password)) {
    return at.allow_anonymous ? ReasonCode::kSuccess : ReasonCode::kNotAuthorized;
  }
  if (!has_name || !request.password) return ReasonCode::kNotAuthorized;
  Attempt attempt;
  attempt.connection = request.connection;
  attempt.users = at.users;
  attempt.user = request.client.user_name;
  attempt.password.assign(request.password->begin(), request.password->end());
  attempt.address = without_port(server_->peer(request.connection));
  const Time now = loop_.now().mono;
  if (const Time due = earliest(attempt.address, now); due > now) {
    ++delayed_count_;
    log(LogLevel::kNotice, "login_delayed",
        {{"address", attempt.address}, {"user", attempt.user}});
    delayed_.push_back({due, std::move(attempt)});
    if (due < timer_.at()) timer_.set(due);
  } else {
    check(std::move(attempt));
  }
  return std::nullopt;
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
  Time next = kNever;
  std::vector<Delayed> waiting = std::exchange(delayed_, {});
  for (Delayed& delayed : waiting) {
    if (delayed.due <= now.mono) {
      check(std::move(delayed.attempt));
    } else {
      next = std::min(next, delayed.due);
      delayed_.push_back(std::move(delayed));
    }
  }
  timer_.set(next);
}

void Authenticator::check(Attempt attempt) {
  auto* const work = new Work{{}, owner_, std::move(attempt), false};
  work->request.data = work;
  const int error = uv_queue_work(
      loop_.uv(), &work->request,
      [](uv_work_t* request) {
        auto* const self = static_cast<Work*>(request->data);
        const Attempt& at = self->attempt;
        const PasswordHash* hash = at.users->find(at.user);
        // A name that nobody has takes as long as one that somebody has.
        const PasswordHash* any = hash != nullptr ? hash : at.users->any();
        const bool matches = any != nullptr && any->matches(at.password);
        self->matches = hash != nullptr && matches;
      },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Work> done(static_cast<Work*>(request->data));
        if (const auto owner = done->owner.lock()) {
          owner->self->checked(done->attempt, done->matches);
        }
      });
  assert(error == 0);  // fails only without a function to call
  static_cast<void>(error);
}

void Authenticator::checked(const Attempt& attempt, bool matches) {
  if (!matches) {
    if (guesses_.size() >= kAddressesMax && !guesses_.contains(attempt.address)) guesses_.clear();
    Guesses& guesses = guesses_[attempt.address];
    const Time now = loop_.now().mono;
    if (guesses.failures == 0 || now - guesses.since >= kWindow) guesses = {now, 0, guesses.next};
    ++guesses.failures;
  }
  server_->authenticated(attempt.connection,
                         matches ? ReasonCode::kSuccess : ReasonCode::kNotAuthorized);
}

bool Authenticator::may_publish(const ClientIdentity& client, std::string_view topic) {
  const Acl* const acl = rules(client).acl.get();
  return acl == nullptr || acl->may_publish(client, topic);
}

bool Authenticator::may_subscribe(const ClientIdentity& client, std::string_view filter) {
  const Acl* const acl = rules(client).acl.get();
  return acl == nullptr || acl->may_subscribe(client, filter);
}

bool Authenticator::may_read(const ClientIdentity& client, std::string_view topic) {
  const Acl* const acl = rules(client).acl.get();
  return acl == nullptr || acl->may_read(client, topic);
}

// A client identifier is no secret: without this its session, with all that waits there, would be
// anybody's who has a password.
bool Authenticator::may_resume(const ClientIdentity& client, std::string_view owner) {
  const AuthRules& at = rules(client);
  return (at.users == nullptr && !at.names_proven) || client.user_name == owner;
}

}  // namespace mq
