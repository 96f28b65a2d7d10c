#include "mqbench/audience.h"

#include <doctest/doctest.h>

using namespace mq;

namespace {

std::string error(const std::vector<std::string>& topics,
                  const std::vector<std::vector<std::string>>& filters) {
  const auto found = find_audience(topics, filters);
  return found ? "" : found.error().text;
}

}  // namespace

TEST_CASE("streams: progressions and lists") {
  using List = std::vector<uint32_t>;
  const StreamSet even(List{3, 5, 7}), odd(List{3, 5, 8});
  CHECK(even.slot(7) == 2);
  CHECK_FALSE(even.slot(4));
  CHECK_FALSE(even.slot(9));
  CHECK_FALSE(even.slot(1));
  CHECK(odd.slot(8) == 2);
  CHECK_FALSE(odd.slot(7));
  CHECK(odd.at(2) == 8);
  CHECK(StreamSet(List{4}).slot(4) == 0);
  CHECK_FALSE(StreamSet(List{4}).slot(5));
  CHECK_FALSE(StreamSet().slot(0));
}

TEST_CASE("audience: several filters of one client") {
  const auto found = find_audience({"a/1", "b/1", "c", "a/1"}, {{"b/+", "a/1"}, {}, {"z", "c"}});
  REQUIRE(found);
  CHECK(found->heard[0].size() == 3);
  CHECK(found->heard[0].slot(3) == 2);
  CHECK(found->heard[1].size() == 0);
  CHECK(found->heard[2].at(0) == 2);
}

TEST_CASE("audience: shares beside filters of their own") {
  const auto found = find_audience(
      {"a", "b"}, {{"$share/x/a", "b"}, {"$share/x/a"}, {"$share/y/a"}, {"$share/x/+"}});
  REQUIRE(found);
  REQUIRE(found->shares.size() == 3);  // a name with another filter is another subscription
  CHECK(found->shares[0].members == 2);
  CHECK(found->shares[0].heard.size() == 1);
  CHECK(found->shares_of[0] == std::vector<uint32_t>{0});
  CHECK(found->heard[0].at(0) == 1);
  CHECK(found->heard[1].size() == 0);
}

TEST_CASE("audience: what cannot be counted is refused") {
  CHECK(error({"a/1"}, {{"a/1", "a/+"}}).starts_with("'a/1' and 'a/+' of one client match"));
  CHECK(error({"a/1"}, {{"a/1", "$share/x/a/+"}}).starts_with("'a/1' and '$share/x/a/+' of one"));
  CHECK(error({"b"}, {{"a/1", "a/+"}}) == "");
  CHECK(error({"b"}, {{"\xFF"}}).find("not UTF-8") != std::string::npos);
  const std::vector<std::string> topics = {"a", "b", "c"};
  const std::vector<std::vector<std::string>> filters = {{"+"}, {"+"}, {"#"}, {"a"}};
  CHECK(find_audience(topics, filters, 6));  // each different filter once
  const auto found = find_audience(topics, filters, 5);
  REQUIRE_FALSE(found);
  CHECK(found.error().text.starts_with("more than 5 comparisons"));
}
