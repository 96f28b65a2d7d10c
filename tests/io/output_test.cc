#include "io/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "io/harness.h"

namespace mq::test {
namespace {

struct Writer final : Output::Owner {
  Writer(Loop& loop, int fd) : output(loop, fd, *this) {}
  void output_drained() override { ++drained; }
  void output_failed(const Error& error) override {
    ++failures;
    failure = error.code;
  }

  Output output;
  int drained = 0;
  int failures = 0;
  std::optional<ErrorCode> failure;
};

struct Pipe {
  Pipe() {
    REQUIRE(pipe(ends.data()) == 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    close_reader();
    close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0) close(ends[0]);
    ends[0] = -1;
  }
  // What is in the pipe now.
  std::string take() {
    std::string got;
    std::array<char, 4096> block{};
    for (ssize_t n; (n = read(ends[0], block.data(), block.size())) > 0;) {
      got.append(block.data(), static_cast<size_t>(n));
    }
    return got;
  }
  std::array<int, 2> ends{};
};

TEST_CASE("what is appended in a turn is written before the loop sleeps") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop, pipe.ends[1]);
  writer.output.buffer().append("one");
  writer.output.buffer().append("two");
  CHECK(pipe.take() == "");
  loop.run();
  CHECK(pipe.take() == "onetwo");
  CHECK(writer.output.empty());
}

TEST_CASE("a reader that is slow blocks the output and not the loop") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop, pipe.ends[1]);
  const std::string content(1 << 20, 'x');
  writer.output.buffer().append(content);
  writer.output.flush();
  CHECK(writer.output.blocked());
  CHECK(writer.drained == 0);
  std::string got;
  CHECK(run_until(loop, [&] {
    got += pipe.take();
    return writer.drained == 1;
  }));
  got += pipe.take();
  CHECK(got == content);
  CHECK_FALSE(writer.output.blocked());
}

TEST_CASE("a reader that goes away is noticed though there is nothing to write") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop, pipe.ends[1]);
  pipe.close_reader();
  CHECK(run_until(loop, [&] { return writer.failures > 0; }));
  CHECK(writer.failure == ErrorCode::kClosed);
  writer.output.buffer().append("more");
  loop.run();
  CHECK(writer.failures == 1);
}

TEST_CASE("writing to a pipe without a reader fails once, as closed") {
  Loop loop;
  Pipe pipe;
  Writer writer(loop, pipe.ends[1]);
  pipe.close_reader();
  writer.output.buffer().append("x");
  writer.output.flush();
  CHECK(writer.failure == ErrorCode::kClosed);
  CHECK(writer.output.empty());
}

TEST_CASE("a full device is an error of its own kind") {
  Loop loop;
  const int full = open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  Writer writer(loop, full);
  writer.output.buffer().append("x");
  loop.run();
  CHECK(writer.failures == 1);
  CHECK(writer.failure == ErrorCode::kIo);
  close(full);
}

TEST_CASE("a file is appended to where its position is") {
  Loop loop;
  std::string path = "/tmp/mqio.XXXXXX";
  const int fd = mkstemp(path.data());
  REQUIRE(write(fd, "old ", 4) == 4);
  {
    Writer writer(loop, fd);
    writer.output.buffer().append("new");
    loop.run();
  }
  std::array<char, 16> content{};
  CHECK(pread(fd, content.data(), content.size(), 0) == 7);
  CHECK(std::string(content.data()) == "old new");
  unlink(path.c_str());
  close(fd);
}

TEST_CASE("a pipe that other programs share stays as blocking as it was") {
  Loop loop;
  Pipe pipe;
  const int before = fcntl(pipe.ends[1], F_GETFL);
  {
    Writer writer(loop, pipe.ends[1]);
    CHECK(fcntl(pipe.ends[1], F_GETFL) == before);
  }
  CHECK(fcntl(pipe.ends[1], F_GETFL) == before);
}

}  // namespace
}  // namespace mq::test
