#include "common/url_query.h"

#include <fmt/core.h>

#include "common/invalid.h"
#include "io/address.h"

namespace mq {
namespace {

// Each key once: which of two was meant would be a guess.
template <class T>
Result<void> set_once(std::optional<T>& to, T value, std::string_view key) {
  if (to) return invalid(fmt::format("'{}' is in the query twice", key));
  to = std::move(value);
  return {};
}

Result<void> take(std::string_view key, std::string value, UrlQuery& to) {
  if (key == "client-id") return set_once(to.client_id, std::move(value), key);
  if (key == "qos") {
    if (value != "0" && value != "1" && value != "2") {
      return invalid(fmt::format("qos={} in the query must be 0, 1 or 2", value));
    }
    return set_once(to.qos, static_cast<Qos>(value[0] - '0'), key);
  }
  if (key == "retain") {
    const bool yes = value == "1" || value == "true";
    if (!yes && value != "0" && value != "false") {
      return invalid(fmt::format("retain={} in the query must be 1 or 0, true or false", value));
    }
    return set_once(to.retain, yes, key);
  }
  return invalid(fmt::format("'{}' in the query is not one of qos, retain and client-id", key));
}

}  // namespace

Result<UrlQuery> parse_url_query(std::string_view text) {
  UrlQuery query;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      return invalid(
          fmt::format("'{}' in the query must be KEY=VALUE (a question mark of the topic "
                      "is written %3F)",
                      part));
    }
    MQ_TRY(std::string value, percent_decoded(part.substr(equals + 1)));
    MQ_CHECK(take(part.substr(0, equals), std::move(value), query));
  }
  return query;
}

}  // namespace mq
