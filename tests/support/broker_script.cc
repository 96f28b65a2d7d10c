#include "support/broker_script.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "codec/varint.h"

namespace mq::test {
namespace {

using std::chrono::microseconds;

class Bytewriter {
 public:
  Bytewriter& u8(int value) {
    bytes_.push_back(static_cast<uint8_t>(value));
    return *this;
  }
  Bytewriter& be16(size_t value) {
    return u8(static_cast<int>(value >> 8)).u8(static_cast<int>(value & 0xFF));
  }
  Bytewriter& varint(size_t value) {
    do {
      u8(static_cast<int>(value % 128 + (value >= 128 ? 128 : 0)));
      value /= 128;
    } while (value > 0);
    return *this;
  }
  Bytewriter& raw(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  Bytewriter& raw(const std::vector<uint8_t>& bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Bytewriter& text(std::string_view text) { return be16(text.size()).raw(text); }
  Bytewriter& properties(Version version, std::string_view notation) {
    if (version != Version::kV5) return *this;
    const std::vector<uint8_t> bytes = wire(notation);
    return varint(bytes.size()).raw(bytes);
  }
  std::vector<uint8_t> packet(int first_byte) const {
    return Bytewriter().u8(first_byte).varint(bytes_.size()).raw(bytes_).bytes_;
  }

 private:
  std::vector<uint8_t> bytes_;
};

// "20 09 00 00 06 22 ffff", by the version.
std::vector<uint8_t> accepted(Version version, bool session_present) {
  if (version != Version::kV5) {
    return wire(session_present && version == Version::kV311 ? "20 02 01 00" : "20 02 00 00");
  }
  return wire(session_present ? "20 06 01 00 03 22 ffff" : "20 06 00 00 03 22 ffff");
}

// Bytes of the packet at the front, 0 when it is not whole.
size_t packet_size(Bytes in) {
  if (in.size() < 2) return 0;
  const Varint length = load_varint(in.data() + 1, in.size() - 1);
  const size_t size = 1 + length.size + size_t{length.value};
  return length.status == VarintStatus::kOk && size <= in.size() ? size : 0;
}

}  // namespace

namespace {

std::vector<uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

struct FakeExchange final : AuthExchange {
  explicit FakeExchange(uint32_t& to) : count(to) { ++count; }
  ~FakeExchange() override { --count; }
  AccessAnswer proceed(Bytes data) override {
    AccessAnswer answer = ReasonCode::kNotAuthorized;
    if (to_string_view(data) != "second" && to_string_view(data) != "third") return answer;
    answer.reason = ReasonCode::kSuccess;
    answer.data = bytes_of("done");
    answer.user_name = to_string_view(data) == "second" ? "proven" : "other";
    return answer;
  }
  uint32_t& count;
};

}  // namespace

AccessAnswer FakeAccess::challenge() {
  AccessAnswer answer = ReasonCode::kContinueAuthentication;
  answer.data = bytes_of("second?");
  answer.exchange = std::make_unique<FakeExchange>(exchanges);
  return answer;
}

std::optional<AccessAnswer> FakeAccess::connect(const ConnectRequest& request) {
  if (request.method) {
    if (request.method != method) return ReasonCode::kBadAuthenticationMethod;
    if (takes_time) return std::nullopt;
    if (to_string_view(request.data) != "first") return ReasonCode::kNotAuthorized;
    return challenge();
  }
  if (takes_time) return std::nullopt;
  if (passwords.empty() || open_listeners.contains(request.client.listener)) {
    AccessAnswer answer = ReasonCode::kSuccess;
    answer.until = until;
    return answer;
  }
  const auto it = passwords.find(std::string(request.client.user_name));
  if (it == passwords.end() || !request.password ||
      to_string_view(*request.password) != it->second) {
    return ReasonCode::kBadUserNameOrPassword;
  }
  AccessAnswer answer = ReasonCode::kSuccess;
  answer.proven = true;
  return answer;
}

bool FakeAccess::may_publish(const ClientIdentity& client, std::string_view topic) {
  last_user = client.user_name;
  return !unpublishable.contains(std::string(topic));
}

bool FakeAccess::may_read(const ClientIdentity& client, std::string_view topic) {
  asked_at.insert(client.listener);
  return !unreadable.contains({std::string(client.client_id), std::string(topic)});
}

bool FakeAccess::may_subscribe(const ClientIdentity& client, std::string_view filter) {
  last_user = client.user_name;
  return !unsubscribable.contains(std::string(filter));
}

std::vector<uint8_t> connect_packet(std::string_view client_id, const Hello& hello) {
  int flags = hello.clean ? 0x02 : 0;
  if (hello.will) flags |= 0x04 | hello.will->qos << 3 | (hello.will->retain ? 0x20 : 0);
  if (hello.user_name) flags |= 0x80;
  if (hello.password) flags |= 0x40;
  Bytewriter out;
  out.text(hello.version == Version::kV31 ? "MQIsdp" : "MQTT");
  out.u8(static_cast<int>(hello.version)).u8(flags).be16(hello.keep_alive_s);
  out.properties(hello.version, hello.properties).text(client_id);
  if (hello.will) {
    out.properties(hello.version, hello.will->properties);
    out.text(hello.will->topic).text(hello.will->payload);
  }
  if (hello.user_name) out.text(*hello.user_name);
  if (hello.password) out.text(*hello.password);
  return out.packet(0x10);
}

std::vector<uint8_t> publish_packet(Version version, std::string_view topic,
                                    std::string_view payload, const With& with) {
  Bytewriter out;
  out.text(topic);
  if (with.qos > 0) out.be16(with.id);
  out.properties(version, with.properties).raw(payload);
  return out.packet(0x30 | (with.dup ? 8 : 0) | with.qos << 1 | (with.retain ? 1 : 0));
}

std::vector<uint8_t> subscribe_packet(Version version, uint16_t id, std::string_view filter,
                                      uint8_t options, std::string_view properties) {
  return Bytewriter()
      .be16(id)
      .properties(version, properties)
      .text(filter)
      .u8(options)
      .packet(0x82);
}

std::vector<uint8_t> unsubscribe_packet(Version version, uint16_t id, std::string_view filter) {
  return Bytewriter().be16(id).properties(version, "").text(filter).packet(0xA2);
}

// --- Peer ---

void Peer::fail(Where where, const std::string& what) const {
  ADD_FAIL_CHECK_AT(where.file, where.line, name_ << ": " << what);
}

void Peer::pump() {
  if (!is_open() || stopped_) return;
  OutBatch& batch = script_.batch_;
  for (;;) {
    batch.clear();
    script_.broker_->produce(id_, batch, script_.now_);
    if (batch.empty()) return;
    for (const OutBatch::Piece& piece : batch.pieces()) {
      output_.insert(output_.end(), piece.bytes.begin(), piece.bytes.end());
    }
  }
}

void Peer::check_nothing_left(Where where) {
  if (!output_.empty()) fail(where, "not expected: " + hex(output_));
  output_.clear();
}

Peer& Peer::open(Where where) {
  if (is_open()) drop(where);
  id_ = script_.broker_->accepted(script_.now_, script_.listener);
  stopped_ = false;
  if (!is_open()) fail(where, "the broker takes no more connections");
  return *this;
}

Peer& Peer::drop(Where where) {
  check_nothing_left(where);
  script_.broker_->closed(id_, script_.now_);
  id_ = {};
  script_.pump();
  return *this;
}

Peer& Peer::send(std::string_view packets) { return send(wire(packets)); }

Peer& Peer::send(const std::vector<uint8_t>& bytes) {
  REQUIRE(is_open());
  script_.broker_->receive(id_, bytes, script_.now_);
  script_.pump();
  return *this;
}

Peer& Peer::send_bytewise(const std::vector<uint8_t>& bytes) {
  for (const uint8_t byte : bytes) send(std::vector<uint8_t>{byte});
  return *this;
}

Peer& Peer::expect(std::string_view packets, Where where) { return expect(wire(packets), where); }

Peer& Peer::expect(const std::vector<uint8_t>& wanted, Where where) {
  const Bytes got = Bytes(output_).first(std::min(output_.size(), wanted.size()));
  if (!equal(got, wanted)) {
    fail(where, "expected " + hex(wanted) + "\n     got " + hex(output_));
    output_.clear();
    return *this;
  }
  output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(wanted.size()));
  return *this;
}

Peer& Peer::expect_nothing(Where where) {
  check_nothing_left(where);
  if (is_open() && script_.broker_->wants_close(id_)) fail(where, "the broker closes");
  return *this;
}

Peer& Peer::expect_close(Where where) {
  check_nothing_left(where);
  if (!is_open() || !script_.broker_->wants_close(id_)) fail(where, "the broker does not close");
  if (is_open()) drop(where);
  return *this;
}

Peer& Peer::expect_disconnect(uint8_t reason, Where where) {
  const std::vector<uint8_t> packet = take_packet();
  if (packet.size() < 3 || packet[0] != 0xE0 || packet[2] != reason) {
    fail(where, fmt::format("expected DISCONNECT {:02x}, got {}", reason, hex(packet)));
  }
  return expect_close(where);
}

Peer& Peer::expect_refusal(uint8_t reason, Where where) {
  const std::vector<uint8_t> packet = take_packet();
  if (packet.size() < 4 || packet[0] != 0x20 || packet[2] != 0 || packet[3] != reason) {
    fail(where, fmt::format("expected CONNACK {:02x}, got {}", reason, hex(packet)));
  }
  return expect_close(where);
}

Peer& Peer::skip_output() {
  output_.clear();
  return *this;
}

const std::vector<uint8_t>& Peer::output() { return output_; }

std::vector<uint8_t> Peer::take_packet() {
  const auto end = output_.begin() + static_cast<std::ptrdiff_t>(packet_size(output_));
  const std::vector<uint8_t> packet(output_.begin(), end);
  output_.erase(output_.begin(), end);
  return packet;
}

Peer& Peer::stop_reading() {
  stopped_ = true;
  return *this;
}

Peer& Peer::read_again() {
  stopped_ = false;
  pump();
  return *this;
}

Peer& Peer::hello(const Hello& hello, Where where) {
  open(where);
  version_ = hello.version;
  return send(connect_packet(hello.client_id.value_or(name_), hello));
}

Peer& Peer::connect(const Hello& with, Where where) {
  return hello(with, where).expect(accepted(version_, false), where);
}

Peer& Peer::resume(const Hello& with, Where where) {
  Hello dirty = with;
  dirty.clean = false;
  return hello(dirty, where).expect(accepted(version_, true), where);
}

Peer& Peer::disconnect(Where where) { return send("e0 00").expect_close(where); }

Peer& Peer::subscribe(std::string_view filter, uint8_t options, std::string_view properties,
                      Where where) {
  send(subscribe_packet(version_, 0xFFFF, filter, options, properties));
  const std::string_view head = version_ == Version::kV5 ? "90 04 ffff 00" : "90 03 ffff";
  expect(head, where);
  return expect(std::vector<uint8_t>{static_cast<uint8_t>(options & 3)}, where);
}

Peer& Peer::unsubscribe(std::string_view filter, Where where) {
  send(unsubscribe_packet(version_, 0xFFFF, filter));
  return expect(version_ == Version::kV5 ? "b0 04 ffff 00 00" : "b0 02 ffff", where);
}

Peer& Peer::publish(std::string_view topic, std::string_view payload, const With& with) {
  return send(publish_packet(version_, topic, payload, with));
}

Peer& Peer::expect_publish(std::string_view topic, std::string_view payload, const With& with,
                           Where where) {
  return expect(publish_packet(version_, topic, payload, with), where);
}

// --- BrokerScript ---

BrokerOptions quiet() {
  BrokerOptions options;
  options.sys_interval = Duration::zero();
  return options;
}

// Times of their own kind and far from zero, so that a difference of the two is never right.
BrokerScript::BrokerScript(const BrokerOptions& options, SessionStore* store)
    : now_{Time(std::chrono::hours(1)), WallTime(std::chrono::hours(500'000))},
      options_(options),
      store_(store) {
  start();
}

void BrokerScript::start() {
  broker_.emplace(options_, access, random_, now_, store_);
  if (store_ != nullptr) REQUIRE(broker_->restore(now_));
  broker_->set_log([this](ConnId, const Broker::Event& event) {
    std::string line = fmt::format("{} {}: {}", event.name, event.client.client_id, event.detail);
    if (!event.limit.empty()) line += fmt::format(" ({})", event.limit);
    events.push_back(std::move(line));
  });
}

void BrokerScript::turn() {
  broker_->commit();
  pump();
}

void BrokerScript::durable(BatchId batch) {
  broker_->durable(batch);
  pump();
}

void BrokerScript::restart(Duration down) {
  for (const auto& [name, peer] : peers_) {
    peer->id_ = {};
    peer->output_.clear();
  }
  broker_.reset();
  oversleep(down);
  start();
}

BrokerScript::~BrokerScript() {
  const Where where = Where::here();
  for (const auto& [name, peer] : peers_) peer->check_nothing_left(where);
  broker_.reset();
  batch_.clear();
  if (Message::alive() != 0) {
    ADD_FAIL_CHECK_AT(where.file, where.line, Message::alive() << " messages are left");
  }
}

Peer& BrokerScript::operator[](std::string_view name) {
  auto it = peers_.find(name);
  if (it == peers_.end()) {
    it = peers_.emplace(name, std::unique_ptr<Peer>(new Peer(*this, std::string(name)))).first;
  }
  return *it->second;
}

// Every connection that the broker marked, and no other: a mark that is missing shows as output
// that never comes.
void BrokerScript::pump() {
  while (broker_->has_dirty()) {
    for (const ConnId id : broker_->take_dirty()) {
      broker_->clean(id);
      for (const auto& [name, peer] : peers_) {
        if (peer->id_ == id) peer->pump();
      }
    }
  }
}

void BrokerScript::oversleep(Duration by) {
  now_.mono += by;
  now_.wall += std::chrono::duration_cast<microseconds>(by);
}

void BrokerScript::advance(Duration by, Where where) {
  const Time until = now_.mono + by;
  while (broker_->next_deadline() <= until) {
    // A deadline that is not in the future any more is due at once; one that stays there is a
    // loop that would never sleep.
    oversleep(std::max(broker_->next_deadline(), now_.mono) - now_.mono);
    broker_->tick(now_);
    const bool moved = broker_->next_deadline() > now_.mono;
    pump();  // which may have something to do for the next tick
    if (!moved) {
      ADD_FAIL_CHECK_AT(where.file, where.line, "a tick does not move the deadline on");
      break;
    }
  }
  oversleep(until - now_.mono);
}

}  // namespace mq::test
