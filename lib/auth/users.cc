#include "auth/users.h"

#include <algorithm>
#include <functional>

#include <fmt/core.h>

namespace mq {
namespace {

using TakeLine = std::function<Result<void>(std::string_view name, std::string_view rest)>;

// Calls `take` for each line NAME:REST.
Result<void> each_line(std::string_view text, std::string_view file, const TakeLine& take) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const size_t colon = line.find(':');
    Result<void> taken = colon == std::string_view::npos || colon == 0
                             ? fail(ErrorCode::kInvalidArgument, "a line is NAME:HASH")
                             : take(line.substr(0, colon), line.substr(colon + 1));
    if (!taken) {
      // Never the line itself: it may hold a password.
      return fail(taken.error().code, fmt::format("{}:{}: {}", file, number, taken.error().text));
    }
  }
  return {};
}

}  // namespace

const char* user_name_fault(std::string_view name) {
  if (name.empty()) return "a user name cannot be empty";
  if (name.starts_with('#')) return "a user name cannot begin with '#', as comments do";
  if (name.find_first_of(":\r\n") != std::string_view::npos) {
    return "a user name cannot hold ':' or a line feed";
  }
  return name.size() > UINT16_MAX ? "a user name has at most 65535 bytes" : nullptr;
}

Result<Users> Users::parse(std::string_view text, std::string_view file) {
  Users users;
  MQ_CHECK(each_line(text, file, [&](std::string_view name, std::string_view rest) -> Result<void> {
    if (users.by_name_.contains(name)) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is there already", name));
    }
    MQ_TRY(PasswordHash hash, PasswordHash::parse(rest));
    users.set(name, std::move(hash));
    return {};
  }));
  return users;
}

std::string Users::text() const {
  std::string text;
  for (const Entry& entry : entries_) text += fmt::format("{}:{}\n", entry.name, entry.hash.text());
  return text;
}

const PasswordHash* Users::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &entries_[found->second].hash;
}

std::optional<uint32_t> Users::scram_iterations(Digest digest) const {
  std::optional<uint32_t> of_plain;
  for (const Entry& entry : entries_) {
    const ScramSecret* const scram = entry.hash.scram();
    if (scram != nullptr && scram->digest == digest) return scram->iterations;
    if (entry.hash.scheme() == PasswordHash::Scheme::kPlain) of_plain = kScramIterationsMin;
  }
  return of_plain;
}

std::vector<uint8_t> Users::scram_seed() const {
  std::vector<uint8_t> seed;
  for (const Entry& entry : entries_) {
    if (const ScramSecret* const scram = entry.hash.scram()) {
      seed.insert(seed.end(), scram->server_key.begin(), scram->server_key.end());
    }
  }
  return seed;
}

void Users::set(std::string_view name, PasswordHash hash) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    entries_[found->second].hash = std::move(hash);
    return;
  }
  by_name_.emplace(name, entries_.size());
  entries_.push_back({std::string(name), std::move(hash)});
}

bool Users::remove(std::string_view name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return false;
  const size_t gone = found->second;
  by_name_.erase(found);
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(gone));
  for (auto& [other, index] : by_name_) {
    if (index > gone) --index;
  }
  return true;
}

Result<Users> hash_passwords(std::string_view text, std::string_view file,
                             PasswordHash::Scheme scheme, uint32_t iterations) {
  Users users;
  MQ_CHECK(each_line(text, file, [&](std::string_view name, std::string_view rest) -> Result<void> {
    if (auto hashed = PasswordHash::parse(rest)) {
      users.set(name, std::move(*hashed));
      return {};
    }
    MQ_TRY(PasswordHash hash, PasswordHash::make(to_bytes(rest), scheme, iterations));
    users.set(name, std::move(hash));
    return {};
  }));
  return users;
}

}  // namespace mq
