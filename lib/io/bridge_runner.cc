#include "io/bridge_runner.h"

#include <utility>

#include <fmt/core.h>

#include "base/log.h"
#include "bridge/relay.h"
#include "session/via.h"

namespace mq {
namespace {

// Until the local end is tried again after our own broker has ended it.
constexpr Duration kLocalRetry = std::chrono::seconds(1);

std::string_view word(Version version) {
  return version == Version::kV5 ? "5.0" : version == Version::kV311 ? "3.1.1" : "3.1";
}

std::string_view event_of(Relay::Note::What what) {
  using enum Relay::Note::What;
  switch (what) {
    case kTopicRefused: return "bridge_topic_refused";
    case kMessageRefused: return "bridge_message_refused";
    case kMessageDropped: return "bridge_message_dropped";
    case kNotMapped: return "bridge_message_unasked";
    case kCircle: return "bridge_circle";
  }
  return "";
}

// Our own broker is known to speak 5.0, and keeps the session as it keeps others.
ClientOptions local_client(const BridgeSettings& settings) {
  ClientOptions to;
  to.version = Version::kV5;
  to.client_id = settings.local_client_id;
  to.clean_start = settings.local_clean_session;
  if (!to.clean_start) to.session_expiry_s = kSessionNeverExpires;
  to.keep_alive_s = 0;
  to.inflight_max = settings.remote_client.inflight_max;
  to.receive_maximum = static_cast<uint16_t>(to.inflight_max);
  if (!settings.local_user_name.empty()) to.user_name = settings.local_user_name;
  to.password = settings.local_password;
  to.will = Relay::will(settings.bridge, BridgeEnd::kLocal);
  to.hold_acks = true;
  to.repeat_unfinished_qos2 = true;
  return to;
}

ClientOptions remote_client(const BridgeSettings& settings) {
  ClientOptions to = settings.remote_client;
  to.will = Relay::will(settings.bridge, BridgeEnd::kRemote);
  to.hold_acks = true;
  to.repeat_unfinished_qos2 = true;
  return to;
}

// With what our own broker is called on the way of messages.
BridgeSettings named(BridgeSettings settings, const BrokerServer& server) {
  settings.bridge.via = server.broker().via();
  settings.remote_client.properties.add_user(kVia, settings.bridge.via);
  return settings;
}

RunnerOptions remote_runner(const BridgeSettings& settings) {
  RunnerOptions to = settings.remote;
  to.reconnect = to.retry_first = to.persistent = true;
  return to;
}

}  // namespace

class BridgeRunner::Impl {
 public:
  Impl(Loop& loop, BrokerServer& server, BridgeSettings settings)
      : loop_(loop),
        server_(server),
        settings_(named(std::move(settings), server)),
        local_(*this, BridgeEnd::kLocal),
        remote_(*this, BridgeEnd::kRemote),
        local_runner_(loop, local_runner(), local_client(settings_), local_),
        remote_runner_(loop, remote_runner(settings_), remote_client(settings_), remote_),
        relay_(settings_.bridge, local_runner_.session(), remote_runner_.session()) {
    server.reserve(settings_.local_client_id);
  }

  void start() {
    start(BridgeEnd::kLocal);
    start(BridgeEnd::kRemote);
  }

  void stop(Duration deadline, std::function<void()> done) {
    done_ = std::move(done);
    relay_.say_goodbye(loop_.now());
    remote_runner_.stop(ReasonCode::kSuccess, {}, deadline);
    leave_local(deadline);
    if (!remote_.running && !local_.running) finish();
  }

 private:
  struct End final : ClientRunner::Handler {
    End(Impl& owner, BridgeEnd place) : impl(owner), at(place) {}

    void on_event(const ClientEvent& event, Now now) override { impl.on_event(at, event, now); }
    void on_progress(Now) override { impl.look_at_queues(); }
    void on_lost(const Error& error, Duration retry_in, Now) override {
      impl.on_lost(at, error, retry_in);
    }
    void on_ended(const Error* error, Now) override { impl.on_ended(at, error); }

    Impl& impl;
    const BridgeEnd at;
    bool running = false;
  };

  ClientRunner& runner(BridgeEnd at) {
    return at == BridgeEnd::kLocal ? local_runner_ : remote_runner_;
  }
  End& end(BridgeEnd at) { return at == BridgeEnd::kLocal ? local_ : remote_; }

  RunnerOptions local_runner() {
    RunnerOptions to;
    to.address.kind = TransportKind::kUnix;
    to.address.host = "(this broker)";
    to.open = [this] {
      return server_.connect(settings_.local_password ? std::nullopt
                                                      : std::optional(settings_.local_user_name));
    };
    to.backoff = {kLocalRetry, kLocalRetry};
    to.retry_first = to.persistent = true;
    return to;
  }

  void start(BridgeEnd at) {
    end(at).running = true;
    runner(at).start();
  }

  // With its will: that the bridge is down, it did not say itself.
  void leave_local(Duration deadline = std::chrono::seconds(1)) {
    if (local_.running) local_runner_.stop(ReasonCode::kDisconnectWithWill, {}, deadline);
  }

  void on_event(BridgeEnd at, const ClientEvent& event, Now now) {
    relay_.on_event(at, event, now);
    if (std::holds_alternative<Connected>(event) && at == BridgeEnd::kRemote) {
      log(LogLevel::kNotice, "bridge_connected",
          {{"bridge", settings_.bridge.name},
           {"to", settings_.remote.address.text()},
           {"version", word(remote_runner_.session().options().version)}});
      if (!local_.running && !done_) start(BridgeEnd::kLocal);
    }
    settle();
  }

  // After anything that the relay was told.
  void settle() {
    if (!relay_.wants_local()) leave_local();
    apply_pauses();
    for (const Relay::Note& note : relay_.take_notes()) {
      log(LogLevel::kWarning, event_of(note.what),
          {{"bridge", settings_.bridge.name},
           {"at", note.at == BridgeEnd::kLocal ? "local" : "remote"},
           {"topic", note.topic},
           {"why", note.why}});
    }
    local_runner_.wake();
    remote_runner_.wake();
  }

  void look_at_queues() {
    relay_.look_at_queues();
    apply_pauses();
  }

  void apply_pauses() {
    for (const BridgeEnd at : {BridgeEnd::kLocal, BridgeEnd::kRemote}) {
      if (relay_.wants_pause(at)) {
        runner(at).pause_reading();
      } else {
        runner(at).resume_reading();
      }
    }
  }

  void on_lost(BridgeEnd at, const Error& error, Duration retry_in) {
    log(LogLevel::kWarning, at == BridgeEnd::kLocal ? "bridge_local_end_lost" : "bridge_lost",
        {{"bridge", settings_.bridge.name},
         {"error", error.text},
         {"retry_in", fmt::format("{:.1f} s", std::chrono::duration<double>(retry_in).count())}});
    relay_.on_lost(at);
    settle();
  }

  void on_ended(BridgeEnd at, const Error* error) {
    end(at).running = false;
    if (error != nullptr) {
      log(LogLevel::kError, "bridge_ended",
          {{"bridge", settings_.bridge.name}, {"error", error->text}});
    }
    relay_.on_lost(at);
    if (done_) {
      if (!remote_.running && !local_.running) finish();
      return;
    }
    settle();
    if (at == BridgeEnd::kLocal && relay_.wants_local()) start(BridgeEnd::kLocal);
  }

  void finish() {
    if (const auto done = std::exchange(done_, nullptr)) done();
  }

  Loop& loop_;
  BrokerServer& server_;
  const BridgeSettings settings_;
  End local_, remote_;
  ClientRunner local_runner_, remote_runner_;
  Relay relay_;
  std::function<void()> done_;
};

BridgeRunner::BridgeRunner(Loop& loop, BrokerServer& server, BridgeSettings settings)
    : impl_(std::make_unique<Impl>(loop, server, std::move(settings))) {}
BridgeRunner::~BridgeRunner() = default;

void BridgeRunner::start() {
  impl_->start();
}
void BridgeRunner::stop(Duration deadline, std::function<void()> done) {
  impl_->stop(deadline, std::move(done));
}

}  // namespace mq
