#include "mqbench/storm_args.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/invalid.h"
#include "common/options.h"
#include "mqbench/politeness.h"

namespace mq {
namespace {

constexpr uint32_t kClientsMax = 1'000'000;
constexpr double kRateMax = 1e6;
constexpr double kChurnRate = 100;
constexpr uint32_t kWindow = 100;
constexpr uint32_t kSessionExpiry_s = 3600;

}  // namespace

std::string_view name(StormMode mode) {
  switch (mode) {
    case StormMode::kConnect: return "connect";
    case StormMode::kReconnect: return "reconnect";
    case StormMode::kChurn: return "churn";
  }
  return "unknown";
}

void declare(CLI::App& app, StormArgs& args) {
  Options(app, "Load")
      .choice("--mode", args.mode,
              {{"connect", StormMode::kConnect},
               {"reconnect", StormMode::kReconnect},
               {"churn", StormMode::kChurn}},
              "Connect all clients; or cut the connections of some of them, who come back; or "
              "connect and disconnect all the time.")
      .number("-c,--count", args.clients, "COUNT",
              "Clients; in a churn, most that are there at a time.", {1, kClientsMax})
      .number("--percent", args.percent, "PERCENT", "How many lose their connections.", {1, 100})
      .decimal("--conn-rate", args.connect_rate, "RATE",
               "Tries a second; 0 for no limit but that of --conn-window. In a churn 100 if it is "
               "not given.",
               0, kRateMax)
      .number("--conn-window", args.window, "COUNT",
              "Tries at a time; 100, but none for those who come back.", {1})
      .seconds("-d,--duration", args.churn_time, "SECONDS", "Length of a churn.",
               std::chrono::milliseconds(100))
      .text("-f,--filter", args.run.filter, "TEMPLATE",
            "What each client subscribes to; mqbench/{run}/{i}.")
      .flag("--no-subscription", args.no_subscription, "Subscribe to nothing.")
      .flag("--keep-session", args.keep_session,
            "Sessions outlive the connections: no clean start, with MQTT 5 for an hour.")
      .flag("--will", args.will,
            "Each client has a will, which the broker publishes when its connection is cut.")
      .seconds("--timeout", args.timeout, "SECONDS",
               "Clients that are not connected by then are given up.", std::chrono::milliseconds(1))
      .number("--probe-rate", args.probe_rate, "RATE",
              "Messages a second that pass the broker meanwhile, and before, so that what a storm "
              "does to others is measured; 0 for none.",
              {0, 10'000})
      .flag("--yes", args.run.yes,
            "Storm a broker that is neither on this machine nor in a private network: I may.");
  Options(app, "Report")
      .text_or("--json", args.json, "FILE", "-",
               "Write the result as a line of JSON to a file; to standard output without one, in "
               "place of the text.");
  Options(app, "Judgement")
      .seconds("--within", args.within, "SECONDS",
               "End with 3 when not all clients are connected that long after the storm began.",
               std::chrono::milliseconds(1))
      .list("--fail-if", args.fail_if, "CONDITION",
            "End with 3 when it is true of the result, as connack.p99>100ms, conn_rate<5k or "
            "errors>0; also of tcp., tls., tls_resumed., suback. and ready. times and disconnects. "
            "Implies --strict.")
      .flag("--strict", args.strict, "End with 5 when the measurement is not valid.");
  declare_connection(app, args.run);
}

Result<StormOptions> resolve(const StormArgs& args) {
  if (args.within && args.mode == StormMode::kChurn) {
    return invalid("--within is for clients who stay, and not for a churn.");
  }
  StormOptions to;
  RunArgs run = args.run;
  run.pattern = Pattern::kNone;
  run.subs = args.clients;
  if (args.no_subscription && run.filter) {
    return invalid("--filter and --no-subscription cannot be used together.");
  }
  if (!run.filter && !args.no_subscription) run.filter = "mqbench/{run}/{i}";
  run.threads = 1;
  const bool yes = std::exchange(run.yes, true);  // what is allowed is said below
  MQ_TRY(RunOptions resolved, resolve(run));
  to.load = std::move(resolved.load);
  to.target = resolved.target;
  if (to.load.runner.proxy) return invalid("A storm goes straight to the broker: no --proxy.");
  if (!yes && !is_private(to.load.runner.address)) {
    return invalid(
        fmt::format("{} is not on this machine or in a private network: no storm "
                    "without --yes.",
                    to.load.runner.address.host));
  }
  to.load.client.clean_start = !args.keep_session;
  if (args.keep_session && to.load.client.version == Version::kV5) {
    to.load.client.session_expiry_s = kSessionExpiry_s;
  }
  if (args.will) {
    to.load.client.will =
        WillOptions{.topic = fmt::format("mqbench/{}/will", to.load.run_name), .payload = "gone"};
  }
  to.mode = args.mode;
  to.clients = args.clients;
  if (args.mode == StormMode::kReconnect) {
    to.to_cut = static_cast<uint32_t>((uint64_t{args.clients} * args.percent + 99) / 100);
  }
  to.connect_rate = args.connect_rate;
  if (args.mode == StormMode::kChurn && to.connect_rate == 0) to.connect_rate = kChurnRate;
  to.window = args.window.value_or(args.mode == StormMode::kReconnect ? kClientsMax : kWindow);
  to.churn_time = args.churn_time;
  to.probe_rate = args.probe_rate;
  to.timeout = args.timeout;
  to.within = args.within;
  to.strict = args.strict;
  for (const std::string& text : args.fail_if) {
    MQ_TRY(Condition condition, Condition::parse(text));
    if (!condition.metric().group().empty()) {
      return invalid(fmt::format("Invalid condition given: {}, a storm has no groups.", text));
    }
    constexpr std::string_view kKinds[] = {"tcp",       "tls",     "tls_full",   "tls_resumed",
                                           "upgrade",   "connack", "suback",     "ready",
                                           "conn_rate", "errors",  "disconnects"};
    if (std::ranges::find(kKinds, condition.metric().kind()) == std::end(kKinds)) {
      return invalid(
          fmt::format("Invalid condition given: {}, of a storm there are tcp., tls., upgrade., "
                      "connack., suback. and ready. times, conn_rate, errors and disconnects.",
                      text));
    }
    if (condition.metric().kind() != "ready") {
      MQ_CHECK(check_measured(condition.metric(), text, to.load));
    }
    to.fail_if.push_back(std::move(condition));
  }
  return to;
}

}  // namespace mq
