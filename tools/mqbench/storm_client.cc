#include "mqbench/storm_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "base/buffer.h"
#include "codec/packet.h"
#include "codec/reason_code.h"

namespace mq {
namespace {

// Of its TCP connection so far; 0 for a unix socket.
uint32_t retransmits(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_total_retrans;
}

ClientOptions client_options(const LoadOptions& options, uint32_t number) {
  ClientOptions own = options.client;
  own.client_id = options.plan.client_id(options.plan.client_groups().front(), number);
  if (own.will) own.will->topic += fmt::format("/{}", number);
  return own;
}

}  // namespace

uint64_t StormTally::failed_tries() const {
  uint64_t sum = 0;
  for (const auto& [why, count] : failures) sum += count;
  return sum;
}

std::string failure_name(const Error& error) {
  if (error.system < 0) return std::strerror(-error.system);
  if (error.system > 0) return std::strerror(error.system);
  if (error.code == ErrorCode::kClosed) return "closed by the server";
  if (error.code == ErrorCode::kTls) return "TLS failed";
  if (error.code == ErrorCode::kTimedOut) return "timed out";
  return std::string(name(error.code));
}

std::string failure_name(const ClientEvent& refusal) {
  if (const auto* refused = std::get_if<ConnectRefused>(&refusal)) {
    return fmt::format("CONNACK: {}", text(refused->reason));
  }
  if (const auto* ended = std::get_if<Disconnected>(&refusal)) {
    return fmt::format("DISCONNECT: {}", text(ended->reason));
  }
  if (const auto* subscribed = std::get_if<Subscribed>(&refusal)) {
    for (const uint8_t code : subscribed->codes) {
      const auto reason = static_cast<ReasonCode>(code);
      if (is_error(reason)) return fmt::format("SUBACK: {}", text(reason));
    }
  }
  return "";
}

StormClient::StormClient(Context& context, uint32_t number)
    : context_(context),
      number_(number),
      session_(client_options(context.options, number)),
      backoff_(context.options.runner.backoff),
      timer_(context.loop, [this](Now now) { due(now); }) {}

void StormClient::connect(Time due) {
  assert(idle());
  const RunnerOptions& runner = context_.options.runner;
  const Now now = context_.loop.read_clock();
  ++context_.tally->tries;
  due_ = std::min(due, now.mono);
  times_.begin(now.mono);
  state_ = State::kDialing;
  why_.reset();
  timer_.set(add(now.mono, runner.connect_timeout));
  dialer_ =
      std::make_unique<Dialer>(context_.loop,
                               DialOptions{context_.address, runner.bind_address, runner.no_delay,
                                           runner.connect_timeout, runner.family},
                               [this](Result<UvStream> stream) { dialed(std::move(stream)); });
}

void StormClient::dialed(Result<UvStream> stream) {
  dialer_.reset();
  const Now now = context_.loop.read_clock();
  if (!stream) return fail(failure_name(stream.error()), now);
  record(&ConnectTally::tcp, now);
  const RunnerOptions& runner = context_.options.runner;
  TlsSession* const session = runner.resume_tls ? &tls_session_ : nullptr;
  transport_ = std::make_unique<Transport>(
      std::move(*stream), runner.make_filter ? runner.make_filter(session) : nullptr);
  retransmits_ = retransmits(transport_->fd());
  if (retransmits_ > 0) ++context_.tally->syn_retransmitted;
  state_ = State::kHandshake;
  session_.opened(now);
  transport_->start(*this);
  if (transport_ && transport_->open()) opened(now);
  context_.loop.once(*this);
}

// CONNECT goes out before the loop sleeps.
void StormClient::opened(Now now) {
  const auto handshake = handshake_step(context_.options.runner, transport_->tls_handshake());
  if (handshake != nullptr) record(handshake, now);
  times_.begin(now.mono);
  state_ = State::kConnecting;
}

void StormClient::record(ConnectTimes::Step step, Now now) {
  (context_.tally->*step).record(times_.end(now.mono));
}

void StormClient::writable(Now now) {
  if (state_ == State::kHandshake && transport_->open()) opened(now);
  context_.loop.once(*this);
}

void StormClient::received(Bytes bytes, Now) {
  const Now now = context_.loop.read_clock();
  if (state_ == State::kHandshake) opened(now);  // a server that speaks before it is asked
  while (transport_) {
    const auto event = session_.receive(bytes, now);
    if (!event) {
      why_ = failure_name(event.error());
      break;
    }
    if (!event->has_value()) break;
    on_event(**event, now);
  }
  context_.loop.once(*this);
}

void StormClient::on_event(const ClientEvent& event, Now now) {
  if (const auto* connected = std::get_if<Connected>(&event)) {
    record(&ConnectTally::connack, now);
    if (connected->session_present) return became_up(now);
    subscribe(now);
  } else if (std::holds_alternative<Subscribed>(event) && state_ == State::kSubscribing) {
    if (const std::string refused = failure_name(event); !refused.empty()) {
      why_ = refused;
      return session_.disconnect();
    }
    context_.tally->suback.record((now.mono - asked_at_).count());
    became_up(now);
  } else if (const std::string ended = failure_name(event); !ended.empty()) {
    why_ = ended;  // the transport's end follows
  }
}

void StormClient::subscribe(Now now) {
  Buffer encoded;
  FilterListWriter writer(encoded, true);
  for (const LoadPlan::Subscription& one : context_.options.plan.subscriptions(number_)) {
    writer.add(one.filter, {.qos = context_.options.sub_qos});
  }
  if (encoded.empty()) return became_up(now);
  asked_at_ = now.mono;
  state_ = State::kSubscribing;
  const auto asked = session_.subscribe({.filters = writer.list()});
  if (asked) return;
  why_ = failure_name(asked.error());
  session_.disconnect();
}

void StormClient::became_up(Now now) {
  StormTally& tally = *context_.tally;
  ++tally.succeeded;
  tally.ready.record((now.mono - due_).count());
  if (retransmits(transport_->fd()) > retransmits_) ++tally.data_retransmitted;
  backoff_.reset();
  state_ = State::kUp;
  timer_.set(session_.next_deadline());
  context_.events.up(*this, now);
}

void StormClient::fail(const std::string& why, Now now) {
  state_ = State::kIdle;
  timer_.cancel();
  context_.tally->failed(why);
  context_.events.failed(*this, now);
}

// A connection or a try is no more.
void StormClient::drop(Now now) {
  dialer_.reset();
  timer_.cancel();
  if (!transport_) return;
  transport_.reset();
  session_.closed(now);
}

void StormClient::cut() {
  drop(context_.loop.now());
  state_ = State::kIdle;
}

void StormClient::disconnect() {
  if (state_ == State::kUp) {
    session_.disconnect();
    // Whoever does not answer in a second is not waited for.
    timer_.set(context_.loop.now().mono + std::chrono::seconds(1));
  } else {
    drop(context_.loop.now());
  }
  state_ = State::kLeaving;
  context_.loop.once(*this);
}

void StormClient::due(Now now) {
  if (state_ == State::kUp) {
    session_.tick(now);
    timer_.set(session_.next_deadline());
    return context_.loop.once(*this);
  }
  drop(now);
  if (state_ == State::kLeaving) {
    state_ = State::kIdle;
    return context_.events.gone(*this, now);
  }
  fail("timed out", now);
}

void StormClient::before_sleep(Now now) {
  if (transport_) return flush(now);
  if (state_ != State::kLeaving) return;
  state_ = State::kIdle;
  context_.events.gone(*this, now);
}

void StormClient::flush(Now now) {
  if (transport_->closing()) return;
  OutBatch& batch = context_.loop.batch();
  while (!transport_->busy()) {
    session_.produce(batch, now);
    if (batch.empty()) break;
    transport_->write(batch);
    if (!session_.has_output()) break;
  }
  if (session_.wants_close()) transport_->close();
}

void StormClient::closed(const Error& error, Now now) {
  const State was = state_;
  const std::string why = why_.value_or(failure_name(error));
  drop(now);
  state_ = State::kIdle;
  if (was == State::kLeaving) return context_.events.gone(*this, now);
  if (was != State::kUp) return fail(why, now);
  ++context_.tally->lost;
  context_.events.lost(*this, now);
}

}  // namespace mq
