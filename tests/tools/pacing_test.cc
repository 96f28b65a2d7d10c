#include "mqpub/pacing.h"

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {
constexpr Time kStart{1000s};
constexpr WallTime kReceived{std::chrono::seconds(1'795'353'264)};
}  // namespace

TEST_CASE("without a pace everything goes at once") {
  Pacing pacing({});
  CHECK(!pacing.is_paced());
  pacing.sent(std::nullopt, kStart);
  CHECK(pacing.due(std::nullopt, kStart) == kStart);
}

TEST_CASE("an interval is a schedule: what is late is followed sooner") {
  Pacing pacing({.interval = 100ms});
  CHECK(pacing.due(std::nullopt, kStart) == kStart);
  pacing.sent(std::nullopt, kStart);
  CHECK(pacing.due(std::nullopt, kStart) == kStart + 100ms);
  pacing.sent(std::nullopt, kStart + 150ms);
  CHECK(pacing.due(std::nullopt, kStart + 150ms) == kStart + 200ms);
  // A long pause is not made up for.
  pacing.sent(std::nullopt, kStart + 10s);
  CHECK(pacing.due(std::nullopt, kStart + 10s) == kStart + 10s - Pacing::kCatchUpMax + 100ms);
}

TEST_CASE("a replay is as far apart as the messages were") {
  Pacing pacing({.replay = true, .speed = 2});
  CHECK(pacing.due(kReceived, kStart) == kStart);
  pacing.sent(kReceived, kStart);
  CHECK(pacing.due(kReceived + 3s, kStart) == kStart + 1500ms);
  pacing.sent(kReceived + 3s, kStart + 1600ms);
  CHECK(pacing.due(kReceived + 4s, kStart + 1600ms) == kStart + 2s);
  // A record without a time, or with an earlier one, goes at once.
  CHECK(pacing.due(std::nullopt, kStart + 1600ms) == kStart + 1600ms);
  CHECK(pacing.due(kReceived - 5s, kStart + 1600ms) <= kStart + 1600ms);
}
