#include "support/script.h"

#include <algorithm>
#include <stdexcept>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mq::test {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  throw std::invalid_argument(fmt::format("'{}' in wire notation", c));
}

size_t take_number(std::string_view& in) {
  size_t n = 0;
  while (!in.empty() && in.front() >= '0' && in.front() <= '9') {
    n = n * 10 + static_cast<size_t>(in.front() - '0');
    in.remove_prefix(1);
  }
  return n;
}

// One quoted text or pair of digits from the front.
std::string take_token(std::string_view& in) {
  if (in.front() == '\'') {
    const size_t end = in.find('\'', 1);
    if (end == std::string_view::npos) throw std::invalid_argument("open quote in wire notation");
    const std::string text(in.substr(1, end - 1));
    in.remove_prefix(end + 1);
    return text;
  }
  if (in.size() < 2) throw std::invalid_argument("half a byte in wire notation");
  const int byte = digit(in[0]) << 4 | digit(in[1]);
  in.remove_prefix(2);
  return std::string(1, static_cast<char>(byte));
}

}  // namespace

std::vector<uint8_t> wire(std::string_view in) {
  std::vector<uint8_t> bytes;
  while (!in.empty()) {
    if (in.front() == ' ') {
      in.remove_prefix(1);
      continue;
    }
    const std::string token = take_token(in);
    size_t times = 1;
    if (in.starts_with('*')) {
      in.remove_prefix(1);
      times = take_number(in);
    }
    for (; times > 0; --times) bytes.insert(bytes.end(), token.begin(), token.end());
  }
  return bytes;
}

std::string hex(Bytes bytes) {
  constexpr size_t kShown = 64;
  std::string text;
  for (const uint8_t byte : bytes.first(std::min(bytes.size(), kShown))) {
    text += fmt::format("{:02x} ", byte);
  }
  if (bytes.size() > kShown) text += fmt::format("... {} bytes ", bytes.size());
  if (!text.empty()) text.pop_back();
  return text;
}

// Times of their own kind and far from zero, so that a difference of the two is never right.
Script::Script(Endpoint& end)
    : end_(end), now_{Time(std::chrono::hours(1)), WallTime(std::chrono::hours(500'000))} {}

Script::~Script() {
  check_nothing_left(Where::here());
}

const std::vector<uint8_t>& Script::output() {
  for (;;) {
    batch_.clear();
    end_.produce(batch_, now_);
    if (batch_.empty()) return output_;
    for (const OutBatch::Piece& piece : batch_.pieces()) {
      output_.insert(output_.end(), piece.bytes.begin(), piece.bytes.end());
    }
  }
}

void Script::check_nothing_left(Where where) {
  if (const Bytes left = output(); !left.empty()) {
    ADD_FAIL_CHECK_AT(where.file, where.line, "not expected: " << hex(left));
  }
  output_.clear();
  for (const std::string& event : end_.events) {
    ADD_FAIL_CHECK_AT(where.file, where.line, "not expected: event " << event);
  }
  end_.events.clear();
}

Script& Script::open(Where where) {
  check_nothing_left(where);
  end_.opened(now_);
  return *this;
}

Script& Script::close(Where where) {
  check_nothing_left(where);
  end_.closed(now_);
  return *this;
}

Script& Script::send(std::string_view packets, Where where) {
  check_nothing_left(where);
  end_.receive(wire(packets), now_);
  return *this;
}

Script& Script::send_bytewise(std::string_view packets, Where where) {
  check_nothing_left(where);
  for (const uint8_t byte : wire(packets)) {
    // From memory of its own, so that a sanitizer sees what is kept of it.
    const std::vector<uint8_t> piece{byte};
    end_.receive(piece, now_);
  }
  return *this;
}

Script& Script::expect(std::string_view packets, Where where) {
  const std::vector<uint8_t> wanted = wire(packets);
  const Bytes got = Bytes(output()).first(std::min(output_.size(), wanted.size()));
  if (!equal(got, wanted)) {
    ADD_FAIL_CHECK_AT(where.file, where.line,
                      "expected " << hex(wanted) << "\n     got " << hex(output_));
    output_.clear();
    return *this;
  }
  output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(wanted.size()));
  return *this;
}

Script& Script::skip_output() {
  output();
  output_.clear();
  return *this;
}

Script& Script::expect_nothing(Where where) {
  check_nothing_left(where);
  return *this;
}

Script& Script::expect_close(Where where) {
  check_nothing_left(where);
  if (!end_.wants_close()) {
    ADD_FAIL_CHECK_AT(where.file, where.line, "the connection is not closed");
  }
  end_.closed(now_);
  return *this;
}

Script& Script::event(std::string_view line, Where where) {
  const std::string got = end_.events.empty() ? "none" : end_.events.front();
  if (got != line) {
    ADD_FAIL_CHECK_AT(where.file, where.line,
                      "expected event " << std::string(line) << "\n           got " << got);
  }
  if (!end_.events.empty()) end_.events.erase(end_.events.begin());
  return *this;
}

Script& Script::advance(Duration by, Where where) {
  check_nothing_left(where);
  const Time until = now_.mono + by;
  while (end_.next_deadline() <= until) {
    // A deadline that is not in the future any more is due at once; one that stays there is a loop
    // that would never sleep.
    const Time due = std::max(end_.next_deadline(), now_.mono);
    now_.wall += std::chrono::duration_cast<std::chrono::microseconds>(due - now_.mono);
    now_.mono = due;
    end_.tick(now_);
    output();
    if (end_.next_deadline() <= due) {
      ADD_FAIL_CHECK_AT(where.file, where.line, "a tick does not move the deadline on");
      break;
    }
  }
  now_.wall += std::chrono::duration_cast<std::chrono::microseconds>(until - now_.mono);
  now_.mono = until;
  return *this;
}

}  // namespace mq::test
