#include "mqbench/probe.h"

#include <algorithm>
#include <optional>

#include "base/buffer.h"
#include "io/client_runner.h"
#include "io/loop.h"

namespace mq {
namespace {

// Most brokers tell their version here; those that do not are not waited for.
constexpr std::string_view kVersionTopic = "$SYS/broker/version";
constexpr Duration kPatience = std::chrono::milliseconds(300);
constexpr size_t kServerMax = 100;  // characters of what it says that are shown

class Probe final : private ClientRunner::Handler {
 public:
  explicit Probe(const LoadOptions& options)
      : patience_(loop_, [this](Now) { runner_.stop(); }),
        runner_(loop_, options.runner, client_options(options), *this) {}

  Result<ProbeResult> run() {
    start_ = loop_.read_clock().mono;
    runner_.start();
    loop_.run();
    if (error_) return tl::unexpected(*error_);
    return result_;
  }

 private:
  static ClientOptions client_options(const LoadOptions& options) {
    ClientOptions own = options.client;
    own.client_id += "probe";
    return own;
  }

  void on_event(const ClientEvent& event, Now now) override {
    if (std::holds_alternative<Connected>(event)) {
      result_.connect = now.mono - start_;
      ping_sent_ = now.mono;
      runner_.session().ping(now);
      Buffer encoded;
      FilterListWriter writer(encoded, true);
      writer.add(kVersionTopic);
      // Of a broker that does not take it nothing is learned.
      static_cast<void>(runner_.session().subscribe({.filters = writer.list()}));
      patience_.set(now.mono + kPatience);
    } else if (std::holds_alternative<PongReceived>(event)) {
      result_.round_trip = now.mono - ping_sent_;
    } else if (const auto* message = std::get_if<MessageArrived>(&event)) {
      result_.server = printable(to_string_view(message->publish.payload));
    }
    if (!result_.server.empty() && result_.round_trip > Duration::zero()) runner_.stop();
  }
  void on_lost(const Error& error, Duration, Now) override {
    error_ = error;
    runner_.stop();
  }
  void on_ended(const Error* error, Now) override {
    if (error != nullptr) error_ = *error;
    loop_.stop();
  }

  // It goes to a terminal.
  static std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, kServerMax)) out += c >= ' ' && c <= '~' ? c : '?';
    return out;
  }

  Loop loop_;
  Timer patience_;
  ClientRunner runner_;
  Time start_{}, ping_sent_{};
  ProbeResult result_;
  std::optional<Error> error_;
};

}  // namespace

Result<ProbeResult> probe(const LoadOptions& options) {
  return Probe(options).run();
}

}  // namespace mq
