#include "io/broker_server.h"

#include <malloc.h>

#include <utility>

#include "base/log.h"
#include "io/transport.h"

namespace mq {
namespace {

// The broker's first listener, on which nobody can connect from outside.
constexpr ListenerId kInside = 0;
// 71 bits of chance: two brokers of one name would take each other's messages for their own.
constexpr size_t kViaSize = 12;

}  // namespace

class BrokerServer::Connection final : public Transport::Owner {
 public:
  Connection(BrokerServer& server, ConnId id, UvStream stream, ListenerId listener)
      : server_(server),
        id_(id),
        transport_(std::move(stream),
                   listener == kInside ? nullptr : server.layers(listener).make_filter()),
        listener_(listener),
        looked_at_(listener == kInside) {
    transport_.start(*this);
  }

  void received(Bytes bytes, Now now) override {
    if (!std::exchange(looked_at_, true) && look_at(bytes)) return;
    talks_ = true;
    server_.broker_.receive(id_, bytes, now);
  }
  void writable(Now) override { server_.writable_.push_back(id_); }
  void closed(const Error& error, Now now) override {
    // Not when the broker's patience has come to an end: it says so itself.
    const bool by_broker = transport_.closing() && error.code == ErrorCode::kClosed;
    const std::string_view limit = transport_.limit();
    if (!limit.empty()) server_.broker_.note_hit(limit);
    if (!transport_.open() && !by_broker) {
      const std::string_view event = talks_ ? "connection_failed" : "handshake_failed";
      const std::string address = peer();
      const LogField from("peer", address), what("error", error.text);
      if (limit.empty()) {
        log(LogLevel::kNotice, event, {from, what});
      } else {
        log(LogLevel::kNotice, event, {from, what, {"limit", limit}});
      }
    }
    server_.closed(id_, now);
  }

  ConnId id() const { return id_; }
  std::string peer() const { return transport_.peer(); }

  // Writes what the broker has for it, as far as the socket takes it.
  void flush(Now now) {
    if (transport_.closing()) return;
    Broker& broker = server_.broker_;
    OutBatch& batch = server_.loop_.batch();
    while (!transport_.busy()) {
      broker.produce(id_, batch, now);
      if (batch.empty()) break;
      transport_.write(batch);
    }
    if (broker.wants_close(id_)) return transport_.close();
    // A client that does not read its answers is not read either.
    const bool pause = broker.wants_pause(id_);
    if (pause == transport_.paused()) return;
    if (pause) {
      transport_.pause();
    } else {
      transport_.resume();
    }
  }

 private:
  // With the client's first bytes: who it has proved to be, and whether it speaks WebSocket. True
  // when the bytes have gone that way.
  bool look_at(Bytes bytes) {
    const ListenerLayers& layers = server_.layers(listener_);
    if (auto name = layers.user_name(transport_.peer_identity())) {
      server_.broker_.prove_name(id_, std::move(*name));
    }
    auto filter = layers.filter_for(bytes);
    if (filter == nullptr) return false;
    transport_.put_filter(std::move(filter), bytes);
    return true;
  }

  BrokerServer& server_;
  const ConnId id_;
  Transport transport_;
  const ListenerId listener_;
  bool looked_at_;
  bool talks_ = false;  // bytes have reached the broker
};

BrokerServer::BrokerServer(Loop& loop, const BrokerOptions& options, AccessControl& access,
                           uint64_t seed, SessionStore* store)
    : loop_(loop),
      random_(seed),
      broker_(options, access, random_, loop.now(), store),
      timer_(loop, [this](Now now) { tick(now); }),
      shut_down_deadline_(loop, [this](Now now) { finish_shut_down(now); }) {
  loop.add(*this);
  broker_.set_via(random_.alphanumeric(kViaSize));
  broker_.set_log([this](ConnId id, const Broker::Event& event) {
    if (!log_enabled(event.level)) return;
    const std::string from = peer(id);
    const LogField client("client", event.client.client_id), peer("peer", from),
        user("user", event.client.user_name), detail("detail", event.detail);
    if (event.limit.empty()) return log(event.level, event.name, {client, peer, user, detail});
    log(event.level, event.name, {client, peer, user, detail, {"limit", event.limit}});
  });
}

BrokerServer::~BrokerServer() = default;

Result<uint16_t> BrokerServer::listen(const ListenOptions& options) {
  MQ_TRY(auto layers, ListenerLayers::make(options.layers));
  const ListenerId id = broker_.add_listener(options.clients);
  layers_.resize(id);
  layers_.back() = std::move(layers);
  MQ_TRY(Listeners more,
         listen_on(
             loop_, options.address,
             [this, id](UvStream stream) { accepted(std::move(stream), id); }, options.where));
  const uint16_t port = more.front()->port();
  for (auto& listener : more) listeners_.push_back(std::move(listener));
  return port;
}

std::string BrokerServer::peer(ConnId id) const {
  const Connection* const connection =
      id.slot < connections_.size() ? connections_[id.slot].get() : nullptr;
  return connection != nullptr && connection->id() == id ? connection->peer() : "";
}

void BrokerServer::set_options(const BrokerOptions& options,
                               const std::vector<ListenerSettings>& listeners) {
  broker_.set_options(options);
  ListenerId id = 0;
  for (const ListenerSettings& listener : listeners) {
    layers_[id] = listener.layers;
    broker_.set_listener(++id, listener.clients);
  }
}

void BrokerServer::authenticated(ConnId id, AccessAnswer answer) {
  broker_.authenticated(id, std::move(answer), loop_.now());
}

ConnId BrokerServer::accepted(UvStream stream, ListenerId listener) {
  const uint64_t refused = broker_.counters().limit_listener_connections;
  const ConnId id = broker_.accepted(loop_.now(), listener);
  if (id.generation == 0) {
    const bool by_listener = broker_.counters().limit_listener_connections != refused;
    log(LogLevel::kWarning, "connection_refused",
        {{"limit", by_listener ? "max_connections" : "global_max_connections"}});
    return id;
  }
  if (connections_.size() <= id.slot) connections_.resize(id.slot + 1);
  connections_[id.slot] = std::make_unique<Connection>(*this, id, std::move(stream), listener);
  return id;
}

Result<UvStream> BrokerServer::connect(std::optional<std::string> user_name) {
  MQ_TRY(auto ends, stream_pair(loop_));
  const ConnId id = accepted(std::move(ends.first), kInside);
  if (id.generation == 0) return fail(ErrorCode::kFull, "the broker takes no more connections");
  broker_.trust(id, std::move(user_name));
  return std::move(ends.second);
}

void BrokerServer::before_sleep(Now now) {
  broker_.commit();
  for (const ConnId id : std::exchange(writable_, {})) flush(id, now);
  // Producing can make more to produce, so until nobody has anything left.
  while (broker_.has_dirty()) {
    turn_.clear();
    broker_.swap_dirty(turn_);
    for (const ConnId id : turn_) {
      broker_.clean(id);
      flush(id, now);
    }
  }
  const Time next = broker_.next_deadline();
  if (next != timer_.at()) timer_.set(next);
  // Who sends something may have to wait for all of a turn.
  broker_.note_lag(loop_.read_clock().mono - loop_.turn_began());
  if (done_ && broker_.connections() == 0) finish_shut_down(now);
}

void BrokerServer::tick(Now now) {
  if (broker_.sys_deadline() <= now.mono) {
    const auto heap = ::mallinfo2();
    broker_.note_heap(heap.uordblks + heap.hblkhd);
  }
  broker_.tick(now);
}

void BrokerServer::flush(ConnId id, Now now) {
  // A connection that ended in this turn may have left its name, and its slot to another one.
  if (id.slot >= connections_.size()) return;
  Connection* const connection = connections_[id.slot].get();
  if (connection != nullptr && connection->id() == id) connection->flush(now);
}

void BrokerServer::closed(ConnId id, Now now) {
  broker_.closed(id, now);
  connections_[id.slot].reset();
}

void BrokerServer::shut_down(Duration deadline, std::function<void()> done) {
  listeners_.clear();
  const Now now = loop_.now();
  broker_.shut_down(now);
  done_ = std::move(done);
  shut_down_deadline_.set(add(now.mono, deadline));
}

void BrokerServer::finish_shut_down(Now now) {
  for (const auto& connection : connections_) {
    if (connection != nullptr) broker_.closed(connection->id(), now);
  }
  connections_.clear();
  broker_.commit();  // the ends of the connections
  shut_down_deadline_.cancel();
  if (const auto done = std::exchange(done_, nullptr)) done();
}

}  // namespace mq
