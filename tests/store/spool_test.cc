// A spool keeps what was saved, in order, within its size, whatever happens to the process or the
// power.
#include "store/spool.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include <unistd.h>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "support/fake_disk.h"

using namespace mq;

namespace {

namespace fs = std::filesystem;

Spool open(const SpoolOptions& options) {
  auto spool = Spool::open(options);
  REQUIRE_MESSAGE(spool, spool.error().text);
  return std::move(*spool);
}

void add(Spool& spool, const std::string& payload, std::string_view topic = "t") {
  const auto added = spool.add({.topic = topic, .payload = to_bytes(payload)});
  REQUIRE_MESSAGE(added, added.error().text);
}

// The payload at the front, which counts as sent from here on; empty when there is none.
std::string send(Spool& spool) {
  const auto front = spool.front();
  REQUIRE_MESSAGE(front, front.error().text);
  if (*front == nullptr) return "";
  std::string payload(to_string_view((*front)->payload));
  spool.sent();
  return payload;
}

std::vector<std::string> send_all(Spool& spool) {
  std::vector<std::string> all;
  while (spool.unsent() > 0) all.push_back(send(spool));
  CHECK(send(spool).empty());
  return all;
}

using Payloads = std::vector<std::string>;

struct OnDisk {
  FakeDisk disk;
  SpoolOptions options(uint64_t size_max = 1 << 20) {
    return {.path = "spool", .size_max = size_max, .vfs = disk.vfs()};
  }
};

// In a directory of its own, as a user has it.
struct InDirectory {
  InDirectory() {
    std::string name = fs::temp_directory_path() / "mqkit-spool-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~InDirectory() { fs::remove_all(path); }
  SpoolOptions options() const { return {.path = path / "spool"}; }
  std::string error() const {
    const auto spool = Spool::open(options());
    return spool ? "" : spool.error().text;
  }
  void sql(const char* text) const {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open((path / "spool").c_str(), &db) == SQLITE_OK);
    CHECK_MESSAGE(sqlite3_exec(db, text, nullptr, nullptr, nullptr) == SQLITE_OK, text);
    sqlite3_close(db);
  }
  fs::path path;
};

}  // namespace

TEST_CASE("a spool gives back what was saved, with all that belongs to it") {
  OnDisk on;
  const std::string bytes("\0\xff\n", 3);
  const std::string properties("\x03\x00\x01x", 4);
  {
    Spool spool = open(on.options());
    CHECK(spool.count() == 0);
    REQUIRE(spool.add({.topic = "a/b",
                       .payload = to_bytes(bytes),
                       .qos = Qos::kExactlyOnce,
                       .retain = true,
                       .properties = to_bytes(properties),
                       .received = WallTime(std::chrono::microseconds(1234567))}));
    REQUIRE(spool.add({.topic = "empty"}));
    CHECK_FALSE(spool.is_safe());
    REQUIRE(spool.save());
    CHECK(spool.is_safe());
    REQUIRE(spool.add({.topic = "not saved"}));
  }
  Spool spool = open(on.options());
  CHECK(spool.count() == 2);
  CHECK(spool.unsent() == 2);
  const auto first = spool.front();
  REQUIRE(first);
  CHECK((*first)->topic == "a/b");
  CHECK(to_string_view((*first)->payload) == bytes);
  CHECK((*first)->qos == Qos::kExactlyOnce);
  CHECK((*first)->retain);
  CHECK(to_string_view((*first)->properties) == properties);
  CHECK((*first)->received == WallTime(std::chrono::microseconds(1234567)));
  CHECK(*spool.topic((*first)->number) == "a/b");
  spool.sent();
  const auto second = spool.front();
  REQUIRE(second);
  CHECK((*second)->topic == "empty");
  CHECK((*second)->payload.empty());
  CHECK_FALSE((*second)->received);
  spool.sent();
  CHECK(*spool.front() == nullptr);
}

TEST_CASE("what was sent and not removed is sent again by the next process, in order") {
  OnDisk on;
  {
    Spool spool = open(on.options());
    for (const char* payload : {"1", "2", "3", "4"}) add(spool, payload);
    REQUIRE(spool.save());
    for (int i = 0; i < 3; ++i) send(spool);
    REQUIRE(spool.remove(2));  // an acknowledgement may overtake another
    REQUIRE(spool.save());
    CHECK(spool.count() == 3);
    CHECK(spool.unsent() == 1);
  }
  Spool spool = open(on.options());
  add(spool, "5");
  CHECK(send_all(spool) == Payloads{"1", "3", "4", "5"});
}

TEST_CASE("what is removed before it is saved never comes to the disk") {
  OnDisk on;
  auto spool = std::make_unique<Spool>(open(on.options()));
  const uint64_t before = on.disk.operations();
  for (int64_t n = 1; n <= 100; ++n) {
    add(*spool, "x");
    CHECK(send(*spool) == "x");
    REQUIRE(spool->remove(n));
    CHECK(spool->is_safe());
    CHECK_FALSE(spool->is_changed());
    if (n % 10 == 0) REQUIRE(spool->save());
  }
  CHECK(on.disk.operations() == before);
  // A message that was saved is removed for good only by saving.
  add(*spool, "y");
  REQUIRE(spool->save());
  CHECK(send(*spool) == "y");
  REQUIRE(spool->remove(101));
  CHECK(spool->is_safe());
  CHECK(spool->is_changed());
  REQUIRE(spool->save());
  CHECK(on.disk.operations() > before);
  spool.reset();
  CHECK(open(on.options()).count() == 0);
}

TEST_CASE("over its size the oldest that were not sent make room, and are counted") {
  OnDisk on;
  // A message of 68 bytes and its topic of one take 101 with its row.
  const std::string pad(67, '.');
  auto spool = std::make_unique<Spool>(open(on.options(10 * 101)));
  for (char c = 'a'; c < 'a' + 10; ++c) add(*spool, c + pad);
  CHECK(spool->size() == 10 * 101);
  CHECK(spool->dropped() == 0);
  CHECK(send(*spool) == "a" + pad);
  add(*spool, "k" + pad);
  CHECK(spool->dropped() == 1);
  CHECK(spool->size() == 10 * 101);
  REQUIRE(spool->remove(1));
  add(*spool, "l" + pad);
  CHECK(spool->dropped() == 1);
  REQUIRE(spool->save());
  CHECK(send_all(*spool).front() == "c" + pad);

  // The next process may have less room.
  spool.reset();
  spool = std::make_unique<Spool>(open(on.options(3 * 101)));
  CHECK(spool->dropped() == 7);
  CHECK(send_all(*spool) == Payloads{"j" + pad, "k" + pad, "l" + pad});
}

TEST_CASE("a message that is larger than the spool is refused and drops nothing") {
  OnDisk on;
  Spool spool = open(on.options(8192));
  add(spool, "small");
  const std::string large(8192, 'x');
  const auto added = spool.add({.topic = "t", .payload = to_bytes(large)});
  REQUIRE_FALSE(added);
  CHECK(added.error().code == ErrorCode::kTooLarge);
  CHECK(spool.count() == 1);
  CHECK(spool.dropped() == 0);
  add(spool, std::string(8192 - 8 - 33, 'x'));  // in two pages
  CHECK(spool.count() == 1);
  CHECK(spool.dropped() == 1);
}

TEST_CASE("the file is about as large as the messages were said to be, and does not grow on") {
  for (const size_t payload : {1, 60, 500, 1400, 2100, 4100, 20'000, 300'000}) {
    CAPTURE(payload);
    InDirectory in;
    SpoolOptions options = in.options();
    options.size_max = 4 << 20;
    {
      Spool spool = open(options);
      const std::string text(payload, 'x');
      for (uint64_t bytes = 0; bytes < 3 * options.size_max; bytes += payload + 32) {
        add(spool, text);
        if (bytes % (1 << 20) < payload + 32) REQUIRE(spool.save());
      }
      REQUIRE(spool.save());
      CHECK(spool.size() <= options.size_max);
      CHECK(spool.dropped() > 0);
    }
    CHECK(fs::file_size(in.path / "spool") < options.size_max * 3 / 2);
    CHECK_FALSE(fs::exists(in.path / "spool-wal"));
  }
}

TEST_CASE("one process at a time; the file is for its owner alone") {
  InDirectory in;
  const Spool spool = open(in.options());
  const auto second = Spool::open(in.options());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kRefused);
  CHECK(second.error().text.find("spool is in use by ") != std::string::npos);
  CHECK((fs::status(in.path / "spool").permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("a file that is not a spool is named and left alone") {
  InDirectory in;
  const auto contents = [&] {
    std::ifstream file(in.path / "spool", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  std::ofstream(in.path / "spool") << "a letter that somebody wrote, in a file of that name\n";
  CHECK(in.error().find(in.path / "spool: file is not a database") != std::string::npos);
  CHECK(contents() == "a letter that somebody wrote, in a file of that name\n");

  fs::remove(in.path / "spool");
  in.sql("CREATE TABLE bookmark(url TEXT)");
  const std::string before = contents();
  CHECK(in.error().find("spool is a database of another program") != std::string::npos);
  CHECK(contents() == before);

  fs::remove(in.path / "spool");
  open(in.options());
  in.sql("PRAGMA user_version = 2");
  CHECK(in.error().find("written by a later mqpub") != std::string::npos);
}

TEST_CASE("a damaged spool is named, and not replaced") {
  InDirectory in;
  {
    Spool spool = open(in.options());
    for (int i = 0; i < 200; ++i) add(spool, std::string(200, 'x'));
    REQUIRE(spool.save());
  }
  const uint64_t size = fs::file_size(in.path / "spool");
  {
    // Each page but the first.
    std::fstream file(in.path / "spool", std::ios::in | std::ios::out | std::ios::binary);
    for (uint64_t page = 4096; page < size; page += 4096) {
      file.seekp(static_cast<std::streamoff>(page));
      file << std::string(64, '\xa5');
    }
  }
  const std::string error = in.error();
  CHECK(error.find((in.path / "spool").string()) != std::string::npos);
  CHECK(error.find("damaged") != std::string::npos);
  CHECK(fs::file_size(in.path / "spool") == size);
}

TEST_CASE("a row that cannot be is damage, too") {
  InDirectory in;
  {
    Spool spool = open(in.options());
    add(spool, "x");
    REQUIRE(spool.save());
  }
  in.sql("UPDATE message SET qos = 3");
  {
    Spool spool = open(in.options());
    const auto front = spool.front();
    REQUIRE_FALSE(front);
    CHECK(front.error().code == ErrorCode::kMalformed);
  }
  in.sql("UPDATE message SET number = -1");
  CHECK(in.error().find("damaged") != std::string::npos);
}

TEST_CASE("at whatever operation the power is cut, the spool is as it was last saved") {
  Random chance(11);
  uint64_t cuts = 0;
  for (uint64_t at = 0;; ++at) {
    OnDisk on;
    // What was saved, and what a save that did not return may have made of it.
    Payloads saved, next;
    {
      Spool spool = open(on.options(2000));
      on.disk.fail_from(on.disk.operations() + at, SQLITE_IOERR_WRITE);
      int64_t removed = 0;
      for (int n = 0; n < 12; ++n) {
        next = saved;
        for (int i = 0; i < 3; ++i) {
          const std::string payload = std::to_string(n * 3 + i) + std::string(100, '.');
          if (!spool.add({.topic = "t", .payload = to_bytes(payload)})) break;
          next.push_back(payload);
        }
        for (int i = 0; i < 2; ++i) {
          if (send(spool).empty()) break;
          if (!spool.remove(++removed)) break;
          next.erase(next.begin());
        }
        if (!spool.save()) break;
        saved = next;
      }
      if (chance.next() % 2 == 0) {
        on.disk.cut_power(&chance);
      } else {
        on.disk.crash();
      }
    }
    const bool reached = saved != next;
    if (reached) ++cuts;
    on.disk.heal();
    Spool spool = open(on.options(2000));
    const Payloads left = send_all(spool);
    const bool known = left == saved || left == next;
    CHECK_MESSAGE(known, "operation " << at << ": " << left.size() << " messages");
    if (!reached) break;
  }
  CHECK(cuts > 20);
}
