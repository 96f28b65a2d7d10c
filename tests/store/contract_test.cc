// What every SessionStore promises, on both that there are: in memory and in a file of SQLite.
#include <doctest/doctest.h>

#include "store/sqlite_file.h"
#include "support/fake_disk.h"
#include "support/memory_store.h"
#include "support/store_script.h"

using namespace mq;
using namespace mq::test;

namespace {

using Lines = std::vector<std::string>;

struct InMemory {
  MemoryStore store;
  StoreSink& changes() { return store; }
  void commit() {
    store.commit();
    store.write_all();
  }
  Lines reload() { return state_of(store); }
};

template <uint64_t kJournalMax>
struct InFile {
  FakeDisk disk;
  Batch batch;
  std::unique_ptr<SqliteFile> file = open();

  std::unique_ptr<SqliteFile> open() {
    StoreOptions options;
    options.path = "store";
    options.vfs = disk.vfs();
    options.journal_max = kJournalMax;
    auto opened = SqliteFile::open(options);
    REQUIRE_MESSAGE(opened, opened.error().text);
    return std::move(*opened);
  }
  StoreSink& changes() { return batch; }
  void commit() {
    const Buffer changes = batch.take_all();
    REQUIRE(file->write(changes.bytes()));
    REQUIRE(file->fold_if_due());
  }
  // The file is not closed in order.
  Lines reload() {
    disk.crash();
    file.reset();
    file = open();
    return state_of(*file);
  }
};

// All in the journal until it is opened; and every batch in the tables at once.
using Journal = InFile<1 << 20>;
using Tables = InFile<0>;

constexpr SessionRecord kSession{"c", "", 60, true, WallTime::max(), nullptr};

}  // namespace

#define EVERY_STORE InMemory, Journal, Tables

TEST_CASE_TEMPLATE("a session with everything that belongs to it", T, EVERY_STORE) {
  T t;
  const std::vector<uint8_t> properties{0x01, 0x01};
  const SessionRecord::Will will{"w", to_bytes("dead"), properties, Qos::kExactlyOnce, true, 5,
                                 kNow.wall + std::chrono::seconds(5)};
  t.changes().put_session(
      {"c", "user", 60, false, kNow.wall + std::chrono::seconds(60), &will, true});
  t.changes().put_subscription({"c", "$share/g/a/#", {Qos::kExactlyOnce, false, true}, 9});
  t.changes().put_queued({"c", 0, message("t", "one"), WallTime::max(), 4, 0x32, 0});
  t.changes().put_inbound("c", 17);
  t.changes().put_sent("c", 1);
  t.commit();
  CHECK(t.reload() ==
        Lines{"session c user=user! expiry=60 connected=false expires=1800000060000000 "
              "will=w dead 1,1 2 true 5 1800000005000000",
              "subscription c $share/g/a/# 10 9", "sent c 1",
              "queued c 0 t \"one\" qos1 false  expires=-1 id=4 byte=50 tag=0 "
              "mono=9223372036854775807",
              "inbound c 17"});
}

TEST_CASE_TEMPLATE("what is dropped is gone, in the same batch and later", T, EVERY_STORE) {
  T t;
  for (const bool commit_between : {false, true}) {
    t.changes().put_session(kSession);
    t.changes().put_session({"other", "", 60, true, WallTime::max(), nullptr});
    t.changes().put_subscription({"c", "f", {}, 0});
    t.changes().put_queued({"c", 0, message("t", "one"), WallTime::max(), 0, 0x34, 0});
    t.changes().put_queued({"c", 1, message("t", "two"), WallTime::max(), 0, 0x34, 0});
    t.changes().put_inbound("c", 1);
    t.changes().put_retained(message("r", "x"), WallTime::max());
    if (commit_between) t.commit();
    t.changes().put_sent("c", 2);
    t.changes().drop_subscription("c", "f");
    t.changes().drop_queued("c", 0);
    t.changes().release_queued("c", 1);
    t.changes().drop_inbound("c", 1);
    t.changes().drop_retained("r");
    t.changes().drop_session("other");
    t.commit();
    CHECK(t.reload() ==
          Lines{"session c user= expiry=60 connected=true expires=-1 will=none", "sent c 2",
                "queued c 1 released expires=0 id=0 byte=52 tag=0"});
    t.changes().drop_session("c");
    t.commit();
    CHECK(t.reload().empty());
  }
}

TEST_CASE_TEMPLATE("a session that ends and begins anew has nothing of the old one", T,
                   EVERY_STORE) {
  T t;
  t.changes().put_session(kSession);
  t.changes().put_queued({"c", 0, message("t", "old"), WallTime::max(), 0, 0x32, 0});
  t.changes().put_inbound("c", 1);
  t.changes().put_sent("c", 1);
  t.commit();
  t.changes().drop_session("c");
  t.changes().put_session(kSession);
  t.changes().put_queued({"c", 0, message("t", "new"), WallTime::max(), 0, 0x32, 0});
  t.commit();
  CHECK(t.reload() == Lines{"session c user= expiry=60 connected=true expires=-1 will=none",
                            "sent c 0",
                            "queued c 0 t \"new\" qos1 false  expires=-1 id=0 byte=50 tag=0 "
                            "mono=9223372036854775807"});
}

TEST_CASE_TEMPLATE("a message of several sessions stays while one of them has it", T,
                   EVERY_STORE) {
  T t;
  const auto shared = message("t", "m");
  for (const char* id : {"a", "b", "c"}) {
    t.changes().put_session({id, "", 60, true, WallTime::max(), nullptr});
    t.changes().put_queued({id, 0, shared, WallTime::max(), 0, 0x34, 0});
  }
  t.commit();
  t.changes().drop_queued("a", 0);
  t.changes().put_sent("c", 1);
  t.changes().release_queued("c", 0);
  t.commit();
  CHECK(t.reload().size() == 8);
  t.changes().drop_session("b");
  t.changes().drop_queued("c", 0);
  t.commit();
  CHECK(t.reload().size() == 4);
}

TEST_CASE_TEMPLATE("a message with several subscription identifiers keeps them", T, EVERY_STORE) {
  T t;
  MessageFields fields;
  fields.topic = "t";
  const std::vector<uint32_t> ids{1, 300};
  fields.subscription_ids = ids;
  t.changes().put_session(kSession);
  t.changes().put_queued({"c", 0, Message::make(fields), WallTime::max(), 0, 0x32, 0});
  t.commit();
  CHECK(t.reload()[2] ==
        "queued c 0 t \"\" qos0 false 11,1,11,172,2 expires=-1 id=0 byte=50 tag=0 "
        "mono=9223372036854775807");
}

TEST_CASE_TEMPLATE("expiry times are reckoned from the time of loading", T, EVERY_STORE) {
  T t;
  const WallTime expires = kNow.wall + std::chrono::seconds(30);
  MessageFields fields;
  fields.topic = "t";
  const std::vector<uint8_t> properties{2, 0, 0, 0, 60};
  fields.properties = Properties(properties);
  fields.expires = Time(std::chrono::hours(7));  // of a clock that is gone
  t.changes().put_session(kSession);
  t.changes().put_queued({"c", 0, Message::make(fields), expires, 0, 0x32, 0});
  t.commit();
  CHECK(t.reload()[2] == "queued c 0 t \"\" qos0 false 2,0,0,0,60 expires=1800000030000000 id=0 "
                         "byte=50 tag=0 mono=3630000000000");
}

TEST_CASE("a thousand random batches lead to the same state in memory and in files") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    InMemory memory;
    Journal journal;
    Tables tables;
    InFile<3000> both;  // folds now and then
    RandomChanges changes(seed);
    Random random(seed);
    const std::vector<StoreSink*> sinks{&memory.changes(), &journal.changes(), &tables.changes(),
                                        &both.changes()};
    for (int batch = 0; batch < 100; ++batch) {
      for (uint64_t n = 1 + random.below(20); n > 0; --n) changes.next(sinks);
      memory.commit();
      journal.commit();
      tables.commit();
      both.commit();
      if (!random.chance(0.1)) continue;
      const Lines expected = memory.reload();
      REQUIRE(journal.reload() == expected);
      REQUIRE(tables.reload() == expected);
      REQUIRE(both.reload() == expected);
    }
  }
  CHECK(Message::alive() == 0);
}
