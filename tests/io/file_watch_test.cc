#include "io/file_watch.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "io/harness.h"

namespace mq::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Watched {
  Watched() { fs::create_directory(directory); }
  ~Watched() { fs::remove_all(directory); }
  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(directory / name) << text;
    return directory / name;
  }
  // Changes until the watch has noticed: the first look at a file may come after a change.
  template <class Change>
  bool notices(Change&& change) {
    const int before = changes;
    for (int i = 0; i < 100; ++i) {
      change(i);
      bool over = false;
      Timer until(loop, [&over](Now) { over = true; });
      until.set(loop.read_clock().mono + 60ms);
      REQUIRE(run_until(loop, [&] { return over || changes > before; }));
      if (changes > before) return true;
    }
    return false;
  }

  TempDir temporary;
  const fs::path directory = fs::path(temporary.file("x"));
  Loop loop;
  int changes = 0;
  FileWatch watch{loop, 5ms, [this] { ++changes; }};
};

TEST_CASE("a file that is written, replaced, removed and made again") {
  Watched w;
  const fs::path file = w.write("file", "0");
  w.watch.set({file.string()});
  CHECK(w.notices([&](int i) { w.write("file", std::string(static_cast<size_t>(i + 2), 'x')); }));
  CHECK(w.notices([&](int) { fs::rename(w.write("new", "new"), file); }));
  CHECK(w.notices([&](int) {
    fs::remove(file);
    w.write("file", "again");
  }));
}

TEST_CASE("links are followed, and so are directories that are links") {
  Watched w;
  fs::create_directory(w.directory / "a");
  fs::create_directory(w.directory / "b");
  w.write("a/file", "of a");
  w.write("b/file", "of b, which is longer");
  fs::create_symlink("a", w.directory / "live");
  fs::create_symlink("live/file", w.directory / "link");
  w.watch.set({(w.directory / "link").string()});
  // As one does it who wants no moment without: a new link over the old one.
  CHECK(w.notices([&](int i) {
    fs::create_symlink(i % 2 == 0 ? "b" : "a", w.directory / "next");
    fs::rename(w.directory / "next", w.directory / "live");
  }));
}

TEST_CASE("other files than before, and none: nothing is noticed, and nothing keeps the loop") {
  Watched w;
  const fs::path one = w.write("one", "1"), two = w.write("two", "2");
  w.watch.set({one.string(), one.string()});
  w.watch.set({two.string()});
  CHECK(w.notices([&](int i) { w.write("two", std::string(static_cast<size_t>(i + 2), 'x')); }));
  w.watch.set({});
  const int before = w.changes;
  w.write("two", "y");
  w.loop.run();  // ends
  CHECK(w.changes == before);
}

}  // namespace
}  // namespace mq::test
