#include "auth/acl.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "codec/topic.h"

namespace mq {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// Takes the first word off `text`.
std::string_view take_word(std::string_view& text) {
  const size_t end = std::min(text.find_first_of(kBlanks), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

// A name that a pattern can stand for a level with. Others would be wildcards or several levels.
bool is_one_level(std::string_view name) {
  return !name.empty() && name.find_first_of("+#/") == std::string_view::npos;
}

// The pattern with the client's names in it; nothing when they cannot be.
std::optional<std::string> expand(std::string_view pattern, const ClientIdentity& client) {
  std::string out;
  while (true) {
    const size_t percent = pattern.find('%');
    out += pattern.substr(0, percent);
    if (percent == std::string_view::npos) return out;
    pattern.remove_prefix(percent);
    const size_t brace = pattern.starts_with("%{") ? pattern.find('}') : std::string_view::npos;
    const bool user = pattern.starts_with("%u");
    if (user || pattern.starts_with("%c")) {
      const std::string_view name = user ? client.user_name : client.client_id;
      if (!is_one_level(name)) return std::nullopt;
      out += name;
      pattern.remove_prefix(2);
    } else if (brace != std::string_view::npos) {
      if (client.grant == nullptr) return std::nullopt;
      const std::string_view claim = client.grant->claim(pattern.substr(2, brace - 2));
      if (!is_one_level(claim)) return std::nullopt;
      out += claim;
      pattern.remove_prefix(brace + 1);
    } else {
      out += '%';
      pattern.remove_prefix(1);
    }
  }
}

// [MQTT-4.7.2-1]: a wildcard at the start does not stand for a level that starts with '$'.
bool hides_dollar(std::string_view wild, std::string_view other) {
  return (wild.starts_with('+') || wild.starts_with('#')) && other.starts_with('$');
}

}  // namespace

bool filters_overlap(std::string_view a, std::string_view b) {
  if (hides_dollar(a, b) || hides_dollar(b, a)) return false;
  TopicLevels left(a), right(b);
  std::string_view x, y;
  while (true) {
    const bool more_left = left.next(x), more_right = right.next(y);
    if (!more_left && !more_right) return true;
    // "a/#" is also about "a".
    if (!more_left) return y == "#";
    if (!more_right) return x == "#";
    if (x == "#" || y == "#") return true;
    if (x != y && x != "+" && y != "+") return false;
  }
}

bool filter_covers(std::string_view wide, std::string_view narrow) {
  if (hides_dollar(wide, narrow)) return false;
  TopicLevels left(wide), right(narrow);
  std::string_view x, y;
  while (true) {
    const bool more_left = left.next(x), more_right = right.next(y);
    if (!more_left) return !more_right;
    if (x == "#") return true;
    if (!more_right || y == "#") return false;
    if (x != y && x != "+") return false;
  }
}

class Acl::Parser {
 public:
  Parser(Acl& to, std::string_view file) : to_(to), file_(file), rules_(&to.anonymous_) {}

  Result<void> line(std::string_view text) {
    ++number_;
    text = trimmed(text);
    if (text.empty() || text.front() == '#') return {};
    const std::string_view keyword = take_word(text);
    if (keyword == "user") {
      if (text.empty()) return bad("a user name is missing");
      rules_ = &to_.users_[std::string(text)];
      return {};
    }
    if (keyword == "topic") return rule(*rules_, text);
    if (keyword == "pattern") return rule(to_.patterns_, text);
    return bad(fmt::format("'{}' is none of topic, pattern and user", keyword));
  }

 private:
  Result<void> rule(std::vector<Rule>& rules, std::string_view text) {
    Access access = kReadWrite;
    if (text.find_first_of(kBlanks) != std::string_view::npos) {
      const std::string_view word = take_word(text);
      if (word == "read") {
        access = kRead;
      } else if (word == "write") {
        access = kWrite;
      } else if (word == "deny") {
        access = kDeny;
      } else if (word != "readwrite") {
        return bad(fmt::format("'{}' is none of read, write, readwrite and deny; before a topic "
                               "with blanks one of them is needed",
                               word));
      }
    }
    if (text.empty()) return bad("a topic is missing");
    if (const char* fault = topic_filter_fault(text, UINT32_MAX)) {
      return bad(fmt::format("'{}': {}", text, fault));
    }
    rules.push_back({access, std::string(text)});
    return {};
  }

  tl::unexpected<Error> bad(std::string_view what) const {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}:{}: {}", file_, number_, what));
  }

  Acl& to_;
  const std::string_view file_;
  std::vector<Rule>* rules_;
  uint32_t number_ = 0;
};

Result<Acl> Acl::parse(std::string_view text, std::string_view file) {
  Acl acl;
  Parser parser(acl, file);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    MQ_CHECK(parser.line(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return acl;
}

bool Acl::allow(bool read, bool write, std::string_view filter) {
  if (topic_filter_fault(filter, UINT32_MAX) != nullptr) return false;
  patterns_.push_back({static_cast<Access>((read ? kRead : 0) | (write ? kWrite : 0)),
                       std::string(filter)});
  return true;
}

const std::vector<Acl::Rule>* Acl::rules_of(const ClientIdentity& client) const {
  if (client.user_name.empty()) return &anonymous_;
  const auto found = users_.find(client.user_name);
  return found == users_.end() ? nullptr : &found->second;
}

template <class See>
void Acl::each_rule(const ClientIdentity& client, See&& see) const {
  if (const std::vector<Rule>* rules = rules_of(client)) {
    for (const Rule& rule : *rules) {
      if (!see(rule.access, std::string_view(rule.filter))) return;
    }
  }
  for (const Rule& rule : patterns_) {
    const std::optional<std::string> filter = expand(rule.filter, client);
    if (filter && !see(rule.access, std::string_view(*filter))) return;
  }
}

bool Acl::allows(const ClientIdentity& client, std::string_view topic, Access wanted) const {
  bool allowed = false;
  each_rule(client, [&](Access access, std::string_view filter) {
    if (access != kDeny && (allowed || (access & wanted) == 0)) return true;
    if (!matches(filter, topic)) return true;
    allowed = access != kDeny;
    return allowed;  // nothing brings back what is denied
  });
  return allowed;
}

bool Acl::may_publish(const ClientIdentity& client, std::string_view topic) const {
  return allows(client, topic, kWrite);
}

bool Acl::may_read(const ClientIdentity& client, std::string_view topic) const {
  return allows(client, topic, kRead);
}

bool Acl::may_subscribe(const ClientIdentity& client, std::string_view filter) const {
  bool allowed = false;
  each_rule(client, [&](Access access, std::string_view of_rule) {
    if (access == kDeny) {
      if (!filter_covers(of_rule, filter)) return true;
      allowed = false;
      return false;
    }
    if ((access & kRead) != 0 && filters_overlap(of_rule, filter)) allowed = true;
    return true;
  });
  return allowed;
}

}  // namespace mq
