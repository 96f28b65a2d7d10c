#include "io/signals.h"

#include <csignal>
#include <vector>

#include <doctest/doctest.h>

#include "io/harness.h"

namespace mq::test {
namespace {

TEST_CASE("signals arrive on the loop, and waiting for them does not keep it") {
  Loop loop;
  std::vector<int> arrived;
  const Signals signals(loop, {SIGUSR1, SIGUSR2}, [&](int number) { arrived.push_back(number); });
  loop.run();  // ends
  std::raise(SIGUSR2);
  CHECK(run_until(loop, [&] { return arrived.size() == 1; }));
  std::raise(SIGUSR1);
  CHECK(run_until(loop, [&] { return arrived.size() == 2; }));
  CHECK(arrived == std::vector<int>{SIGUSR2, SIGUSR1});
}

}  // namespace
}  // namespace mq::test
