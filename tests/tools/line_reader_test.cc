#include "clients/line_reader.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

namespace {

// The lines of `input` when it is read in blocks of `block` bytes, each with a '>' in front, or
// with a '!' when it was cut.
std::string lines_of(std::string_view input, size_t block, size_t line_max = 1000,
                     std::string delimiter = "\n") {
  LineReader reader(line_max, std::move(delimiter));
  std::string out;
  const auto add = [&out](const LineReader::Line& line) {
    out += line.cut ? '!' : '>';
    out += to_string_view(line.text);
  };
  for (size_t at = 0; at < input.size(); at += block) {
    // A copy of its own, so that a line that points to an older block is found by a sanitizer.
    const std::string copy(input.substr(at, block));
    reader.feed(to_bytes(copy));
    while (const auto line = reader.next()) add(*line);
  }
  if (const auto line = reader.rest()) add(*line);
  CHECK(!reader.rest());
  return out;
}

}  // namespace

TEST_CASE("lines end with a line feed, the last one with the input") {
  using namespace std::string_view_literals;
  const struct {
    std::string_view input, lines;
  } kCases[] = {
      {""sv, ""sv},
      {"\n"sv, ">"sv},
      {"a"sv, ">a"sv},
      {"a\n"sv, ">a"sv},
      {"a\nb"sv, ">a>b"sv},
      {"a\n\nb\n"sv, ">a>>b"sv},
      {"\n\n\n"sv, ">>>"sv},
      {"a\r\n"sv, ">a\r"sv},
      {"nul\0in\nB\nC\n"sv, ">nul\0in>B>C"sv},
      {"\xFF\xFE\n\0"sv, ">\xFF\xFE>\0"sv},
  };
  for (const auto& c : kCases) {
    for (size_t block = 1; block <= c.input.size() + 1; ++block) {
      CAPTURE(c.input);
      CAPTURE(block);
      CHECK(lines_of(c.input, block) == c.lines);
    }
  }
}

TEST_CASE("a line over the limit is cut, and the next one is whole again") {
  for (size_t block = 1; block <= 20; ++block) {
    CAPTURE(block);
    CHECK(lines_of("12345\n123456\n1\n1234567890", block, 5) == ">12345!12345>1!12345");
  }
}

TEST_CASE("any input in any blocks comes out as it went in") {
  Random random(1);
  for (int run = 0; run < 200; ++run) {
    std::string input, expected;
    for (uint64_t n = random.below(30); n > 0; --n) {
      const std::string line = random.alphanumeric(random.below(40));
      input += line + '\n';
      expected += '>' + line;
    }
    CHECK(lines_of(input, 1 + random.below(50)) == expected);
  }
}

TEST_CASE("other delimiters, of one byte or several, wherever blocks end") {
  using namespace std::string_view_literals;
  for (size_t block = 1; block <= 20; ++block) {
    CAPTURE(block);
    CHECK(lines_of("a\nb\0c"sv, block, 1000, std::string(1, '\0')) == ">a\nb>c");
    CHECK(lines_of("a-b--c---d--", block, 1000, "--") == ">a-b>c>-d");
    CHECK(lines_of("abaabab", block, 1000, "ab") == ">>a>");
    CHECK(lines_of("--", block, 1000, "--") == ">");
    // A line over the limit still ends where it ends.
    CHECK(lines_of("123456--1--12345--1234567", block, 5, "--") == "!12345>1>12345!12345");
  }
}

TEST_CASE("whole lines of a block: up to its last delimiter, or all of it") {
  const auto whole = [](std::string_view block, std::string delimiter) {
    return to_string_view(LineReader(100, std::move(delimiter)).whole_lines(to_bytes(block)));
  };
  CHECK(whole("one\ntwo\nthr", "\n") == "one\ntwo\n");
  CHECK(whole("one\n", "\n") == "one\n");
  CHECK(whole("on", "\n") == "on");
  CHECK(whole("", "\n") == "");
  CHECK(whole("a--b--c-", "--") == "a--b--");
}
