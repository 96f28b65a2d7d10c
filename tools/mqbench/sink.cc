#include "mqbench/sink.h"

#include <algorithm>
#include <utility>

#include "base/buffer.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "codec/frame_reader.h"
#include "codec/topic.h"
#include "io/transport.h"

namespace mq {
namespace {

constexpr size_t kWaitingMax = 100'000;         // messages, before publishers are not read
constexpr size_t kOutputMax = 4 * 1024 * 1024;  // bytes for one receiver, likewise
constexpr size_t kCachedTopicsMax = 100'000;
// A message that the next one is to overtake does not wait longer for it.
constexpr Duration kHeldMax = std::chrono::milliseconds(100);

}  // namespace

class Sink::Connection final : private Transport::Owner, private BeforeSleep {
 public:
  Connection(Sink& sink, uint32_t id, UvStream stream)
      : sink_(sink),
        id_(id),
        transport_(std::move(stream)),
        throttle_(sink.loop_, [this](Now) { update_reading(); }) {
    transport_.start(*this);
  }

  Version version() const { return version_; }
  bool full() const { return full_; }

  void acknowledge(const Publish& publish) {
    if (publish.qos == Qos::kAtMostOnce) return;
    const bool qos2 = publish.qos == Qos::kExactlyOnce;
    answer(qos2 ? PacketType::kPubrec : PacketType::kPuback, publish.packet_id);
  }

  // `frame` is the packet as it came, for a receiver that gets it just so.
  void deliver(const Frame& frame, Version version, const Publish& publish, Qos qos) {
    if (frame.flags() == 0 && frame.header_size > 0 && version == version_) {
      out_.append(Bytes(frame.body.data() - frame.header_size, frame.size()));
      return wake();
    }
    Publish own = publish;
    own.dup = own.retain = false;
    own.qos = std::min(qos, publish.qos);
    own.packet_id = 0;
    if (own.qos == Qos::kAtMostOnce) {
      encode(own, version_, out_);
      return wake();
    }
    windowed_.push_back(own_copy(own));
    fill_window();
  }

  void update_reading() {
    const Time now = sink_.loop_.now().mono;
    const bool pause = (publishes_ && sink_.congested()) || now < readable_at_;
    if (now < readable_at_) throttle_.set(readable_at_);
    if (pause && publishes_) sink_.paused_ = true;
    if (pause == transport_.paused()) return;
    if (pause) {
      transport_.pause();
    } else {
      transport_.resume();
    }
  }

 private:
  // A QoS 1 or 2 message that is not sent before the receiver has answered earlier ones.
  struct Windowed {
    Buffer frame;
    size_t id_at;
  };

  Windowed own_copy(const Publish& publish) const {
    Windowed copy;
    encode(publish, version_, copy.frame);
    const uint8_t* p = copy.frame.data() + 1;
    while ((*p++ & 0x80) != 0) {
    }
    copy.id_at = static_cast<size_t>(p - copy.frame.data()) + 2 + publish.topic.size();
    return copy;
  }

  void received(Bytes bytes, Now) override {
    const Now now = sink_.loop_.read_clock();
    if (sink_.options_.read_rate > 0) {
      readable_at_ = std::max(readable_at_, now.mono) +
                     Duration(static_cast<int64_t>(static_cast<double>(bytes.size()) * 1e9 /
                                                   sink_.options_.read_rate));
    }
    for (;;) {
      const auto frame = reader_.next(bytes);
      if (!frame || (frame->has_value() && !on_frame(**frame, now))) return transport_.close();
      if (!frame->has_value()) break;
    }
    update_reading();
  }

  // False when the connection is to be closed.
  bool on_frame(const Frame& frame, Now now) {
    const PacketType type = frame.type();
    if (connected_ == (type == PacketType::kConnect)) return false;
    switch (type) {
      case PacketType::kConnect: return on_connect(frame);
      case PacketType::kPublish:
        publishes_ = true;
        sink_.arrived(id_, frame, now);
        return true;
      case PacketType::kSubscribe: return on_subscribe(frame);
      case PacketType::kUnsubscribe: return on_unsubscribe(frame);
      case PacketType::kPuback:
      case PacketType::kPubrec:
      case PacketType::kPubrel:
      case PacketType::kPubcomp: return on_ack(frame);
      case PacketType::kPingreq:
        encode(Pingresp{}, version_, out_);
        wake();
        return true;
      default: return false;  // DISCONNECT, and what a client never sends
    }
  }

  bool on_connect(const Frame& frame) {
    const auto connect = decode_connect(frame);
    if (!connect) return false;
    connected_ = true;
    version_ = connect->version;
    window_ =
        connect->properties.number(PropertyId::kReceiveMaximum).value_or(kReceiveMaximumDefault);
    encode(Connack{}, version_, out_);
    wake();
    return true;
  }

  bool on_subscribe(const Frame& frame) {
    const auto subscribe = decode_subscribe(frame, version_);
    if (!subscribe) return false;
    std::vector<uint8_t> codes;
    for (const Subscription& subscription : subscribe->filters) {
      if (topic_filter_fault(subscription.filter) != nullptr || is_shared(subscription.filter)) {
        codes.push_back(0x80);
        continue;
      }
      sink_.subscribe(subscription.filter, {id_, subscription.options.qos});
      codes.push_back(static_cast<uint8_t>(subscription.options.qos));
    }
    encode(Suback{subscribe->packet_id, {}, codes}, version_, out_);
    wake();
    return true;
  }

  bool on_unsubscribe(const Frame& frame) {
    const auto unsubscribe = decode_unsubscribe(frame, version_);
    if (!unsubscribe) return false;
    std::vector<uint8_t> codes;
    for (const Subscription& subscription : unsubscribe->filters) {
      sink_.unsubscribe(subscription.filter, id_);
      codes.push_back(0);
    }
    encode(Unsuback{unsubscribe->packet_id, {}, codes}, version_, out_);
    wake();
    return true;
  }

  bool on_ack(const Frame& frame) {
    const auto ack = decode_ack(frame, version_);
    if (!ack) return false;
    switch (ack->type) {
      case PacketType::kPubrec: answer(PacketType::kPubrel, ack->packet_id); break;
      case PacketType::kPubrel: answer(PacketType::kPubcomp, ack->packet_id); break;
      default:
        if (in_flight_ > 0) --in_flight_;
        fill_window();
    }
    return true;
  }

  void answer(PacketType type, uint16_t packet_id) {
    encode(Ack{type, packet_id, ReasonCode::kSuccess, {}}, version_, out_);
    wake();
  }

  void fill_window() {
    for (; in_flight_ < window_ && !windowed_.empty(); windowed_.pop_front()) {
      if (++last_id_ == 0) last_id_ = 1;
      store_be16(windowed_.front().frame.data() + windowed_.front().id_at, last_id_);
      out_.append(windowed_.front().frame.bytes());
      ++in_flight_;
    }
    wake();
  }

  void wake() {
    set_full(out_.size() > kOutputMax || windowed_.size() > kWaitingMax);
    sink_.loop_.once(*this);
  }

  void set_full(bool full) {
    if (std::exchange(full_, full) == full) return;
    if (full) {
      ++sink_.full_;
    } else {
      --sink_.full_;
      sink_.resume_if_relieved();
    }
  }

  void before_sleep(Now) override {
    if (transport_.closing()) return;
    OutBatch& batch = sink_.loop_.batch();
    while (!out_.empty() && !transport_.busy()) {
      const size_t n = std::min(out_.size(), batch.scratch_left());
      batch.append(out_.bytes().first(n));
      out_.consume(n);
      transport_.write(batch);
    }
    set_full(out_.size() > kOutputMax || windowed_.size() > kWaitingMax);
  }
  void writable(Now) override { wake(); }
  void closed(const Error&, Now) override { sink_.closed(id_); }

  Sink& sink_;
  const uint32_t id_;
  Transport transport_;
  FrameReader reader_;
  Timer throttle_;
  Time readable_at_{};
  Version version_ = Version::kV311;
  bool connected_ = false, publishes_ = false, full_ = false;
  Buffer out_;
  std::deque<Windowed> windowed_;
  uint32_t window_ = kReceiveMaximumDefault, in_flight_ = 0;
  uint16_t last_id_ = 0;
};

Sink::Sink(Loop& loop, const SinkOptions& options)
    : loop_(loop),
      options_(options),
      plan_(options.faults),
      serve_timer_(loop, [this](Now now) { serve_due(now); }),
      held_timer_(loop, [this](Now) { deliver_held(); }) {}

Sink::~Sink() = default;

Result<std::unique_ptr<Sink>> Sink::open(Loop& loop, const SinkOptions& options) {
  std::unique_ptr<Sink> sink(new Sink(loop, options));
  MQ_TRY(sink->listeners_, listen_on(loop, options.address, [to = sink.get()](UvStream stream) {
           to->accepted(std::move(stream));
         }));
  return sink;
}

uint16_t Sink::port() const {
  return listeners_.front()->port();
}

void Sink::accepted(UvStream stream) {
  const uint32_t id = ++last_connection_;
  connections_.emplace(id, std::make_unique<Connection>(*this, id, std::move(stream)));
}

void Sink::closed(uint32_t connection) {
  std::erase_if(filters_,
                [connection](const Filter& f) { return f.target.connection == connection; });
  targets_.clear();
  const auto ended = connections_.extract(connection);
  if (!ended.mapped()->full()) return;
  --full_;
  resume_if_relieved();
}

Sink::Connection* Sink::find(uint32_t connection) {
  const auto found = connections_.find(connection);
  return found == connections_.end() ? nullptr : found->second.get();
}

void Sink::subscribe(std::string_view filter, Target target) {
  unsubscribe(filter, target.connection);
  filters_.push_back({std::string(filter), target});
}

void Sink::unsubscribe(std::string_view filter, uint32_t connection) {
  std::erase_if(filters_, [&](const Filter& f) {
    return f.target.connection == connection && f.filter == filter;
  });
  targets_.clear();
}

const std::vector<Sink::Target>& Sink::targets(std::string_view topic) {
  const auto found = targets_.find(topic);
  if (found != targets_.end()) return found->second;
  if (targets_.size() >= kCachedTopicsMax) targets_.clear();
  std::vector<Target>& to = targets_[std::string(topic)];
  for (const Filter& filter : filters_) {
    if (matches(filter.filter, topic)) to.push_back(filter.target);
  }
  return to;
}

void Sink::arrived(uint32_t from, const Frame& frame, Now now) {
  ++counts_.received;
  if (!options_.faults.timed()) return serve(from, frame);
  const std::string_view body = to_string_view(frame.body);
  waiting_.push_back({plan_.due(now.mono), from, frame.first_byte, std::string(body)});
  if (waiting_.size() == 1) serve_timer_.set(waiting_.front().due);
}

void Sink::serve_due(Now now) {
  while (!waiting_.empty() && waiting_.front().due <= now.mono) {
    const Waiting message = std::move(waiting_.front());
    waiting_.pop_front();
    serve(message.from, {message.first_byte, 0, to_bytes(message.body)});
  }
  serve_timer_.set(waiting_.empty() ? kNever : waiting_.front().due);
  resume_if_relieved();
}

// Without the bytes of the fixed header (`header_size` 0) a frame is encoded anew.
void Sink::serve(uint32_t from, const Frame& frame) {
  Connection* const connection = find(from);
  if (connection == nullptr) return;
  const Version version = connection->version();
  const auto publish = decode_publish(frame, version, Side::kClient);
  if (!publish) return;
  connection->acknowledge(*publish);
  const FaultPlan::Fate fate = plan_.next();
  counts_.dropped += fate.copies == 0;
  counts_.duplicated += fate.copies > 1;
  if (fate.swapped) {
    ++counts_.swapped;
    deliver_held();
    held_ = Waiting{{}, from, frame.first_byte, std::string(to_string_view(frame.body))};
    return held_timer_.set(loop_.now().mono + kHeldMax);
  }
  if (fate.corrupt && !publish->payload.empty()) {
    deliver_corrupted(frame, version);
  } else {
    for (uint32_t copy = 0; copy < fate.copies; ++copy) deliver(frame, version, *publish);
  }
  if (held_ && fate.copies > 0) deliver_held();
}

void Sink::deliver(const Frame& frame, Version version, const Publish& publish) {
  for (const Target& target : targets(publish.topic)) {
    if (Connection* const to = find(target.connection)) {
      to->deliver(frame, version, publish, target.qos);
      ++counts_.delivered;
    }
  }
}

void Sink::deliver_corrupted(const Frame& frame, Version version) {
  std::string body(to_string_view(frame.body));
  body.back() = static_cast<char>(body.back() ^ 1);  // the payload is what a PUBLISH ends with
  const Frame changed{frame.first_byte, 0, to_bytes(body)};
  const auto publish = decode_publish(changed, version, Side::kClient);
  if (!publish) return;
  ++counts_.corrupted;
  deliver(changed, version, *publish);
}

void Sink::deliver_held() {
  if (!held_) return;
  const Waiting message = std::move(*std::exchange(held_, std::nullopt));
  held_timer_.cancel();
  const Connection* const from = find(message.from);
  if (from == nullptr) return;
  const Frame frame{message.first_byte, 0, to_bytes(message.body)};
  if (const auto publish = decode_publish(frame, from->version(), Side::kClient)) {
    deliver(frame, from->version(), *publish);
  }
}

bool Sink::congested() const {
  return full_ > 0 || waiting_.size() > kWaitingMax;
}

void Sink::resume_if_relieved() {
  if (!paused_ || full_ > 0 || waiting_.size() > kWaitingMax / 2) return;
  paused_ = false;
  for (const auto& [id, connection] : connections_) connection->update_reading();
}

}  // namespace mq
