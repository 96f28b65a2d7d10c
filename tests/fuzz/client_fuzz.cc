// A client session between a hostile server and a program that calls anything at any time: it
// always ends, what it sends is always valid, and it keeps nothing.
#include <algorithm>
#include <string>

#include "client/client_session.h"
#include "codec/decode.h"
#include "fuzz/check.h"
#include "fuzz/chunked.h"

using namespace mq;
using namespace mq::test;

namespace {

constexpr std::string_view kMethod = "M";

ClientOptions options_of(uint8_t first, uint8_t second) {
  ClientOptions options;
  options.version = static_cast<Version>(3 + first % 3);
  options.client_id = "c";
  options.clean_start = (first & 0x10) != 0;
  options.keep_alive_s = (first & 0x20) != 0 ? 10 : 0;
  options.inflight_max = (first & 0x40) != 0 ? 2 : 65'535;
  options.packet_max = (first & 0x80) != 0 ? 300 : kPacketMax;
  if (options.version != Version::kV5) return options;
  if ((second & 0x01) != 0) options.session_expiry_s = 100u;
  if ((second & 0x02) != 0) options.receive_maximum = uint16_t{3};
  if ((second & 0x04) != 0) options.topic_alias_maximum = uint16_t{4};
  if ((second & 0x08) != 0) options.maximum_packet_size = 200u;
  if ((second & 0x10) != 0) options.properties.add(PropertyId::kAuthenticationMethod, kMethod);
  options.use_topic_aliases = (second & 0x20) != 0;
  return options;
}

// Reads what the session sends on one connection, as a strict server would.
class Server {
 public:
  explicit Server(Version version) : version_(version) {}

  void receive(const OutBatch& batch, const ClientSession& session) {
    for (const OutBatch::Piece& piece : batch.pieces()) {
      Bytes in = piece.bytes;
      for (;;) {
        const auto frame = reader_.next(in);
        FUZZ_CHECK(frame);
        if (!*frame) break;
        take(**frame, session);
      }
    }
  }

 private:
  void take(const Frame& frame, const ClientSession& session) {
    const auto packet = decode(frame, version_, Side::kClient);
    FUZZ_CHECK(packet);
    FUZZ_CHECK(!disconnected_);                                         // [MQTT-3.14.4-1]
    FUZZ_CHECK((frame.type() == PacketType::kConnect) == !connected_);  // [MQTT-3.1.0-1]
    if (session.state() == ClientSession::State::kConnected) {          // [MQTT-3.2.2-15]
      FUZZ_CHECK(frame.size() <= session.server_packet_max() ||
                 frame.type() == PacketType::kAuth);  // queued before the limit was known
    }
    connected_ = true;
    disconnected_ = frame.type() == PacketType::kDisconnect;
    if (session.state() == ClientSession::State::kConnecting) {  // [MQTT-3.1.2-30]
      FUZZ_CHECK(frame.type() == PacketType::kConnect || frame.type() == PacketType::kAuth);
    }
  }

  Version version_;
  FrameReader reader_;
  bool connected_ = false, disconnected_ = false;
};

class Program {
 public:
  Program(ClientOptions options, FuzzInput& input)
      : input_(input), session_(std::move(options)), server_(session_.options().version) {}

  void run() {
    // Messages times reconnects is what a run costs; more of both show nothing new.
    for (int left = 1000; left > 0 && !input_.empty(); --left) {
      act(input_.take_u8());
      check();
    }
    if (!idle()) session_.closed(now_);
  }

 private:
  bool idle() const { return session_.state() == ClientSession::State::kIdle; }
  bool connected() const { return session_.state() == ClientSession::State::kConnected; }

  // 0 stands for the server's bytes, so that a packet is a seed.
  void act(uint8_t action) {
    switch (action % 16) {
      case 0:
      case 1:
      case 2:
        if (idle()) open(), produce();
        return receive();
      case 3:  // the server may speak first
        if (idle()) open();
        return receive();
      case 4: return produce();
      case 5:
      case 6:
      case 7: return publish(static_cast<Qos>(action % 16 - 5), action);
      case 8:
      case 9: return subscribe((action & 1) != 0);
      case 10: return reconnect((action & 0x10) != 0);
      case 11:
        if (connected()) session_.ping(now_);
        return;
      case 12: return pass_time(action);
      case 13: return auth(action);
      case 14: return disconnect(action);
      case 15:
        if (!idle()) session_.closed(now_);
        return;
    }
  }

  void receive() {
    Bytes chunk;
    if (input_.next_chunk(chunk)) deliver(chunk);
  }

  void deliver(Bytes in) {
    for (;;) {
      const size_t before = in.size();
      const auto event = session_.receive(in, now_);
      if (!event) {
        FUZZ_CHECK(session_.state() == ClientSession::State::kClosing);
        FUZZ_CHECK(session_.error() && session_.error_reason());
        return;
      }
      FUZZ_CHECK(in.size() <= before);
      if (!event->has_value()) {
        FUZZ_CHECK(in.empty());
        return;
      }
    }
  }

  void open() {
    server_ = Server(session_.options().version);
    session_.opened(now_);
  }

  // A new connection, accepted in the plainest way, so that no input has to guess a CONNACK.
  void reconnect(bool present) {
    if (!idle()) session_.closed(now_);
    open();
    produce();
    const uint8_t flag = present ? 1 : 0;
    const uint8_t v3[] = {0x20, 2, flag, 0}, v5[] = {0x20, 3, flag, 0, 0};
    deliver(session_.options().version == Version::kV5 ? Bytes(v5) : Bytes(v3));
  }

  void produce() {
    session_.produce(batch_, now_);
    while (!batch_.empty()) {
      server_.receive(batch_, session_);
      batch_.clear();
      session_.produce(batch_, now_);
    }
    FUZZ_CHECK(!session_.has_output());
    FUZZ_CHECK(session_.wants_close() == (session_.state() == ClientSession::State::kClosing));
  }

  void publish(Qos qos, uint8_t action) {
    Bytes payload;
    if ((action & 0x80) != 0) input_.next_chunk(payload);
    const uint32_t before = session_.queued();
    const auto result = session_.publish({.topic = (action & 0x10) != 0 ? "a" : "topic/b",
                                          .payload = payload,
                                          .qos = qos,
                                          .retain = (action & 0x20) != 0,
                                          .token = action},
                                         now_);
    FUZZ_CHECK(session_.queued() == before + (result ? 1 : 0));
  }

  void subscribe(bool remove) {
    if (!connected()) return;
    Bytes filter;
    input_.next_chunk(filter);
    Buffer buffer;
    FilterListWriter filters(buffer, !remove);
    filters.add(to_string_view(filter)).add("b");
    const SubscribeRequest request{.filters = filters.list()};
    static_cast<void>(remove ? session_.unsubscribe(request) : session_.subscribe(request));
  }

  void pass_time(uint8_t action) {
    now_.mono += std::chrono::seconds(action >> 4);
    const Time due = session_.next_deadline();
    if (due > now_.mono) return;
    session_.tick(now_);
    FUZZ_CHECK(session_.next_deadline() > now_.mono);
  }

  void auth(uint8_t action) {
    const auto state = session_.state();
    if (!session_.options().properties.view().has(PropertyId::kAuthenticationMethod)) return;
    if (state != ClientSession::State::kConnecting && !connected()) return;
    PropertyList properties;
    properties.add(PropertyId::kAuthenticationMethod, kMethod);
    session_.auth((action & 0x10) != 0 && connected() ? ReasonCode::kReAuthenticate
                                                      : ReasonCode::kContinueAuthentication,
                  properties.view());
  }

  void disconnect(uint8_t action) {
    PropertyList properties;
    if ((action & 0x10) != 0) properties.add(PropertyId::kReasonString, "because");
    session_.disconnect(
        (action & 0x20) != 0 ? ReasonCode::kDisconnectWithWill : ReasonCode::kSuccess,
        properties.view());
  }

  void check() const {
    if (session_.queued() == 0) FUZZ_CHECK(session_.queued_bytes() == 0);
    if (!connected()) {
      FUZZ_CHECK(session_.window_left() == 0);
      FUZZ_CHECK(session_.next_deadline() == kNever);
    }
  }

  FuzzInput& input_;
  Now now_{Time(std::chrono::hours(1)), {}};
  ClientSession session_;
  OutBatch batch_;
  Server server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const uint8_t first = input.take_u8();
  const uint8_t second = input.take_u8();
  {
    Program program(options_of(first, second), input);
    program.run();
  }
  FUZZ_CHECK(Message::alive() == 0);
  return 0;
}
