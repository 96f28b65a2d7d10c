#include "common/url_query.h"

#include <doctest/doctest.h>

namespace mq {
namespace {

UrlQuery parsed(std::string_view text) {
  auto query = parse_url_query(text);
  if (!query) FAIL(query.error().text);
  return *query;
}

std::string error(std::string_view text) {
  const auto query = parse_url_query(text);
  return query ? "" : query.error().text;
}

}  // namespace

TEST_CASE("the query of a URL") {
  const UrlQuery all = parsed("qos=1&retain=true&client-id=a%26b%20c");
  CHECK(all.qos == Qos::kAtLeastOnce);
  CHECK(all.retain == true);
  CHECK(all.client_id == "a&b c");
  CHECK_FALSE(parsed("").qos);
  CHECK(parsed("retain=0").retain == false);
  CHECK(parsed("client-id=").client_id == "");
  CHECK(parsed("client-id=a=b").client_id == "a=b");
}

TEST_CASE("what is wrong with a query is named") {
  CHECK(error("qos=1&colour=red") ==
        "'colour' in the query is not one of qos, retain and client-id");
  CHECK(error("QOS=1").find("'QOS'") != std::string::npos);
  CHECK(error("qos=3") == "qos=3 in the query must be 0, 1 or 2");
  CHECK(error("qos=") == "qos= in the query must be 0, 1 or 2");
  CHECK(error("retain=yes").starts_with("retain=yes in the query must be"));
  CHECK(error("qos=1&qos=1") == "'qos' is in the query twice");
  CHECK(error("qos").starts_with("'qos' in the query must be KEY=VALUE"));
  CHECK(error("&").starts_with("'' in the query must be KEY=VALUE"));
  CHECK(error("client-id=%4").find("hexadecimal") != std::string::npos);
}

}  // namespace mq
