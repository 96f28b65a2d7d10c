// The broker without a network: connections come in as bytes and leave as bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "base/time.h"
#include "base/timer_heap.h"
#include "broker/access.h"
#include "broker/conn_id.h"
#include "broker/connection.h"
#include "broker/counters.h"
#include "broker/options.h"
#include "broker/retained.h"
#include "broker/session.h"
#include "broker/subscriptions.h"
#include "broker/sys_topics.h"
#include "session/out_batch.h"
#include "store/session_store.h"

namespace mq {

// Owns every connection, session, subscription and retained message. Confined to one thread;
// reads no clock; calls nobody but its AccessControl. An owner's loop:
//
//   id = accepted(now)
//   receive(id, bytes, now)            as bytes arrive
//   for id in dirty(): produce(id)     once a loop turn, until the batch stays empty
//   if wants_close(id): close          after what was produced has been written
//   closed(id, now)                    exactly once for every accepted()
//   tick(now) at next_deadline()
class Broker {
 public:
  // Without a store everything is forgotten when the broker ends, and acknowledgements do not wait.
  Broker(const BrokerOptions& options, AccessControl& access, Random& random, Now start,
         SessionStore* store = nullptr);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // A further listener: accepted() is told which one a connection came from.
  ListenerId add_listener(const ListenerOptions& options);

  // Changes what can be changed while clients are connected, at once. What CONNACK told them
  // (Receive Maximum, topic aliases, QoS, retain), mount points and the interval of $SYS stay as
  // they are.
  void set_options(const BrokerOptions& options);
  void set_listener(ListenerId id, const ListenerOptions& options);

  // No connection (generation 0) when one more would be over a limit.
  ConnId accepted(Now now, ListenerId listener = 0);
  // The user name is what the transport has proved (a certificate, a pre-shared key), whatever
  // CONNECT says, and no password is asked for; "" refuses the client. Before its first bytes.
  void prove_name(ConnId id, std::string user_name);
  // The connection is this program's own: it may use a reserved identifier and need not have the
  // prefix of all others. With a user name ("" is nobody) that is who it is, without a password.
  void trust(ConnId id, std::optional<std::string> user_name);
  // A client identifier that only such a connection may use from now on.
  void reserve(std::string client_id) { reserved_ids_.push_back(std::move(client_id)); }
  // What the broker is called on the way of messages over bridges (session/via.h). Bridges that
  // connect are told.
  void set_via(std::string via) { via_ = std::move(via); }
  const std::string& via() const { return via_; }
  // Messages that a session has to be sent, in flight or not; 0 without such a session.
  size_t queued(std::string_view client_id) const;
  void receive(ConnId id, Bytes bytes, Now now);
  // Appends what the connection has to send, as much as the batch has room for: what has expired
  // is skipped, Message Expiry Intervals are counted down, topic aliases given out.
  void produce(ConnId id, OutBatch& to, Now now);
  // The answer that AccessControl::connect() did not have at once. Who has gone is forgotten.
  void authenticated(ConnId id, AccessAnswer answer, Now now);
  void closed(ConnId id, Now now);
  void tick(Now now);

  // With a store. Once, before the first connection: sessions and retained messages come back.
  Result<void> restore(Now now);
  // Closes the open batch of changes, if there are any, and asks how the store is doing. Once a
  // loop turn, before produce().
  void commit();
  // That batch and all before it are safe: the acknowledgements that waited for it may go.
  void durable(BatchId batch);
  Time next_deadline() const;

  // Figures for $SYS that only the owner has: how long a loop turn took, and how much memory is in
  // use, best told when the next update is due.
  void note_lag(Duration lag) { sys_topics_.note_lag(lag); }
  void note_heap(uint64_t bytes) { sys_topics_.note_heap(bytes); }
  Time sys_deadline() const { return sys_topics_.next_deadline(); }

  // Connections with something to send or to be closed, each once. The owner takes them all.
  std::vector<ConnId> take_dirty() { return std::exchange(dirty_, {}); }
  bool has_dirty() const { return !dirty_.empty(); }
  // The same without an allocation: swaps the list with the caller's empty one.
  void swap_dirty(std::vector<ConnId>& with) { dirty_.swap(with); }
  // Clears the mark of one connection taken from the list; call before produce().
  void clean(ConnId id);

  bool has_output(ConnId id) const;
  // True when the connection is finished and has produced everything.
  bool wants_close(ConnId id) const;

  // True while nothing more should be read from it: too many answers wait for the client to read
  // them, or whether it may connect is not known yet, or the store is behind and has still to
  // write what this one published, or a slow consumer that it feeds has to catch up, or it is over
  // its rate. What arrives all the same is handled, in the last cases when the wait is over.
  bool wants_pause(ConnId id) const;

  // Orderly end: DISCONNECT 0x8B to 5.0 clients, and every connection wants to close.
  void shut_down(Now now);

  // A limit that its owner enforces, by its setting, was hit.
  void note_hit(std::string_view setting);

  const BrokerOptions& options() const { return options_; }
  const Counters& counters() const { return counters_; }
  size_t sessions() const { return sessions_.size(); }
  size_t connections() const { return connections_; }
  size_t retained_messages() const { return retained_.size(); }

  // A line for the log: what happened to which connection.
  struct Event {
    LogLevel level;
    std::string_view name;
    ClientIdentity client;  // empty before its CONNECT
    std::string_view detail;
    std::string_view limit;  // the setting that was in the way, if one was
  };
  using LogSink = std::function<void(ConnId, const Event&)>;
  void set_log(LogSink sink) { log_ = std::move(sink); }

 private:
  // One packet family each: on_connect.cc, on_publish.cc, on_subscribe.cc, on_ack.cc.
  void on_frame(Connection& c, const Frame& frame, Now now);
  Bytes consume(Connection& c, Bytes bytes, Now now);
  void on_connect(Connection& c, const Frame& frame, Now now);
  void on_publish(Connection& c, const Frame& frame, Now now);
  void on_ack(Connection& c, const Frame& frame, Now now);
  void on_subscribe(Connection& c, const Frame& frame, Now now);
  void on_unsubscribe(Connection& c, const Frame& frame, Now now);
  void on_disconnect(Connection& c, const Frame& frame, Now now);
  void on_auth(Connection& c, const Frame& frame, Now now);

  // on_auth.cc
  void challenge(Connection& c, AccessAnswer answer);
  void conclude(Connection& c, AccessAnswer answer, Now now);
  void conclude_again(Connection& c, AccessAnswer answer, Now now);

  // on_connect.cc
  void refuse_connect(Connection& c, ReasonCode reason, std::string_view why,
                      const ClientIdentity& client = {});
  void await_access(Connection& c, const Frame& frame, std::string client_id, bool assigned);
  // A client as its CONNECT and AccessControl have it.
  struct Arrival {
    const Connect& packet;
    std::string client_id;
    bool assigned = false;  // the client brought none
    std::string user_name;
    AccessAnswer answer;
  };
  void admit(Connection& c, Arrival arrival, Now now);
  enum class Claim : uint8_t {
    kNone,
    kPlace,  // the client identifier, not what the session holds
    kSession,
  };
  Claim claim(const Session& session, const Arrival& arrival) const;
  struct Refusal {
    ReasonCode reason;
    std::string_view why;
  };
  std::optional<Refusal> check_connect(const Connection& c, const Connect& packet);
  std::optional<Refusal> check_rights(const Connection& c, const Connect& packet,
                                      const ClientIdentity& client);
  void grant(const Connection& c, const Arrival& arrival, Buffer& properties) const;
  uint32_t granted_expiry_s(const Connect& packet) const;
  uint16_t granted_keep_alive_s(const Connection& c, const Connect& packet) const;
  void attach(Connection& c, Session& session, const Arrival& arrival, Now now);
  void resume(Connection& c);

  // mount.cc
  std::string_view mount(const Connection& c, std::string_view topic);
  std::optional<uint16_t> unmount(const Connection& c, std::string_view topic) const;

  // on_publish.cc
  void answer_publish(Connection& c, const Publish& packet, ReasonCode reason, Now now);
  ReasonCode resolve_alias(Connection& c, Publish& packet);
  ReasonCode accept_publish(Connection& c, const Publish& packet, Now now);
  uint32_t route(const MessageFields& fields, const Session* from);
  ReasonCode retain_message(const MessageFields& fields, const Session& from,
                            Ref<const Message>& message);
  void deliver(const Hit& hit, const MessageFields& fields, Ref<const Message>& message);

  // shared.cc
  struct SharedMessage {
    std::string_view topic;
    Qos qos;
    uint64_t bytes;  // of memory, more or less
  };
  ShareGroup::Fit fit(const Subscriber& member, const SharedMessage& message) const;
  void choose_members(const MessageFields& fields);
  bool pass_on(const Session& from, const Ref<const Message>& message, uint8_t tag);
  void reassign_shared(Session& session);

  // back_pressure.cc
  uint32_t queued_messages_max(const Session& session) const;
  uint64_t queued_bytes_max(const Session& session) const;
  static bool has_nothing_queued(const Session& session);
  bool has_queue_room(Session& session, const Message& message);
  uint64_t Counters::*queue_limit(const Session& session, uint64_t more_messages,
                                  uint64_t more_bytes) const;
  SlowConsumerState& note_slow(Session& session, uint64_t Counters::*limit);
  bool is_fed_by(const Session& session, const Connection& feeder) const;
  void wait_for(Connection& feeder, Session& session);
  void stop_waiting(Connection& feeder);
  void note_drained(Session& session);
  void end_slow(Session& session);
  void close_slow(Now now);
  bool must_wait(const Connection& c) const;
  void charge(Connection& c, const Frame& frame, Now now);
  void put_aside(Connection& c, Bytes bytes);
  void go_on(Connection& c, Now now);
  Time deadline(const Connection& c) const;
  void on_due(Connection& c, Now now);
  void hit(uint64_t Counters::*limit);

  // deliver.cc
  bool drop_expired(Session& session);
  bool has_window(const Connection& c, const Session& session) const;
  void release_bytes(Session& session, InflightEntry& entry);
  void enqueue(Session& session, WaitingMessage item);
  void send_tracked(Connection& c, WaitingMessage item, bool fresh);
  void fill_window(Connection& c);
  void send_waited_qos0(Connection& c, WaitingMessage item);
  void forget(Session& session, uint16_t packet_id);
  void send_retained(Connection& c, std::string_view filter, Qos qos, uint32_t subscription_id,
                     Now now);
  bool produce_ack(Connection& c, OutBatch& to);
  bool produce_control(Connection& c, OutBatch& to);
  bool produce_publish(Connection& c, OutBatch& to, Now now);

  // durability.cc
  class Restorer;
  StoreSink& change() {
    batch_open_ = true;
    return *store_;
  }
  void hold(Connection& c);
  bool waits(const Connection& c) const { return c.barrier > durable_; }
  bool must_store(const Connection& c, const MessageFields& fields) const;
  void no_longer_awaited(InflightEntry& entry);
  void store_session(const Session& session);
  void store_sent(Session& session);
  bool at_barrier(Connection& c);
  WallTime to_wall(Time at) const;
  Time to_mono(WallTime at) const;

  // Ends of connections, sessions and wills: broker.cc.
  void fail(Connection& c, ReasonCode reason, std::string_view why, Now now);
  void fail(Connection& c, const DecodeError& error, Now now);
  void finish(Connection& c, ReasonCode reason, std::string_view why, bool with_will, Now now);
  void detach(Connection& c, bool with_will, Now now);
  void end_session(Session& session, Now now);
  void on_due(Session& session, Now now);
  void publish_will(Session& session, Now now);
  void arm(Session& session);
  void arm(Connection& c, Time at) { connection_timers_.set(c, at); }

  void mark_dirty(Connection& c) {
    if (c.dirty) return;
    c.dirty = true;
    dirty_.push_back(c.id);
  }
  Connection* find(ConnId id) const {
    if (id.slot >= slots_.size() || slots_[id.slot] == nullptr ||
        slots_[id.slot]->id.generation != id.generation) {
      return nullptr;
    }
    return slots_[id.slot].get();
  }
  ClientIdentity identity(const Connection& c) const;
  static ClientIdentity identity(const Session& session);
  // A limit of the broker and of a listener, the lower of the two.
  template <class T>
  T limit(T BrokerOptions::*of_all, T ListenerOptions::*here, ListenerId at) const {
    const T all = options_.*of_all;
    return at < listeners_.size() ? std::min<T>(all, listeners_[at]->options.*here) : all;
  }
  // The same where 0 is no limit.
  uint64_t rate(uint64_t BrokerOptions::*of_all, uint64_t ListenerOptions::*here,
                const Connection& c) const {
    const uint64_t all = options_.*of_all, one = c.listener->options.*here;
    return all == 0 || one == 0 ? std::max(all, one) : std::min(all, one);
  }
  uint32_t packet_max(const Connection& c) const {
    return limit(&BrokerOptions::packet_max, &ListenerOptions::packet_max, c.listener->id);
  }
  uint16_t receive_maximum(const Connection& c) const {
    return limit(&BrokerOptions::receive_maximum, &ListenerOptions::receive_maximum,
                 c.listener->id);
  }
  static std::string_view user_name_of(const Connection& c, const Connect& packet);
  void log(const Connection& c, LogLevel level, std::string_view event,
           std::string_view detail = {}) const;
  void log_denied(const Connection& c, std::string_view event, ReasonCode reason,
                  std::string_view topic) const;
  template <class Packet>
  bool send_control(Connection& c, const Packet& packet);
  void update_sys_topics(Now now);

  BrokerOptions options_;
  AccessControl& access_;
  Random& random_;
  LogSink log_;
  SessionStore* const store_;
  Now now_;                    // of the entry point that is running
  BatchId open_batch_ = 1;
  bool batch_open_ = false;    // there are changes in it
  uint32_t awaited_ = 0;       // see SessionStore::awaits()
  uint32_t awaited_open_ = 0;  // those of the open batch
  BatchId durable_ = 0;
  StoreState store_state_;     // as of the last commit()
  std::vector<ConnId> held_;   // connections whose output waits for a batch

  std::vector<std::unique_ptr<ListenerState>> listeners_;
  std::vector<std::unique_ptr<Connection>> slots_;
  std::vector<uint32_t> free_slots_;
  uint32_t next_generation_ = 1;
  uint32_t connections_ = 0;
  // Keyed by the client identifier that the session itself owns.
  std::unordered_map<std::string_view, std::unique_ptr<Session>> sessions_;
  std::vector<std::string> reserved_ids_;
  std::string via_;
  Subscriptions subscriptions_;
  Retained retained_;
  SysTopics sys_topics_;
  Counters counters_;
  mutable std::string_view limit_hit_;   // the setting behind the last hit(), until it is logged
  Connection* feeder_ = nullptr;         // who publishes what is being routed
  Session* full_ = nullptr;              // that the feeder has filled: the longest full one
  std::vector<ConnId> slow_;             // to be closed for being too slow
  std::vector<ConnId> released_;         // have waited, and may go on
  uint64_t next_slow_number_ = 1;

  TimerHeap<Connection, &Connection::timer> connection_timers_;
  TimerHeap<Session, &Session::timer> session_timers_;

  std::vector<ConnId> dirty_;
  std::vector<Hit> hits_;  // of the PUBLISH at hand
  Buffer scratch_;         // of the control packet at hand
  std::string mounted_;    // the topic at hand, behind a mount point
};

}  // namespace mq
