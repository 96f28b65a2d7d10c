#include "io/input.h"

#include <fcntl.h>
#include <sys/stat.h>
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
  Reader(Loop& loop, int fd, Input::Mode mode = Input::Mode::kTake)
      : input(loop, fd, *this, mode) {}
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

TEST_CASE("a named pipe whose writer has gone already is read to its end") {
  for (const bool another : {false, true}) {
    CAPTURE(another);
    Loop loop;
    const TempDir directory;
    const std::string path = directory.file("fifo");
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK);
    int writer = open(path.c_str(), O_WRONLY);
    REQUIRE(write(writer, "one", 3) == 3);
    close(writer);
    Reader reader(loop, fd);
    std::string expected = "one";
    if (another) {
      // One that comes later and stays for a while.
      writer = open(path.c_str(), O_WRONLY);
      reader.input.resume();
      CHECK(run_until(loop, [&] { return reader.got == "one"; }));
      loop.post([&] {
        CHECK(write(writer, "two", 3) == 3);
        close(writer);
      });
      expected = "onetwo";
    }
    reader.input.resume();
    CHECK(run_until(loop, [&] { return reader.ended; }));
    CHECK(reader.got == expected);
    CHECK_FALSE(reader.failed);
    close(fd);
    unlink(path.c_str());
  }
}

// What another reader of the same source would get now.
std::string left_in(int fd) {
  std::string left(100, ' ');
  const ssize_t count = read(fd, left.data(), left.size());
  left.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return left;
}

TEST_CASE("a pipe that is peeked into keeps what was not taken") {
  Loop loop;
  Pipe pipe;
  {
    Reader reader(loop, pipe.ends[0], Input::Mode::kPeek);
    CHECK(reader.input.peeks());
    reader.input.resume();
    pipe.put("one\ntw");
    CHECK(run_until(loop, [&] { return reader.got == "one\ntw"; }));
    CHECK(reader.input.paused());
    pipe.put("o\n");
    loop.run();  // paused: nothing more, and nothing to wait for
    CHECK(reader.got == "one\ntw");
    reader.input.take(4);
    reader.got.clear();
    reader.input.resume();
    CHECK(run_until(loop, [&] { return reader.got == "two\n"; }));
  }
  CHECK(left_in(pipe.ends[0]) == "two\n");
}

TEST_CASE("a pipe that is peeked into has an end, too, and takes more than a block") {
  Loop loop;
  Pipe pipe;
  const std::string content(Input::kBlockSize, 'x');
  pipe.put(content);
  Reader reader(loop, pipe.ends[0], Input::Mode::kPeek);
  reader.input.resume();
  CHECK(run_until(loop, [&] { return reader.got == content; }));
  reader.input.take(content.size());
  pipe.put("y");
  pipe.end();
  reader.input.resume();
  CHECK(run_until(loop, [&] { return reader.got == content + "y"; }));
  CHECK_FALSE(reader.ended);
  reader.input.take(1);
  reader.input.resume();
  CHECK(run_until(loop, [&] { return reader.ended; }));
  CHECK_FALSE(reader.failed);
}

TEST_CASE("a file that is peeked into is left where it was taken up to") {
  Loop loop;
  std::string path = "/tmp/mqio.XXXXXX";
  const int fd = mkstemp(path.data());
  REQUIRE(fd >= 0);
  unlink(path.c_str());
  REQUIRE(write(fd, "one\ntwo\n", 8) == 8);
  REQUIRE(lseek(fd, 0, SEEK_SET) == 0);
  {
    Reader reader(loop, fd, Input::Mode::kPeek);
    reader.input.resume();
    CHECK(run_until(loop, [&] { return reader.got == "one\ntwo\n"; }));
    reader.input.take(4);
  }
  CHECK(left_in(fd) == "two\n");
  close(fd);
}

TEST_CASE("what cannot be peeked into is read as ever") {
  Loop loop;
  const int null = open("/dev/null", O_RDONLY);
  Reader reader(loop, null, Input::Mode::kPeek);
  CHECK_FALSE(reader.input.peeks());
  reader.input.resume();
  CHECK(run_until(loop, [&] { return reader.ended; }));
  CHECK_FALSE(reader.failed);
  close(null);
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
