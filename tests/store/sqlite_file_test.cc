// The file itself: whose it is, which version, and whether it is whole.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/log.h"
#include "support/store_script.h"

using namespace mq;
using namespace mq::test;

namespace {

namespace fs = std::filesystem;

struct Directory {
  Directory() {
    std::string name = fs::temp_directory_path() / "mqkit-store-XXXXXX";
    path = mkdtemp(name.data());
  }
  ~Directory() { fs::remove_all(path); }
  fs::path path;
  StoreOptions options(bool recover = false) const {
    StoreOptions options;
    options.path = path / "store";
    options.recover = recover;
    return options;
  }
  // Runs SQL on the file from outside.
  void sql(const char* text) const {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open((path / "store").c_str(), &db) == SQLITE_OK);
    CHECK_MESSAGE(sqlite3_exec(db, text, nullptr, nullptr, nullptr) == SQLITE_OK, text);
    sqlite3_close(db);
  }
  void fill() const {
    auto file = SqliteFile::open(options());
    REQUIRE(file);
    Batch batch;
    batch.put_session({"c", "", 60, true, WallTime::max(), nullptr});
    for (uint64_t n = 0; n < 500; ++n) {
      batch.put_queued({"c", n, message("topic", std::string(200, 'x')), WallTime::max(), 0, 0x32,
                        0});
    }
    REQUIRE((*file)->write(batch.take_all().bytes()));
  }
  std::string error(bool recover = false) const {
    const auto file = SqliteFile::open(options(recover));
    return file ? "" : file.error().text;
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a new file is of this version and can be read by its owner only") {
  const Directory d;
  d.fill();
  struct stat status {};
  REQUIRE(stat((d.path / "store").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(state_of(**SqliteFile::open(d.options())).size() == 502);
}

TEST_CASE("a directory that is not there is named") {
  StoreOptions options;
  options.path = "/nonexistent/store";
  const auto file = SqliteFile::open(options);
  REQUIRE(!file);
  CHECK(has(file.error().text, "/nonexistent/store"));
}

TEST_CASE("a file of a later version is refused and left alone, also with recover") {
  const Directory d;
  d.fill();
  d.sql("PRAGMA user_version=2");
  for (const bool recover : {false, true}) CHECK(has(d.error(recover), "later mqbroker"));
  d.sql("PRAGMA user_version=1");
  CHECK(d.error() == "");
}

TEST_CASE("another program's database is refused and left alone, also with recover") {
  const Directory d;
  d.sql("CREATE TABLE t(x); PRAGMA user_version=7");
  for (const bool recover : {false, true}) CHECK(has(d.error(recover), "another program"));
  CHECK(std::distance(fs::directory_iterator(d.path), {}) == 1);
}

TEST_CASE("a damaged file is named; it is set aside when that was said") {
  const Directory d;
  d.fill();
  SUBCASE("no database at all") { std::ofstream(d.path / "store") << "this is not a database...."; }
  SUBCASE("a page overwritten") {
    std::fstream file(d.path / "store", std::ios::in | std::ios::out);
    for (int page = 4; page < 30; ++page) {
      file.seekp(page * 4096);
      file << std::string(64, '\xff');
    }
  }
  SUBCASE("a value that cannot be") { d.sql("UPDATE queued SET first_byte = 999"); }
  SUBCASE("a journal of garbage") { d.sql("INSERT INTO journal(changes) VALUES(x'ff00')"); }
  SUBCASE("a journal that does not fit") {
    d.sql("INSERT INTO journal(changes) VALUES(x'090001780000')");  // of session "x"
  }
  std::vector<std::string> lines;
  const LogSink before = set_log_sink(
      [&](LogLevel, std::string_view, std::string_view line) { lines.emplace_back(line); });
  const auto set_aside = [&] {
    const auto is_bad = [](const auto& entry) {
      const std::string name = entry.path().filename();
      return name.starts_with("store.bad-") && !name.ends_with("-wal");
    };
    return std::count_if(fs::directory_iterator(d.path), fs::directory_iterator(), is_bad);
  };
  auto refused = SqliteFile::open(d.options());
  if (refused) {
    // It was only seen when it was read.
    CHECK(has(state_of(**refused).at(0), "damaged"));
    CHECK(has(state_of(**refused).at(0), "--store-recover"));
    refused->reset();
  } else {
    CHECK(has(refused.error().text, "--store-recover"));
  }
  CHECK(set_aside() == 0);

  const auto fresh = SqliteFile::open(d.options(true));
  REQUIRE_MESSAGE(fresh, fresh.error().text);
  CHECK(state_of(**fresh).empty());
  REQUIRE(lines.size() == 1);
  CHECK(has(lines[0], ".bad-"));
  CHECK(set_aside() == 1);
  set_log_sink(before);
}

TEST_CASE("a store that another process has open is refused with its number") {
  const Directory d;
  int ready[2], done[2];
  REQUIRE(pipe(ready) == 0);
  REQUIRE(pipe(done) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto file = SqliteFile::open(d.options());
    char byte = file ? 'y' : 'n';
    static_cast<void>(!write(ready[1], &byte, 1));
    static_cast<void>(!read(done[0], &byte, 1));
    _exit(0);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  REQUIRE(byte == 'y');
  CHECK(has(d.error(), "in use by process " + std::to_string(child)));
  CHECK(has(d.error(true), "in use by process " + std::to_string(child)));
  static_cast<void>(!write(done[1], &byte, 1));
  waitpid(child, nullptr, 0);
  for (const int fd : {ready[0], ready[1], done[0], done[1]}) close(fd);
  CHECK(d.error() == "");
}
