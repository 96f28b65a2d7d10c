// Scripted exchanges: a test is the peer of one protocol end, packet by packet, with the clock in
// its hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "session/out_batch.h"

namespace mq::test {

// Packets as a test writes them: hex digits in pairs, text in quotes, "*N" behind either repeats
// it, blanks are ignored: "30 07 0003 'a/b' 'hi'", "ff*20". Throws what is none of that.
std::vector<uint8_t> wire(std::string_view notation);
// "30 07 00 ff"; of long ones the beginning and the size.
std::string hex(Bytes bytes);

// Where a test called from: failures are reported there and not in this helper.
struct Where {
  const char* file;
  int line;
  static Where here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

// The end under test: a client session, or a broker seen through one of its connections.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual void opened(Now now) = 0;
  virtual void closed(Now now) = 0;
  virtual void receive(Bytes bytes, Now now) = 0;
  virtual void produce(OutBatch& to, Now now) = 0;
  virtual void tick(Now now) = 0;
  virtual Time next_deadline() const = 0;
  virtual bool wants_close() const = 0;

  // What the end reported, a line each, until a script takes it.
  std::vector<std::string> events;
};

//   script.open().expect("10 ...").send("20 02 0000").event("connected");
//   script.advance(60s).expect("c0 00");
// Output and events are to be expected in the order in which they come and completely: whatever is
// left over when the script goes on, or ends, fails the test.
class Script {
 public:
  explicit Script(Endpoint& end);
  ~Script();
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  // The transport comes and goes.
  Script& open(Where where = Where::here());
  Script& close(Where where = Where::here());

  // The peer's bytes, in one piece.
  Script& send(std::string_view packets, Where where = Where::here());
  // The same, a byte at a time: nothing may depend on how a stream is cut.
  Script& send_bytewise(std::string_view packets, Where where = Where::here());
  // The end's bytes come next.
  Script& expect(std::string_view packets, Where where = Where::here());
  // Whatever the end has sent does not matter to this test.
  Script& skip_output();
  // Neither output nor events are left.
  Script& expect_nothing(Where where = Where::here());
  // The end wants the transport closed, and it is.
  Script& expect_close(Where where = Where::here());
  // The next thing reported.
  Script& event(std::string_view line, Where where = Where::here());

  // Lets time pass, with a tick at every deadline on the way.
  Script& advance(Duration by, Where where = Where::here());

  Now now() const { return now_; }
  // What the end has sent and the script has not asked for yet.
  const std::vector<uint8_t>& output();

 private:
  void check_nothing_left(Where where);

  Endpoint& end_;
  Now now_;
  OutBatch batch_;
  std::vector<uint8_t> output_;
};

}  // namespace mq::test
