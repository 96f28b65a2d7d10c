#include "io/input.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "io/harness.h"

namespace mq::test {
namespace {

// What an Input gave, and when it ended.
struct Reader final : Input::Owner {
  Reader(Loop& loop, int fd) : input(loop, fd, *this) {}
  void input_read(Bytes block) override {
    got += to_string_view(block);
    ++blocks;
    if (pause_at_block) input.pause();
  }
  void input_ended(const Error* error) override {
    ended = true;
    failed = error != nullptr;
  }

  Input input;
  std::string got;
  int blocks = 0;
  bool pause_at_block = false;
  bool ended = false;
  bool failed = false;
};

struct Pipe {
  Pipe() { REQUIRE(pipe(ends.data()) == 0); }
  ~Pipe() {
    for (const int fd : ends) {
      if (fd >= 0) close(fd);
    }
  }
  void put(std::string_view text) {
    REQUIRE(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void end() {
    close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{};
};

TEST_CASE("a pipe is read as it is written to, up to its end") {
  Loop loop;
  Pipe pipe;
  Reader reader(loop, pipe.ends[0]);
  reader.input.resume();
  pipe.put("one");
  CHECK(run_until(loop, [&] { return reader.got == "one"; }));
  CHECK_FALSE(reader.ended);
  pipe.put("two");
  CHECK(run_until(loop, [&] { return reader.got == "onetwo"; }));
  pipe.end();
  CHECK(run_until(loop, [&] { return reader.ended; }));
  CHECK_FALSE(reader.failed);
}

TEST_CASE("nothing is read while paused, so a writer is held up by a full pipe") {
  Loop loop;
  Pipe pipe;
  Reader reader(loop, pipe.ends[0]);
  reader.pause_at_block = true;
  pipe.put("one");
  loop.run();  // an input starts paused, and does not keep the loop
  CHECK(reader.got == "");
  reader.input.resume();
  CHECK(run_until(loop, [&] { return reader.input.paused(); }));
  pipe.put("two");
  loop.run();
  CHECK(reader.got == "one");
  reader.input.resume();
  CHECK(run_until(loop, [&] { return reader.got == "onetwo"; }));
}

TEST_CASE("a file is read a block a turn") {
  Loop loop;
  const std::string content(3 * Input::kBlockSize + 5, 'x');
  std::string path = "/tmp/mqio.XXXXXX";
  const int fd = mkstemp(path.data());
  REQUIRE(fd >= 0);
  unlink(path.c_str());
  REQUIRE(write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
  Reader reader(loop, fd);
  reader.input.resume();
  CHECK(run_until(loop, [&] { return reader.ended; }));
  CHECK(reader.got == content);
  CHECK(reader.blocks == 4);
  close(fd);
}

TEST_CASE("/dev/null ends at once, and what cannot be read is an error") {
  Loop loop;
  const int null = open("/dev/null", O_RDONLY);
  Reader empty(loop, null);
  empty.input.resume();
  CHECK(run_until(loop, [&] { return empty.ended; }));
  CHECK_FALSE(empty.failed);
  close(null);

  const int directory = open("/tmp", O_RDONLY);
  Reader unreadable(loop, directory);
  unreadable.input.resume();
  CHECK(run_until(loop, [&] { return unreadable.ended; }));
  CHECK(unreadable.failed);
  close(directory);
}

TEST_CASE("a pipe that other programs share stays as blocking as it was") {
  Loop loop;
  Pipe pipe;
  const int before = fcntl(pipe.ends[0], F_GETFL);
  {
    Reader reader(loop, pipe.ends[0]);
    reader.input.resume();
    pipe.put("x");
    CHECK(run_until(loop, [&] { return reader.got == "x"; }));
    CHECK(fcntl(pipe.ends[0], F_GETFL) == before);
  }
  CHECK(fcntl(pipe.ends[0], F_GETFL) == before);
}

}  // namespace
}  // namespace mq::test
