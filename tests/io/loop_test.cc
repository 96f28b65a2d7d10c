#include "io/loop.h"

#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "io/harness.h"

namespace mq::test {
namespace {

struct Hook final : BeforeSleep {
  explicit Hook(std::function<void(Now)> f) : call(std::move(f)) {}
  void before_sleep(Now now) override { call(now); }
  std::function<void(Now)> call;
};

TEST_CASE("a loop without work ends at once") {
  Loop loop;
  loop.run();
  loop.run();
}

TEST_CASE("stop before run ends the next run only") {
  Loop loop;
  bool rang = false;
  Timer timer(loop, [&](Now) { rang = true; });
  timer.set(loop.now().mono);
  loop.stop();
  loop.run();
  CHECK_FALSE(rang);
  loop.run();
  CHECK(rang);
}

TEST_CASE("timers ring in order and never early") {
  Loop loop;
  const Time start = loop.now().mono;
  std::vector<int> rang;
  Timer late(loop, [&](Now now) {
    CHECK(now.mono >= start + 3ms);
    rang.push_back(3);
  });
  Timer early(loop, [&](Now now) {
    CHECK(now.mono >= start + 1ms);
    rang.push_back(1);
  });
  Timer cancelled(loop, [&](Now) { rang.push_back(2); });
  late.set(start + 3ms);
  early.set(start + 1ms);
  cancelled.set(start + 2ms);
  CHECK(cancelled.at() == start + 2ms);
  cancelled.cancel();
  CHECK(cancelled.at() == kNever);
  loop.run();
  CHECK(rang == std::vector{1, 3});
}

TEST_CASE("a timer may arm itself again, also for the past") {
  Loop loop;
  int rang = 0;
  bool other = false;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop, [&](Now now) {
    if (++rang < 5) timer->set(now.mono - 1s);
  });
  Timer second(loop, [&](Now) { other = true; });
  timer->set(loop.now().mono);
  second.set(loop.now().mono);
  loop.run();
  CHECK(rang == 5);
  CHECK(other);
}

TEST_CASE("a timer may be destroyed by its own callback") {
  Loop loop;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(loop, [&timer](Now) { timer.reset(); });
  timer->set(loop.now().mono);
  loop.run();
  CHECK(timer == nullptr);
}

TEST_CASE("now is the same all turn and read again for the hooks") {
  Loop loop;
  Time in_timer{}, later_in_timer{}, in_hook{};
  Hook hook([&](Now now) { in_hook = now.mono; });
  Timer timer(loop, [&](Now now) {
    in_timer = now.mono;
    Time spin = in_timer;
    while (spin < in_timer + 1ms) spin = Loop().now().mono;  // another loop has a clock of its own
    later_in_timer = loop.now().mono;
    loop.once(hook);
  });
  timer.set(loop.now().mono);
  loop.run();
  CHECK(later_in_timer == in_timer);
  CHECK(in_hook >= in_timer + 1ms);
}

TEST_CASE("the wall clock is the system's") {
  Loop loop;
  const auto difference = loop.now().wall - std::chrono::system_clock::now();
  CHECK(std::chrono::abs(difference) < 1s);
}

TEST_CASE("a hook asked for once is called once, however often it was asked for") {
  Loop loop;
  int always = 0, once = 0;
  Hook each([&](Now) { ++always; });
  Hook one([&](Now) { ++once; });
  loop.add(each);
  Timer first(loop, [&](Now) {
    loop.once(one);
    loop.once(one);
  });
  Timer second(loop, [](Now) {});
  first.set(loop.now().mono);
  second.set(loop.now().mono + 2ms);
  loop.run();
  CHECK(once == 1);
  CHECK(always >= 2);
}

TEST_CASE("a hook that asks for itself comes in the next turn, without a sleep between") {
  Loop loop;
  int calls = 0, network = 0;
  std::unique_ptr<Hook> hook;
  Timer far(loop, [](Now) {});
  far.set(loop.now().mono + 1h);  // what the loop would sleep for
  hook = std::make_unique<Hook>([&](Now) {
    if (++calls < 4) return loop.once(*hook);
    loop.stop();
  });
  Hook each([&](Now) { ++network; });
  loop.add(each);
  loop.once(*hook);
  loop.run();
  CHECK(calls == 4);
  CHECK(network >= 4);
}

TEST_CASE("hooks may go while the hooks run") {
  Loop loop;
  std::unique_ptr<Hook> a, b, c;
  int b_calls = 0, c_calls = 0;
  a = std::make_unique<Hook>([&](Now) { b.reset(); });
  b = std::make_unique<Hook>([&](Now) { ++b_calls; });
  c = std::make_unique<Hook>([&](Now) {
    ++c_calls;
    c.reset();
  });
  loop.once(*a);
  loop.once(*b);
  loop.once(*c);
  loop.run();
  CHECK(b_calls == 0);
  CHECK(c_calls == 1);

  int stays_calls = 0;
  Hook stays([&](Now) { ++stays_calls; });
  std::unique_ptr<Hook> goes = std::make_unique<Hook>([&](Now) { goes.reset(); });
  loop.add(*goes);
  loop.add(stays);
  loop.run();
  CHECK(goes == nullptr);
  CHECK(stays_calls >= 1);
}

TEST_CASE("other threads post tasks") {
  Loop loop;
  int ran = 0;
  std::thread::id where;
  Timer keep_alive(loop, [](Now) {});
  keep_alive.set(loop.now().mono + 1h);
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      loop.post([&] {
        where = std::this_thread::get_id();
        if (++ran == 100) loop.stop();
      });
    }
  });
  loop.run();
  other.join();
  CHECK(ran == 100);
  CHECK(where == std::this_thread::get_id());
}

TEST_CASE("a task that was posted before run is run") {
  Loop loop;
  int ran = 0;
  loop.post([&] {
    ++ran;
    loop.post([&] { ++ran; });
  });
  loop.run();
  CHECK(ran == 2);
}

}  // namespace
}  // namespace mq::test
