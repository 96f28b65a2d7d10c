// What follows the '?' of a -L URL: options of the program in short.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/version.h"

namespace mq {

struct UrlQuery {
  std::optional<Qos> qos;
  std::optional<bool> retain;
  std::optional<std::string> client_id;
};

// "qos=1&retain=1&client-id=x", percent-encoded; an empty text says nothing.
Result<UrlQuery> parse_url_query(std::string_view text);

}  // namespace mq
