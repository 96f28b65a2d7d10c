#include "io/broker_server.h"

#include <utility>

#include <uv.h>

#include "base/log.h"
#include "io/transport.h"

namespace mq {

class BrokerServer::Connection final : public Transport::Owner {
 public:
  Connection(BrokerServer& server, ConnId id, UvStream stream)
      : server_(server), id_(id), transport_(std::move(stream)) {}

  void received(Bytes bytes, Now now) override {
    server_.broker_.receive(id_, bytes, now);
    // A client that does not read its answers is not read either.
    if (!paused_ && server_.broker_.wants_pause(id_)) {
      paused_ = true;
      transport_.pause();
    }
  }
  void writable(Now now) override { server_.flush(*this, now); }
  void closed(const Error& error, Now now) override { server_.closed(*this, error, now); }

 private:
  friend class BrokerServer;
  BrokerServer& server_;
  const ConnId id_;
  Transport transport_;
  bool paused_ = false;
};

BrokerServer::BrokerServer(Loop& loop, const BrokerOptions& options, AccessControl& access,
                           uint64_t seed)
    : loop_(loop),
      random_(seed),
      broker_(options, access, random_, loop.now()),
      timer_(loop,
             [this](Now now) {
               broker_.tick(now);
               arm();
             }),
      shut_down_deadline_(loop, [this](Now) {
        connections_.clear();
        if (done_) std::exchange(done_, nullptr)();
      }) {
  loop.add(*this);
  arm();
}

BrokerServer::~BrokerServer() = default;

Result<void> BrokerServer::listen(const Address& address) {
  MQ_TRY(Listeners more,
         listen_on(loop_, address, [this](UvStream stream) { accepted(std::move(stream)); }));
  for (auto& listener : more) listeners_.push_back(std::move(listener));
  return {};
}

void BrokerServer::log_connections() {
  broker_.set_log([this](ConnId id, std::string_view event, std::string_view client_id,
                         std::string_view detail) {
    const std::string peer = connections_[id.slot]->transport_.peer();
    log(LogLevel::kInfo, event, {{"client", client_id}, {"peer", peer}, {"detail", detail}});
  });
}

void BrokerServer::accepted(UvStream stream) {
  // Output is gathered a loop turn: Nagle's algorithm would only delay it.
  if (stream->type == UV_TCP) uv_tcp_nodelay(reinterpret_cast<uv_tcp_t*>(stream.get()), 1);
  const ConnId id = broker_.accepted(loop_.now());
  if (id.generation == 0) {
    log(LogLevel::kWarning, "connection refused",
        {{"limit", "max-connections"}, {"max", broker_.options().connections_max}});
    return;
  }
  if (connections_.size() <= id.slot) connections_.resize(id.slot + 1);
  connections_[id.slot] = std::make_unique<Connection>(*this, id, std::move(stream));
  connections_[id.slot]->transport_.start(*connections_[id.slot]);
}

void BrokerServer::before_sleep(Now now) {
  broker_.commit();
  // Producing can make more to produce, so until nobody has anything left.
  while (broker_.has_dirty()) {
    turn_.clear();
    broker_.swap_dirty(turn_);
    for (const ConnId id : turn_) {
      broker_.clean(id);
      if (id.slot >= connections_.size()) continue;
      Connection* const connection = connections_[id.slot].get();
      if (connection != nullptr && connection->id_ == id) flush(*connection, now);
    }
  }
  arm();
}

void BrokerServer::flush(Connection& connection, Now now) {
  Transport& transport = connection.transport_;
  if (transport.closing()) return;
  OutBatch& batch = loop_.batch();
  while (!transport.busy()) {
    batch.clear();
    broker_.produce(connection.id_, batch, now);
    if (batch.empty()) break;
    transport.write(batch);
  }
  if (broker_.wants_close(connection.id_)) return transport.close();
  if (connection.paused_ && !broker_.wants_pause(connection.id_)) {
    connection.paused_ = false;
    transport.resume();
  }
}

void BrokerServer::closed(Connection& connection, const Error&, Now now) {
  const ConnId id = connection.id_;
  broker_.closed(id, now);
  connections_[id.slot].reset();
  if (broker_.connections() == 0 && done_) {
    shut_down_deadline_.cancel();
    std::exchange(done_, nullptr)();
  }
}

void BrokerServer::arm() {
  const Time next = broker_.next_deadline();
  if (next != timer_.at()) timer_.set(next);
}

void BrokerServer::shut_down(Duration deadline, std::function<void()> done) {
  listeners_.clear();
  const Now now = loop_.now();
  broker_.shut_down(now);
  if (broker_.connections() == 0) return done();
  done_ = std::move(done);
  shut_down_deadline_.set(add(now.mono, deadline));
}

}  // namespace mq
