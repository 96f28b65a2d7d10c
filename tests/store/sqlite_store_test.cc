// The store's thread: groups, reports, failures and the limit of what waits.
#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include <sqlite3.h>

#include "base/log.h"
#include "store/sqlite_store.h"
#include "support/fake_disk.h"
#include "support/store_script.h"

using namespace mq;
using namespace mq::test;

namespace {

struct Running {
  FakeDisk disk;
  std::mutex mutex;
  std::condition_variable changed;
  BatchId durable = 0;
  std::vector<std::string> failures;
  std::unique_ptr<SqliteStore> store;

  explicit Running(uint64_t backlog_max = 1 << 20, std::chrono::nanoseconds settle_max = {}) {
    StoreOptions given = options(backlog_max);
    given.settle_max = settle_max;
    auto opened = SqliteStore::open(given);
    REQUIRE_MESSAGE(opened, opened.error().text);
    store = std::move(*opened);
    store->start([this](const SqliteStore::Report& report) {
      const std::lock_guard lock(mutex);
      CHECK(report.durable >= durable);
      durable = report.durable;
      if (report.failure) failures.push_back(report.failure->text);
      changed.notify_all();
    });
  }
  StoreOptions options(uint64_t backlog_max = 1 << 20) {
    StoreOptions options;
    options.path = "store";
    options.vfs = disk.vfs();
    options.backlog_max = backlog_max;
    return options;
  }
  template <class Condition>
  void await(Condition&& condition) {
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, std::chrono::seconds(20), condition));
  }
  BatchId retain(const std::string& topic, std::string_view payload) {
    store->put_retained(message(topic, payload), WallTime::max());
    return store->commit();
  }
  size_t left() {
    store.reset();
    disk.heal();
    disk.crash();
    auto file = SqliteFile::open(options());
    REQUIRE(file);
    return state_of(**file).size();
  }
};

}  // namespace

TEST_CASE("batches become safe in order, several at a time") {
  Running t;
  for (int i = 1; i <= 1000; ++i) {
    CHECK(t.retain(std::to_string(i), "x") == static_cast<BatchId>(i));
  }
  t.await([&] { return t.durable == 1000; });
  CHECK(*t.store->commit_ms_p99() > 0);
  CHECK(*t.store->commit_ms_p99() == 0);  // of what came since
  CHECK(t.left() == 1000);
}

TEST_CASE("what was committed before the end is written") {
  Running t;
  for (int i = 0; i < 100; ++i) t.retain(std::to_string(i), "x");
  CHECK(t.left() == 100);
}

TEST_CASE("a full disk is reported once, nothing is lost, and it goes on when there is room") {
  Running t;
  t.retain("first", "x");
  t.await([&] { return t.durable == 1; });
  CHECK(!t.store->state().failing);
  t.disk.fail_from(t.disk.operations(), SQLITE_FULL);
  t.retain("second", "x");
  t.await([&] { return !t.failures.empty(); });
  CHECK(t.store->state().failing);
  t.retain("third", "x");
  t.disk.heal();
  t.await([&] { return t.durable == 3; });
  CHECK(!t.store->state().failing);
  CHECK(t.failures.size() == 1);
  CHECK(t.left() == 3);
}

TEST_CASE("more than the limit that waits is behind, until half of it is written") {
  Running t(10'000);
  CHECK(!t.store->state().behind);
  t.disk.fail_from(t.disk.operations(), SQLITE_FULL);
  t.retain("a", std::string(9000, 'x'));
  CHECK(!t.store->state().behind);
  t.store->put_retained(message("b", std::string(2000, 'x')), WallTime::max());
  CHECK(t.store->state().behind);  // the open batch counts
  const BatchId last = t.store->commit();
  CHECK(t.store->state().behind);
  t.disk.heal();
  t.await([&] { return t.durable == last; });
  CHECK(!t.store->state().behind);
}

TEST_CASE("a disk that stays full does not keep the store from ending") {
  std::vector<std::string> lines;
  const LogSink before = set_log_sink(
      [&](LogLevel, std::string_view event, std::string_view) { lines.emplace_back(event); });
  {
    Running t;
    t.disk.fail_from(t.disk.operations(), SQLITE_FULL);
    t.retain("a", "x");
    CHECK(t.left() == 0);
  }
  CHECK(lines == std::vector<std::string>{"store_incomplete"});
  set_log_sink(before);
}

TEST_CASE("what may be dropped soon is not written at once, and not at all when it is dropped") {
  Running t(1 << 30, std::chrono::seconds(60));
  const auto put = [&](size_t size) {
    t.store->put_queued(
        {"c", 0, message("t", std::string(size, 'x')), WallTime::max(), 0, 0x32, 0});
    t.store->awaits(1);
    return t.store->commit();
  };
  const uint64_t operations = t.disk.operations();
  SUBCASE("acknowledged in time") {
    put(50'000'000);  // takes half a second to write, as far as is known
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(t.store->state().begun == 0);
    t.store->drop_queued("c", 0);
    t.store->awaits(0);
    const BatchId last = t.store->commit();
    t.await([&] { return t.durable == last; });
    CHECK(t.disk.operations() == operations);
  }
  SUBCASE("not acknowledged: it does not wait for ever") {
    const BatchId last = put(1000);
    t.await([&] { return t.durable == last; });
    CHECK(t.store->state().begun == last);
    CHECK(t.disk.operations() > operations);
  }
  SUBCASE("the end comes first") {
    put(50'000);
    t.store.reset();
    CHECK(t.disk.operations() > operations);
  }
}
