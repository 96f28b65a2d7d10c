// What is in the file after a crash, a power cut or a failing disk, at every operation.
#include <doctest/doctest.h>

#include <sqlite3.h>

#include "support/fake_disk.h"
#include "support/memory_store.h"
#include "support/store_script.h"

using namespace mq;
using namespace mq::test;

namespace {

using Lines = std::vector<std::string>;

// Small batches of random changes, written until the disk fails; the states after each of them.
struct Run {
  FakeDisk disk;
  std::vector<Lines> states;  // states[n]: after n batches
  size_t safe = 0;            // batches that write() said are stored

  std::unique_ptr<SqliteFile> open(StoreSync sync) {
    StoreOptions options;
    options.path = "store";
    options.vfs = disk.vfs();
    options.sync = sync;
    options.journal_max = 2000;
    auto opened = SqliteFile::open(options);
    REQUIRE_MESSAGE(opened, opened.error().text);
    return std::move(*opened);
  }

  // `die` ends it, at the disk's operation number `at`, if it comes to that.
  template <class Die>
  void go(uint64_t seed, StoreSync sync, uint64_t at, Die&& die) {
    auto file = open(sync);
    MemoryStore memory;
    Batch batch;
    RandomChanges changes(seed);
    states.push_back(state_of(memory));
    const uint64_t first = disk.operations();
    disk.fail_from(first + at, SQLITE_IOERR_WRITE);
    for (int n = 0; n < 25; ++n) {
      for (int i = 0; i < 12; ++i) changes.next({&memory, &batch});
      memory.commit();
      memory.write_all();
      states.push_back(state_of(memory));
      const Buffer bytes = batch.take_all();
      if (!file->write(bytes.bytes())) break;
      safe = states.size() - 1;
      static_cast<void>(file->fold_if_due());
    }
    die(disk);
    file.reset();
    disk.heal();
  }
  // Whole batches only, and all that were said to be safe.
  void check(StoreSync sync, size_t at_least) {
    auto file = open(sync);
    const Lines left = state_of(*file);
    bool known = false;
    for (size_t n = at_least; n < states.size(); ++n) known = known || states[n] == left;
    CHECK_MESSAGE(known, "at least " << at_least << " of " << states.size() - 1 << " batches");
  }
};

}  // namespace

TEST_CASE("--sync full: at whatever operation the power is cut, what write() stored is there") {
  Random chance(7);
  for (uint64_t at = 0; at < 150; ++at) {
    Run run;
    run.go(1, StoreSync::kFull, at, [&](FakeDisk& disk) { disk.cut_power(&chance); });
    run.check(StoreSync::kFull, run.safe);
  }
}

TEST_CASE("--sync full: the same when nothing is left of what was not synced") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Run run;
    run.go(seed, StoreSync::kFull, seed * 7, [](FakeDisk& disk) { disk.cut_power(); });
    run.check(StoreSync::kFull, run.safe);
  }
}

TEST_CASE("--sync normal: a power cut leaves whole batches, a crash all of them") {
  Random chance(8);
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Run cut;
    cut.go(seed, StoreSync::kNormal, seed * 3, [&](FakeDisk& disk) { disk.cut_power(&chance); });
    cut.check(StoreSync::kNormal, 0);
    Run crashed;
    crashed.go(seed, StoreSync::kNormal, seed * 3, [](FakeDisk& disk) { disk.crash(); });
    crashed.check(StoreSync::kNormal, crashed.safe);
  }
}

TEST_CASE("a batch that failed can be written again when the disk works again") {
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC}) {
    for (uint64_t at = 0; at < 40; ++at) {
      Run run;
      auto file = run.open(StoreSync::kFull);
      MemoryStore memory;
      Batch batch;
      RandomChanges changes(at);
      run.disk.fail_from(run.disk.operations() + at, code);
      Buffer bytes;
      for (int n = 0; n < 20; ++n) {
        for (int i = 0; i < 12; ++i) changes.next({&memory, &batch});
        memory.commit();
        bytes.append(batch.take_all().bytes());
        if (const auto written = file->write(bytes.bytes()); !written) {
          CHECK(written.error().code ==
                (code == SQLITE_FULL ? ErrorCode::kFull : ErrorCode::kIo));
          if (n % 3 == 2) run.disk.heal();
          continue;
        }
        bytes.clear();
        static_cast<void>(file->fold_if_due());
      }
      run.disk.heal();
      REQUIRE(file->write(bytes.bytes()));
      memory.write_all();
      run.disk.crash();
      file.reset();
      CHECK(state_of(*run.open(StoreSync::kFull)) == state_of(memory));
    }
  }
}
