#include "io/client_runner.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <random>

#include <fmt/core.h>

#include "base/random.h"
#include "io/dialer.h"
#include "io/end_reason.h"
#include "io/srv_lookup.h"
#include "io/transport.h"

namespace mq {
namespace {

// mqbench has tens of thousands of runners: the seed must not cost a file each.
uint64_t system_seed() {
  static thread_local Random seeds{std::random_device{}()};
  return seeds.next();
}

}  // namespace

class ClientRunner::Impl final : private Transport::Owner, private BeforeSleep {
 public:
  Impl(Loop& loop, RunnerOptions options, ClientOptions client, Handler& handler)
      : loop_(loop),
        options_(std::move(options)),
        handler_(handler),
        session_(std::move(client)),
        first_version_(session_.options().version),
        first_bridge_(session_.options().bridge),
        backoff_(options_.backoff),
        random_(options_.seed != 0 ? options_.seed : system_seed()),
        timer_(loop, [this](Now now) { due(now); }) {}

  ClientSession& session() { return session_; }
  bool connected() const { return session_.state() == ClientSession::State::kConnected; }
  bool flushed() const { return !transport_ || !transport_->busy(); }
  int fd() const { return transport_ ? transport_->fd() : -1; }
  TlsHandshake tls_handshake() const {
    return transport_ ? transport_->tls_handshake() : TlsHandshake::kNone;
  }
  void start();
  void stop(ReasonCode reason, Properties properties, Duration deadline);
  bool cut(Duration down);
  void pause(bool paused);
  void wake() { loop_.once(*this); }

 private:
  enum class State : uint8_t {
    kIdle,
    kDialing,     // lookup_ or dialer_ is at work
    kConnecting,  // transport_ is up, CONNACK is to come until timer_
    kConnected,   // timer_ is the session's
    kWaiting,     // for the next try, until timer_
    kStopping,    // DISCONNECT goes out, then transport_ closes, at the latest at timer_
    kEnding,      // on_ended() comes before the loop sleeps
    kEnded,
  };

  void received(Bytes bytes, Now now) override;
  void writable(Now) override;
  void closed(const Error& error, Now now) override;
  void before_sleep(Now now) override;

  void dial(Now now);
  void looked_up(Result<std::vector<SrvRecord>> servers);
  void dial_next(Now now);
  void dialed(Result<UvStream> stream);
  std::unique_ptr<Filter> make_filter();
  void opened();
  void on_event(const ClientEvent& event, Now now);
  bool may_fall_back() const;
  bool flush(Now now);
  void due(Now now);
  void drop_transport(Now now);
  void fall_back(Now now);
  std::string_view of_that_version() const;
  EndReason no_answer() const;
  EndReason reason_of_close(const Error& transport_error) const;
  void lost(const EndReason& reason, Now now);
  void end(const Error* error, Now now);

  Loop& loop_;
  const RunnerOptions options_;
  Handler& handler_;
  ClientSession session_;
  // What is tried first.
  const Version first_version_;
  const bool first_bridge_;
  Backoff backoff_;
  Random random_;
  Timer timer_;
  std::unique_ptr<SrvLookup> lookup_;
  std::vector<SrvRecord> servers_;  // found and still to be tried, the last one first
  Address server_;                  // the one of this try
  std::unique_ptr<Dialer> dialer_;
  TlsSession tls_session_;  // of the last connection, with resume_tls
  std::unique_ptr<Transport> transport_;
  std::optional<ScramLogin> login_;  // of this connection
  // What the server said, or found wrong in what it sent; the transport's end follows.
  std::optional<EndReason> end_reason_;
  Time connect_until_{}, connected_at_ = kNever;
  Duration waited_{0};  // before this try
  State state_ = State::kIdle;
  bool was_accepted_ = false;  // by a server, ever
  bool falls_back_ = false;    // to 3.1.1, with the next connection
  bool paused_ = false;
  bool progress_ = false;  // on_progress() is due
  bool opens_ = false;     // kOpened is to come
};

void ClientRunner::Impl::start() {
  assert(state_ == State::kIdle || state_ == State::kEnded);
  backoff_.reset();
  connected_at_ = kNever;
  dial(loop_.now());
}

void ClientRunner::Impl::dial(Now now) {
  state_ = State::kDialing;
  end_reason_.reset();
  connect_until_ = add(now.mono, options_.connect_timeout);
  handler_.on_step(ConnectStep::kBegun, loop_.read_clock());
  if (options_.open) {
    server_ = options_.address;
    return dialed(options_.open());
  }
  if (options_.service.empty()) return dial_next(now);
  lookup_ = std::make_unique<SrvLookup>(
      loop_, fmt::format("{}.{}", options_.service, options_.address.host),
      options_.connect_timeout,
      [this](Result<std::vector<SrvRecord>> servers) { looked_up(std::move(servers)); });
}

void ClientRunner::Impl::looked_up(Result<std::vector<SrvRecord>> servers) {
  lookup_.reset();
  const Now now = loop_.now();
  if (!servers) return lost({std::move(servers).error(), true}, now);
  servers_ = in_order(*std::move(servers), random_);
  std::ranges::reverse(servers_);
  dial_next(now);
}

// The address, or the next one of those that were looked up.
void ClientRunner::Impl::dial_next(Now now) {
  server_ = options_.address;
  Duration timeout = options_.connect_timeout;
  if (!servers_.empty()) {
    server_.host = std::move(servers_.back().host);
    server_.port = servers_.back().port;
    // Each has an equal part of the time that is left, so that a silent one leaves some to the
    // rest.
    timeout = std::max<Duration>(connect_until_ - now.mono, std::chrono::milliseconds(1)) /
              servers_.size();
    servers_.pop_back();
  }
  dialer_ = std::make_unique<Dialer>(
      loop_,
      DialOptions{options_.proxy ? options_.proxy->address : server_, options_.bind_address,
                  options_.no_delay, timeout, options_.family},
      [this](Result<UvStream> stream) { dialed(std::move(stream)); });
}

void ClientRunner::Impl::dialed(Result<UvStream> stream) {
  dialer_.reset();
  const Now now = loop_.now();
  login_.reset();
  if (stream && options_.scram) {
    auto login = ScramLogin::make(*options_.scram);
    if (!login) return lost({std::move(login).error(), false}, now);
    login_.emplace(std::move(*login));
  }
  if (!stream) {
    if (!servers_.empty()) return dial_next(now);
    // What is wrong with the options will be wrong with them the next time.
    const bool retry = stream.error().code != ErrorCode::kInvalidArgument;
    return lost({std::move(stream).error(), retry}, now);
  }
  servers_.clear();
  state_ = State::kConnecting;
  // An older version has to be tried within a time that the user waits.
  timer_.set(may_fall_back() ? now.mono + (connect_until_ - now.mono) / 2 : connect_until_);
  handler_.on_step(ConnectStep::kDialed, loop_.read_clock());
  transport_ = std::make_unique<Transport>(std::move(*stream), make_filter());
  transport_->watch_reads(options_.read_watch);
  if (options_.tap != nullptr) options_.tap->opened();
  session_.opened(now, login_ ? to_bytes(login_->first()) : Bytes());
  opens_ = true;
  transport_->start(*this);
  if (transport_ && transport_->open()) opened();
  if (transport_ && paused_) transport_->pause();
  wake();
}

void ClientRunner::Impl::opened() {
  if (std::exchange(opens_, false)) handler_.on_step(ConnectStep::kOpened, loop_.read_clock());
}

std::unique_ptr<Filter> ClientRunner::Impl::make_filter() {
  TlsSession* const session = options_.resume_tls ? &tls_session_ : nullptr;
  std::unique_ptr<Filter> inner = options_.make_filter ? options_.make_filter(session) : nullptr;
  if (!options_.proxy) return inner;
  Address to = options_.address;
  if (!options_.proxy->target.empty()) to.host = options_.proxy->target;
  std::unique_ptr<Filter> proxy = proxy_filter(*options_.proxy, to);
  return inner ? stack(std::move(proxy), std::move(inner)) : std::move(proxy);
}

void ClientRunner::Impl::received(Bytes bytes, Now) {
  // Not the time of the turn, which may be older: a message must not be dated before it was sent.
  const Now now = loop_.read_clock();
  if (options_.tap != nullptr) options_.tap->received(bytes);
  for (;;) {
    auto event = session_.receive(bytes, now);
    if (!event) {
      const Error& error = event.error();
      end_reason_ = {{error.code, fmt::format("{}: {}", server_.text(), error.text)}, false};
      break;
    }
    if (!event->has_value()) break;
    if (login_) {
      const Result<bool> handled = login_->on_event(**event, session_);
      if (!handled) {
        const Error error = session_.reject(ReasonCode::kNotAuthorized, handled.error().text);
        end_reason_ = {
            {handled.error().code, fmt::format("{}: {}", options_.address.text(), error.text)},
            false};
        break;
      }
      if (*handled) continue;
    }
    on_event(**event, now);
  }
  wake();
}

void ClientRunner::Impl::writable(Now) {
  opened();
  progress_ = true;
  wake();
}

void ClientRunner::Impl::on_event(const ClientEvent& event, Now now) {
  if (const auto* refused = std::get_if<ConnectRefused>(&event)) {
    falls_back_ = refused->reason == ReasonCode::kUnsupportedProtocolVersion && may_fall_back();
    if (falls_back_) return;
    std::optional<bool> named;
    if (!options_.persistent) named = options_.scram || session_.options().user_name;
    end_reason_ = end_reason(*refused, session_.options().version, server_.text(), named);
  } else if (const auto* ended = std::get_if<Disconnected>(&event)) {
    end_reason_ = end_reason(*ended, server_.text());
  } else if (std::holds_alternative<Connected>(event)) {
    if (state_ == State::kConnecting) {
      state_ = State::kConnected;
      timer_.cancel();
    }
    was_accepted_ = true;
    connected_at_ = now.mono;
    progress_ = true;
  } else {
    backoff_.reset();  // it does more than to accept: what follows is no repetition
    if (!std::holds_alternative<MessageArrived>(event)) progress_ = true;
  }
  handler_.on_event(event, now);
}

bool ClientRunner::Impl::may_fall_back() const {
  if (was_accepted_) return false;
  const ClientOptions& now = session_.options();
  return now.version == Version::kV5 ? options_.or_v311 : now.bridge;
}

void ClientRunner::Impl::before_sleep(Now now) {
  if (state_ == State::kEnding) return end(nullptr, now);
  if (std::exchange(progress_, false) && connected()) handler_.on_progress(now);
  if (flush(now) && connected()) {
    handler_.on_progress(now);
    // What that queued goes out in a turn of its own, so that a publisher that always has more
    // does not keep the others from theirs.
    if (session_.has_output() && transport_ && !transport_->busy()) wake();
  }
  // Deadlines mostly move away, so the timer is left alone until it is too late or has rung.
  if (state_ == State::kConnected) {
    const Time deadline = session_.next_deadline();
    if (deadline < timer_.at()) timer_.set(deadline);
  }
}

// True when something went out.
bool ClientRunner::Impl::flush(Now now) {
  if (!transport_ || transport_->closing()) return false;
  bool wrote = false;
  OutBatch& batch = loop_.batch();
  while (!transport_->busy()) {
    session_.produce(batch, now);
    if (batch.empty()) break;
    if (options_.tap != nullptr) {
      for (const OutBatch::Piece& piece : batch.pieces()) options_.tap->sent(piece.bytes);
    }
    transport_->write(batch);
    wrote = true;
    if (!session_.has_output()) break;
  }
  if (session_.wants_close()) transport_->close();
  return wrote;
}

void ClientRunner::Impl::due(Now now) {
  switch (state_) {
    case State::kConnecting:
      end_reason_ = no_answer();
      // Some say nothing to a version that they do not know.
      falls_back_ = may_fall_back();
      drop_transport(now);
      if (std::exchange(falls_back_, false)) return fall_back(now);
      return lost(*end_reason_, now);
    case State::kConnected:
      if (paused_) session_.excuse_silence(now);
      session_.tick(now);
      return wake();
    case State::kWaiting: return dial(now);
    case State::kStopping: drop_transport(now); return end(nullptr, now);
    case State::kIdle:
    case State::kDialing:
    case State::kEnding:
    case State::kEnded: break;
  }
  assert(false);  // nobody sets the timer in these
}

void ClientRunner::Impl::drop_transport(Now now) {
  transport_.reset();
  session_.closed(now);
}

void ClientRunner::Impl::closed(const Error& error, Now now) {
  const EndReason reason = end_reason_ ? *end_reason_ : reason_of_close(error);
  // Many servers answer a protocol version they do not know by closing.
  const bool unanswered = !end_reason_ && transport_->open() && state_ == State::kConnecting &&
                          error.code == ErrorCode::kClosed;
  if (unanswered) falls_back_ = may_fall_back();
  drop_transport(now);
  if (state_ == State::kStopping) return end(nullptr, now);
  if (std::exchange(falls_back_, false)) return fall_back(now);
  lost(reason, now);
}

// Without 5.0 or, in 3.x, without the bridge's bit.
void ClientRunner::Impl::fall_back(Now now) {
  const bool was_v5 = session_.options().version == Version::kV5;
  session_.speak(was_v5 ? Version::kV311 : session_.options().version, was_v5 && first_bridge_);
  dial(now);
}

std::string_view ClientRunner::Impl::of_that_version() const {
  return session_.options().version == Version::kV5 ? " that knows MQTT 5.0" : "";
}

EndReason ClientRunner::Impl::no_answer() const {
  return {{ErrorCode::kTimedOut,
           fmt::format("{} does not answer: no CONNACK within {:g} s (is it an MQTT server{}? "
                       "--connect-timeout gives it more time)",
                       server_.text(), seconds(options_.connect_timeout), of_that_version())}};
}

EndReason ClientRunner::Impl::reason_of_close(const Error& transport_error) const {
  const std::string where = server_.text();
  if (const auto& timed_out = session_.error()) {
    return {{timed_out->code, fmt::format("{}: {}", where, timed_out->text)}};
  }
  if (transport_error.code == ErrorCode::kTls) {
    return {{ErrorCode::kTls, fmt::format("TLS with {} failed: {}", where, transport_error.text)}};
  }
  if (!transport_->open()) {
    const bool closed = transport_error.code == ErrorCode::kClosed;
    return {{transport_error.code,
             fmt::format("no connection to {}: {}", where,
                         closed ? "closed during the handshake (is the port one for what was "
                                  "asked for: TLS, WebSocket, a proxy?)"
                                : transport_error.text),
             transport_error.system}};
  }
  if (state_ == State::kConnecting && transport_error.code == ErrorCode::kClosed) {
    // Many servers answer a protocol version they do not know by closing.
    return {{ErrorCode::kClosed,
             fmt::format("{} closed the connection without an answer to CONNECT (is it an MQTT "
                         "server{}?{})",
                         where, of_that_version(),
                         options_.make_filter || options_.persistent
                             ? ""
                             : " if its port is one for TLS: --tls"),
             transport_error.system}};
  }
  return {{transport_error.code,
           fmt::format("connection to {} lost: {}", where, transport_error.text),
           transport_error.system}};
}

void ClientRunner::Impl::lost(const EndReason& reason, Now now) {
  // A server that accepts and ends the connection at once must not be asked for ever without a
  // pause; one that went on for longer than it was waited for has recovered.
  if (connected_at_ != kNever && now.mono - connected_at_ > waited_) backoff_.reset();
  connected_at_ = kNever;
  const bool may_fail = !options_.failures_max || backoff_.tries() < *options_.failures_max;
  // Whoever did not answer the better version may only have been away.
  if (!was_accepted_) session_.speak(first_version_, first_bridge_);
  const bool retry = (reason.retry || options_.persistent) && may_fail &&
                     (was_accepted_ ? options_.reconnect : options_.retry_first);
  // Not a reference into us: the handler may make us end.
  const Error error = reason.error;
  if (!retry) return end(&error, now);
  const Duration delay = backoff_.next(random_);
  state_ = State::kWaiting;
  waited_ = delay;
  timer_.set(now.mono + delay);
  handler_.on_lost(error, delay, now);
}

bool ClientRunner::Impl::cut(Duration down) {
  if (state_ != State::kConnected || !connected()) return false;
  const Now now = loop_.now();
  drop_transport(now);
  // It says nothing about the server.
  backoff_.reset();
  connected_at_ = kNever;
  state_ = State::kWaiting;
  waited_ = down;
  timer_.set(add(now.mono, down));
  return true;
}

void ClientRunner::Impl::stop(ReasonCode reason, Properties properties, Duration deadline) {
  switch (state_) {
    case State::kStopping:
    case State::kEnding:
    case State::kEnded: return;
    case State::kConnecting:
    case State::kConnected:
      state_ = State::kStopping;
      session_.disconnect(reason, properties);
      timer_.set(add(loop_.now().mono, deadline));
      break;
    case State::kIdle:
    case State::kDialing:
    case State::kWaiting:
      state_ = State::kEnding;
      lookup_.reset();
      dialer_.reset();
      timer_.cancel();
      break;
  }
  wake();
}

void ClientRunner::Impl::end(const Error* error, Now now) {
  state_ = State::kEnded;
  timer_.cancel();
  handler_.on_ended(error, now);  // may destroy us
}

void ClientRunner::Impl::pause(bool paused) {
  if (paused_ == paused) return;
  paused_ = paused;
  if (!transport_) return;
  if (paused) {
    transport_->pause();
  } else {
    session_.excuse_silence(loop_.now());
    transport_->resume();
  }
}

ClientRunner::ClientRunner(Loop& loop, RunnerOptions options, ClientOptions client,
                           Handler& handler)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(client), handler)) {}
ClientRunner::~ClientRunner() = default;

void ClientRunner::start() {
  impl_->start();
}
ClientSession& ClientRunner::session() {
  return impl_->session();
}
void ClientRunner::wake() {
  impl_->wake();
}
void ClientRunner::stop(ReasonCode reason, Properties properties, Duration deadline) {
  impl_->stop(reason, properties, deadline);
}
bool ClientRunner::cut(Duration down) {
  return impl_->cut(down);
}
void ClientRunner::pause_reading() {
  impl_->pause(true);
}
void ClientRunner::resume_reading() {
  impl_->pause(false);
}
bool ClientRunner::connected() const {
  return impl_->connected();
}
bool ClientRunner::flushed() const {
  return impl_->flushed();
}
TlsHandshake ClientRunner::tls_handshake() const {
  return impl_->tls_handshake();
}
int ClientRunner::fd() const {
  return impl_->fd();
}

}  // namespace mq
