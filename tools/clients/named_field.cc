#include "clients/named_field.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "clients/escape.h"
#include "clients/local_time.h"
#include "clients/message_json.h"
#include "clients/notation.h"

namespace mq {
namespace {

constexpr std::string_view kTimestampProperty = "timestamp";

std::vector<std::string_view> cut(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What the path leads to, null where it leads nowhere.
const nlohmann::json* find(const nlohmann::json& root, const std::vector<std::string>& path) {
  const nlohmann::json* at = &root;
  for (const std::string& step : path) {
    if (at->is_object()) {
      const auto member = at->find(step);
      if (member == at->end()) return nullptr;
      at = &*member;
    } else if (at->is_array()) {
      const auto index = whole_number<size_t>(step);
      if (!index || *index >= at->size()) return nullptr;
      at = &(*at)[*index];
    } else {
      return nullptr;
    }
  }
  return at;
}

void append_json_value(Buffer& out, const Publish& publish, const std::vector<std::string>& path) {
  const auto root =
      nlohmann::json::parse(publish.payload.begin(), publish.payload.end(), nullptr, false);
  if (root.is_discarded()) return;
  const nlohmann::json* const value = find(root, path);
  if (value == nullptr) return;
  out.append(value->is_string() ? value->get_ref<const std::string&>() : value->dump());
}

void append_level(Buffer& out, std::string_view topic, int32_t level) {
  const auto levels = cut(topic, '/');
  const auto count = static_cast<int32_t>(levels.size());
  const int32_t index = level > 0 ? level - 1 : count + level;
  if (index >= 0 && index < count) out.append(levels[static_cast<size_t>(index)]);
}

// The user property is in milliseconds since 1970.
void append_age(Buffer& out, const Publish& publish, WallTime received) {
  for (const Property& property : publish.properties) {
    if (property.id != PropertyId::kUserProperty || property.text != kTimestampProperty) continue;
    const auto ms = whole_number<int64_t>(property.value);
    constexpr int64_t kMsMax = INT64_MAX / 1'000'000;
    if (!ms || *ms < 0 || *ms > kMsMax) return;
    const auto age = received - WallTime(std::chrono::milliseconds(*ms));
    out.append(fmt::format("{:.3f}", std::chrono::duration<double>(age).count()));
    return;
  }
}

void append_utc(Buffer& out, WallTime at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const std::time_t since = second.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&since, &parts);
  char text[32];
  const size_t size = std::strftime(text, sizeof text, "%FT%T", &parts);
  out.append(std::string_view(text, size));
  out.append(fmt::format(".{:03}Z", nanoseconds(at) / 1'000'000));
}

void append_subscription_ids(Buffer& out, const Properties& properties) {
  bool first = true;
  for (const Property& property : properties) {
    if (property.id != PropertyId::kSubscriptionIdentifier) continue;
    if (!std::exchange(first, false)) out.put_u8(',');
    out.append(fmt::format("{}", property.number));
  }
}

}  // namespace

std::string_view NamedField::names() {
  return "topic:N, json:PATH, b64, escaped, seq, age, delta, utc, ms, dup, subids, props, host, id";
}

std::optional<NamedField> NamedField::parse(std::string_view text) {
  constexpr std::pair<std::string_view, Kind> kPlain[] = {
      {"b64", Kind::kBase64},       {"escaped", Kind::kEscaped}, {"seq", Kind::kNumber},
      {"age", Kind::kAge},          {"delta", Kind::kDelta},     {"utc", Kind::kUtc},
      {"ms", Kind::kMilliseconds},  {"dup", Kind::kDup},         {"subids", Kind::kSubscriptionIds},
      {"props", Kind::kProperties}, {"host", Kind::kHost},       {"id", Kind::kClientId}};
  NamedField field;
  const auto plain =
      std::ranges::find_if(kPlain, [text](const auto& entry) { return entry.first == text; });
  if (plain != std::end(kPlain)) {
    field.kind_ = plain->second;
    return field;
  }
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return std::nullopt;
  const std::string_view name = text.substr(0, colon), argument = text.substr(colon + 1);
  if (name == "topic") {
    const auto level = whole_number<int32_t>(argument);
    if (!level || *level == 0) return std::nullopt;
    field.kind_ = Kind::kTopic;
    field.level_ = *level;
    return field;
  }
  if (name != "json") return std::nullopt;
  field.kind_ = Kind::kJson;
  for (const std::string_view step : cut(argument, '.')) field.path_.emplace_back(step);
  return field;
}

void NamedField::append(Buffer& out, const Publish& publish, WallTime received,
                        const Place& place) const {
  switch (kind_) {
    case Kind::kTopic: append_level(out, publish.topic, level_); break;
    case Kind::kJson: append_json_value(out, publish, path_); break;
    case Kind::kBase64: append_base64(out, publish.payload); break;
    case Kind::kEscaped: append_escaped(out, to_string_view(publish.payload)); break;
    case Kind::kNumber: out.append(fmt::format("{}", place.number)); break;
    case Kind::kAge: append_age(out, publish, received); break;
    case Kind::kDelta: {
      const std::chrono::duration<double> delta = received - place.before.value_or(received);
      out.append(fmt::format("{:.6f}", delta.count()));
      break;
    }
    case Kind::kUtc: append_utc(out, received); break;
    case Kind::kMilliseconds: {
      const auto ms = std::chrono::floor<std::chrono::milliseconds>(received);
      out.append(fmt::format("{}", ms.time_since_epoch().count()));
      break;
    }
    case Kind::kDup: out.put_u8(publish.dup ? '1' : '0'); break;
    case Kind::kSubscriptionIds: append_subscription_ids(out, publish.properties); break;
    case Kind::kProperties: append_properties_json(out, publish.properties); break;
    case Kind::kHost:
      if (place.origin) out.append(place.origin->host);
      break;
    case Kind::kClientId:
      if (place.origin) out.append(place.origin->client_id);
      break;
  }
}

}  // namespace mq
