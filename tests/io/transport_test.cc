#include "io/transport.h"

#include <sys/socket.h>

#include <doctest/doctest.h>

#include "io/harness.h"

namespace mq::test {
namespace {

// Numbers that make every position in a stream recognisable.
void append_pattern(std::string& to, size_t bytes) {
  static uint32_t number = 0;
  for (size_t i = 0; i < bytes; i += 4) {
    ++number;
    const uint8_t b[4] = {uint8_t(number >> 24), uint8_t(number >> 16), uint8_t(number >> 8),
                          uint8_t(number)};
    to.append(reinterpret_cast<const char*>(b), 4);
  }
}

Ref<const Message> message_of(std::string_view payload) {
  MessageFields fields;
  fields.topic = "t";
  fields.payload = to_bytes(payload);
  return Message::make(fields);
}

// Fills the connection until the sender is busy; returns what it sent.
std::string fill(Peer& sender) {
  std::string sent;
  while (!sender.transport->busy()) {
    std::string part;
    append_pattern(part, 60'000);
    sender.send(part);
    sent += part;
    REQUIRE(sent.size() < 64'000'000);
  }
  return sent;
}

void echo(bool tcp) {
  Loop loop;
  Pair pair(loop, tcp);
  pair.server->on_received = [&] {
    pair.server->send(pair.server->got);
    pair.server->got.clear();
  };
  pair.client->send("hello");
  CHECK(run_until(loop, [&] { return pair.client->got == "hello"; }));
  CHECK_FALSE(pair.client->transport->busy());
  CHECK(pair.server->transport->peer().starts_with(tcp ? "127.0.0.1:" : "unix"));

  pair.client->transport->close();
  CHECK(run_until(loop, [&] { return pair.server->is_closed(); }));
  CHECK(pair.server->error->code == ErrorCode::kClosed);
  CHECK(run_until(loop, [&] { return pair.client->is_closed(); }));
}

TEST_CASE("bytes there and back over TCP") { echo(true); }
TEST_CASE("bytes there and back over a unix socket") { echo(false); }

void slow_reader(const MakeFilter& filter) {
  Loop loop;
  Pair pair(loop, false, filter);
  REQUIRE(run_until(loop, [&] { return !pair.server->transport->busy(); }));
  pair.client->transport->pause();
  std::string sent = fill(*pair.server);
  // What a stalled reader costs is what fits its socket and one batch.
  CHECK(sent.size() < 16'000'000);
  int more = 20;
  pair.server->on_writable = [&] {
    if (more-- > 0) sent += fill(*pair.server);
  };
  pair.client->transport->resume();
  CHECK(run_until(loop, [&] { return more <= 0 && pair.client->got.size() >= sent.size(); }));
  CHECK(pair.client->got == sent);
  CHECK(pair.server->writable_count >= 20);
}

TEST_CASE("a slow reader gets everything in order and makes the writer wait") {
  slow_reader(nullptr);
}

TEST_CASE("pieces of all kinds keep their order when the socket takes them in parts") {
  Loop loop;
  Pair pair(loop, false);
  pair.client->transport->pause();
  std::string sent = fill(*pair.server);
  REQUIRE(run_until(loop, [&] { return pair.server->transport->busy(); }));
  pair.client->transport->resume();
  REQUIRE(run_until(loop, [&] { return !pair.server->transport->busy(); }));
  pair.client->transport->pause();

  OutBatch batch;
  for (int i = 0; i < 20; ++i) {
    std::string copied, referenced;
    append_pattern(copied, 100);
    append_pattern(referenced, 500'000);
    batch.append(to_bytes(copied));
    const Ref<const Message> message = message_of(referenced);
    batch.reference(message->payload(), message);
    sent += copied + referenced;
  }
  pair.server->transport->write(batch);
  CHECK(batch.empty());
  CHECK(pair.server->transport->busy());
  // The batch belongs to the loop: the next connection overwrites it.
  batch.append(to_bytes(std::string(OutBatch::kScratchSize, 'x')));
  batch.clear();
  pair.client->transport->resume();
  CHECK(run_until(loop, [&] { return pair.client->got.size() >= sent.size(); }));
  CHECK(pair.client->got == sent);
}

TEST_CASE("referenced messages live until they are written, and no longer") {
  const size_t before = Message::alive();
  Loop loop;
  Pair pair(loop);
  pair.client->transport->pause();
  const auto write_message = [&] {
    const Ref<const Message> message = message_of(std::string(20'000'000, 'm'));
    OutBatch batch;
    batch.reference(message->payload(), message);
    pair.server->transport->write(batch);
  };
  write_message();
  CHECK(pair.server->transport->busy());
  CHECK(Message::alive() == before + 1);
  pair.client->transport->resume();
  CHECK(run_until(loop, [&] { return !pair.server->transport->busy(); }));
  CHECK(Message::alive() == before);
  CHECK(run_until(loop, [&] { return pair.client->got.size() == 20'000'000; }));

  // Also when the connection goes first.
  pair.client->transport->pause();
  write_message();
  CHECK(Message::alive() == before + 1);
  pair.server->transport.reset();
  CHECK(run_until(loop, [&] { return Message::alive() == before; }));
}

TEST_CASE("close sends what was written first") {
  Loop loop;
  Pair pair(loop);
  pair.client->transport->pause();
  const std::string sent = fill(*pair.server);
  pair.server->transport->close();
  CHECK(pair.server->transport->closing());
  pair.client->transport->resume();
  CHECK(run_until(loop, [&] { return pair.client->is_closed(); }));
  CHECK(pair.client->got == sent);
  CHECK(pair.client->error->code == ErrorCode::kClosed);
  CHECK(run_until(loop, [&] { return pair.server->is_closed(); }));
}

TEST_CASE("unread input does not destroy the last output") {
  // A socket that is closed with unread input resets the connection, and the reset overtakes.
  Loop loop;
  Pair pair(loop);
  pair.server->transport->pause();
  pair.client->send("unread");
  pair.server->send("last words");
  pair.server->transport->close();
  CHECK(run_until(loop, [&] { return pair.client->is_closed(); }));
  CHECK(pair.client->got == "last words");
  CHECK(run_until(loop, [&] { return pair.server->is_closed(); }));
  CHECK(pair.server->got.empty());
}

TEST_CASE("a peer that never reads holds up close for a second") {
  Loop loop;
  Pair pair(loop);
  pair.client->transport->pause();
  fill(*pair.server);
  const Time start = loop.read_clock().mono;
  pair.server->transport->close();
  pair.server->transport->close();  // once is enough
  CHECK(run_until(loop, [&] { return pair.server->is_closed(); }));
  const Duration took = loop.read_clock().mono - start;
  CHECK(took >= 1s);
  CHECK(took < 5s);
}

TEST_CASE("a reset is reported, also while a write is in flight") {
  Loop loop;
  Pair pair(loop);
  pair.client->transport->pause();
  fill(*pair.server);
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  const int fd = pair.client->transport->fd();
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  pair.client->transport.reset();
  CHECK(run_until(loop, [&] { return pair.server->is_closed(); }));
  CHECK(pair.server->error->code == ErrorCode::kClosed);
}

TEST_CASE("writing to a peer that has gone is an error of the connection, not a signal") {
  Loop loop;
  Pair pair(loop);
  pair.server->transport->pause();  // so that only writing can find out
  pair.client->transport.reset();
  CHECK(run_until(loop, [&] {
    if (!pair.server->is_closed() && !pair.server->transport->busy()) pair.server->send("x");
    return pair.server->is_closed();
  }));
}

TEST_CASE("a stream is read once a turn, so that others get theirs") {
  Loop loop;
  Pair pair(loop);
  uint32_t last_turn = 0;
  int reads = 0;
  size_t largest = 0;
  pair.client->on_received = [&] {
    CHECK(loop.turn() != last_turn);
    last_turn = loop.turn();
    ++reads;
    largest = std::max(largest, pair.client->got.size());
    pair.client->got.clear();
  };
  size_t sent = 0;
  while (!pair.server->transport->busy()) {
    pair.server->send(std::string(60'000, 'x'));
    sent += 60'000;
  }
  CHECK(run_until(loop, [&] { return !pair.server->transport->busy() && reads > 10; }));
  CHECK(largest == loop.read_buffer().size());
  CHECK(sent > 10 * largest);
}

// Each byte goes as 'D' and the byte changed by a key. 'H' is the handshake, 'P' wants an 'A' for
// an answer, 'F' is the end, and 'E' an error that is answered with an 'E'.
class ToyFilter final : public Filter {
 public:
  explicit ToyFilter(uint8_t key) : key_(key) {}
  static int answers;

  Result<void> from_wire(Bytes in, Buffer& plain, Buffer& wire) override {
    if (!std::exchange(greeted_, true)) wire.put_u8('H');
    for (const uint8_t byte : in) {
      if (std::exchange(in_data_, false)) {
        plain.put_u8(byte ^ key_);
        continue;
      }
      switch (byte) {
        case 'H': open_ = true; break;
        case 'D': in_data_ = true; break;
        case 'P': wire.put_u8('A'); break;
        case 'A': ++answers; break;
        case 'E':
          wire.put_u8('E');
          open_ = false;
          return fail(ErrorCode::kMalformed, "an error that is answered");
        case 'F': return fail(ErrorCode::kClosed, "the filter of the other side said so");
        default: return fail(ErrorCode::kMalformed, "not the toy protocol");
      }
    }
    return {};
  }
  Result<void> to_wire(Bytes plain, Buffer& wire) override {
    REQUIRE(open_);
    uint8_t* to = wire.grow(2 * plain.size());
    for (const uint8_t byte : plain) {
      *to++ = 'D';
      *to++ = byte ^ key_;
    }
    if (plain.size() == 1 && plain[0] == '?') wire.put_u8('P');
    return {};
  }
  void finish(Buffer& wire) override {
    if (open_) wire.put_u8('F');
  }
  bool open() const override { return open_; }

 private:
  const uint8_t key_;
  bool greeted_ = false, open_ = false, in_data_ = false;
};
int ToyFilter::answers = 0;

std::unique_ptr<Filter> one_filter() { return std::make_unique<ToyFilter>(uint8_t{0x55}); }
std::unique_ptr<Filter> two_filters() {
  return stack(std::make_unique<ToyFilter>(uint8_t{0x0F}),
               std::make_unique<ToyFilter>(uint8_t{0xF0}));
}

void through_filters(const MakeFilter& filter) {
  Loop loop;
  Pair pair(loop, true, filter);
  // Nothing can be sent before the handshake, and its end is reported.
  CHECK(run_until(loop, [&] { return !pair.client->transport->busy(); }));
  CHECK(run_until(loop, [&] { return !pair.server->transport->busy(); }));
  CHECK(pair.client->writable_count == 1);
  pair.client->send("secret");
  CHECK(run_until(loop, [&] { return pair.server->got == "secret"; }));
  const int before = ToyFilter::answers;
  pair.server->send("?");
  CHECK(run_until(loop, [&] { return ToyFilter::answers == before + 1; }));
  CHECK(pair.client->got == "?");
  pair.client->transport->close();
  CHECK(run_until(loop, [&] { return pair.server->is_closed() && pair.client->is_closed(); }));
  CHECK(pair.server->error->text == "the filter of the other side said so");
}

TEST_CASE("a filter stands between the wire and the owner") { through_filters(one_filter); }
TEST_CASE("two filters are one above the other") { through_filters(two_filters); }
TEST_CASE("a slow reader behind a filter") { slow_reader(one_filter); }

TEST_CASE("a large message behind a filter costs a chunk at a time") {
  const size_t before = Message::alive();
  Loop loop;
  Pair pair(loop, false, one_filter);
  REQUIRE(run_until(loop, [&] { return !pair.server->transport->busy(); }));
  pair.client->transport->pause();
  std::string payload;
  append_pattern(payload, 1'000'000);
  {
    const Ref<const Message> message = message_of(payload);
    OutBatch batch;
    batch.append(to_bytes("head"));
    batch.reference(message->payload(), message);
    batch.append(to_bytes("tail"));
    pair.server->transport->write(batch);
  }
  CHECK(pair.server->transport->busy());
  CHECK(Message::alive() == before + 1);
  // Its last word comes behind everything.
  pair.server->transport->close();
  pair.client->transport->resume();
  CHECK(run_until(loop, [&] { return pair.client->is_closed(); }));
  CHECK(pair.client->got == "head" + payload + "tail");
  CHECK(run_until(loop, [&] { return pair.server->is_closed(); }));
  CHECK(Message::alive() == before);
}

TEST_CASE("what a filter cannot read ends the connection") {
  Loop loop;
  std::unique_ptr<Peer> plain, filtered;
  auto listeners = listen_on(loop, local_tcp(0), [&](UvStream s) {
    filtered = std::make_unique<Peer>(std::move(s), one_filter());
  });
  REQUIRE(listeners);
  Dialer dialer(loop, {.address = local_tcp(listeners->front()->port())}, [&](Result<UvStream> s) {
    REQUIRE(s);
    plain = std::make_unique<Peer>(std::move(*s));
  });
  REQUIRE(run_until(loop, [&] { return plain && filtered; }));
  plain->send("HDaZ");
  CHECK(run_until(loop, [&] { return filtered->is_closed(); }));
  CHECK(filtered->error->code == ErrorCode::kMalformed);
  CHECK(filtered->got == std::string(1, 'a' ^ 0x55));  // what came before it was handed on
}

TEST_CASE("the last word of a filter that fails: what waited does not come behind it") {
  Loop loop;
  std::unique_ptr<Peer> plain, filtered;
  auto listeners = listen_on(loop, local_tcp(0), [&](UvStream s) {
    filtered = std::make_unique<Peer>(std::move(s), one_filter());
  });
  REQUIRE(listeners);
  Dialer dialer(loop, {.address = local_tcp(listeners->front()->port())}, [&](Result<UvStream> s) {
    REQUIRE(s);
    plain = std::make_unique<Peer>(std::move(*s));
  });
  REQUIRE(run_until(loop, [&] { return plain && filtered; }));
  plain->send("H");
  REQUIRE(run_until(loop, [&] { return !filtered->transport->busy(); }));
  plain->transport->pause();
  fill(*filtered);
  plain->send("DaE");
  REQUIRE(run_until(loop, [&] { return filtered->transport->closing(); }));
  plain->transport->resume();
  CHECK(run_until(loop, [&] { return plain->is_closed() && filtered->is_closed(); }));
  CHECK(plain->got.ends_with('E'));
  CHECK(filtered->error->text == "an error that is answered");
  CHECK(filtered->got == std::string(1, 'a' ^ 0x55));
}

}  // namespace
}  // namespace mq::test
