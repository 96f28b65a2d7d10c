#include "mqsub/selection.h"

#include <string>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

bool takes(Selection& selection, std::string_view topic, std::string_view payload, Duration at = 0s,
           bool retain = false) {
  Publish publish;
  publish.topic = topic;
  publish.payload = to_bytes(payload);
  publish.retain = retain;
  return selection.takes(publish, {Time(1000s) + at, WallTime()});
}

}  // namespace

TEST_CASE("retained messages and topics to pass over") {
  Selection selection({.no_retained = true, .filter_out = {"a/#", "+/x"}});
  CHECK(takes(selection, "b", ""));
  CHECK(!takes(selection, "b", "", 0s, true));
  CHECK(!takes(selection, "a", ""));
  CHECK(!takes(selection, "b/x", ""));
}

TEST_CASE("payloads that must have something in them, and those that must not") {
  Selection selection({.found = {*TextPattern::compile("a"), *TextPattern::compile("b")},
                       .not_found = {*TextPattern::compile("c")}});
  CHECK(takes(selection, "t", "ab"));
  CHECK(!takes(selection, "t", "a"));
  CHECK(!takes(selection, "t", "abc"));
}

TEST_CASE("only what changes") {
  Selection selection({.on_change = true});
  CHECK(takes(selection, "t", "1"));
  CHECK(!takes(selection, "t", "1"));
  CHECK(takes(selection, "u", "1"));
  CHECK(takes(selection, "t", "2"));
  CHECK(takes(selection, "t", "1"));
  CHECK(takes(selection, "t", ""));
}

TEST_CASE("a sample of each topic") {
  Selection selection({.sample = 1s});
  CHECK(takes(selection, "t", "1"));
  CHECK(!takes(selection, "t", "2", 999ms));
  CHECK(takes(selection, "u", "1", 999ms));
  CHECK(takes(selection, "t", "3", 1s));
  CHECK(!takes(selection, "t", "4", 1999ms));
}
