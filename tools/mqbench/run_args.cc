#include "mqbench/run_args.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <random>
#include <string_view>
#include <thread>

#include <fmt/core.h>

#include "base/units.h"
#include "codec/limits.h"
#include "common/options.h"
#include "mqbench/stamp.h"

namespace mq {
namespace {

constexpr uint32_t kClientsMax = 1'000'000;
constexpr uint64_t kPairsMax = 16'000'000;  // 24 bytes each
constexpr uint32_t kThreadsMax = 256;
constexpr double kRateMax = 1e9;
constexpr Duration kDurationDefault = std::chrono::seconds(10);

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

uint32_t default_threads() {
  const unsigned cores = std::max(std::thread::hardware_concurrency(), 2u);
  return std::min(cores - 1, 4u);
}

Result<std::vector<double>> parse_percentiles(std::string_view text) {
  std::vector<double> percentiles;
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    const std::string_view one = rest.substr(0, comma);
    double value = -1;
    const auto [end, error] =
        std::from_chars(one.data(), one.data() + one.size(), value, std::chars_format::fixed);
    if (error != std::errc() || end != one.data() + one.size() || !(value >= 0 && value <= 100)) {
      return invalid(fmt::format("Invalid percentiles given: {}, they must be numbers from 0 to "
                                 "100 with commas between.", text));
    }
    percentiles.push_back(value);
    if (comma == std::string_view::npos) return percentiles;
    rest.remove_prefix(comma + 1);
  }
}

Result<void> resolve_rate(const RunArgs& args, LoadOptions& to) {
  if (args.rate == "max") {
    to.rate.reset();
  } else {
    const Result<double> rate = parse_rate(args.rate);
    if (!rate || *rate <= 0 || *rate > kRateMax) {
      return invalid(fmt::format("Invalid rate given: {}, it must be like 500, 10k or 1.5M/s, or "
                                 "max.", args.rate));
    }
    to.rate = *rate;
  }
  if (args.duration && args.messages) {
    return invalid("--duration and --messages cannot be used together.");
  }
  to.messages = args.messages.value_or(0);
  if (!args.messages) {
    to.duration = args.duration.value_or(kDurationDefault);
  } else if (to.rate) {
    to.duration = Duration(static_cast<int64_t>(static_cast<double>(to.messages) / *to.rate * 1e9));
  }
  if (to.rate && !args.messages && seconds(to.duration) * *to.rate < 0.5) {
    return invalid("At this rate no message is due within the duration.");
  }
  return {};
}

// The connection is what it is for mqpub and mqsub, but for what a run decides itself.
Result<void> resolve_connection(const RunArgs& args, LoadOptions& to) {
  ConnectArgs own = args.connect;
  own.client_id = fmt::format("{}{}-", args.id_prefix, to.run_name);
  MQ_TRY(Connection connection, resolve(own));
  to.runner = connection.runner;
  to.client = connection.client;
  for (const auto packet :
       {PropertiesIn::kUnsubscribe, PropertiesIn::kDisconnect, PropertiesIn::kWill}) {
    if (!connection.properties.of(packet).empty()) {
      return invalid("Properties are for connect, publish and subscribe.");
    }
  }
  to.publish_properties = connection.properties.list(PropertiesIn::kPublish);
  to.subscribe_properties = connection.properties.list(PropertiesIn::kSubscribe);
  to.client.inflight_max = args.inflight;
  const auto& given = connection.properties.of(PropertiesIn::kConnect);
  const bool receive_maximum_given = std::ranges::any_of(given, [](const GivenProperty& property) {
    return property.id == PropertyId::kReceiveMaximum;
  });
  if (to.client.version == Version::kV5 && !receive_maximum_given) {
    to.client.receive_maximum = args.inflight;
  }
  return {};
}

}  // namespace

void declare(CLI::App& app, RunArgs& args) {
  Options(app, "Load")
      .number("--pubs", args.pubs, "COUNT", "Publishers.", {1, kClientsMax})
      .number("--subs", args.subs, "COUNT", "Subscribers.", {0, kClientsMax})
      .choice("--pattern", args.pattern,
              {{"p2p", Pattern::kP2p}, {"fanin", Pattern::kFanIn}, {"fanout", Pattern::kFanOut}},
              "Who hears whom: pairs, every subscriber all topics, or all clients one topic.")
      .text("-t,--topic", args.topic, "TEMPLATE",
            "Topics; {i} is the number of the topic, {run} the name of the run.")
      .choice("-q,--qos", args.qos,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Quality of service to publish with.")
      .choice("--sub-qos", args.sub_qos,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Quality of service to subscribe with; that of -q without.")
      .size("-s,--size", args.size, "BYTES", "Size of a payload.",
            {kCompactStampSize, kVarintMax / 2})
      .text("--rate", args.rate, "RATE|max",
            "Messages a second of all publishers together, as 500 or 10k. With max, as many as "
            "--inflight allows; the latency is then that of the service alone.")
      .seconds("-d,--duration", args.duration, "SECONDS", "Length of the measured part; 10.",
               std::chrono::milliseconds(1))
      .number("--messages", args.messages, "COUNT", "Messages of the measured part, instead.", {1})
      .seconds("--warmup", args.warm_up, "SECONDS",
               "Load before the measured part, which counts for nothing.")
      .seconds("--drain", args.drain, "SECONDS",
               "Longest wait for the last deliveries, after the measured part.")
      .seconds("--max-backlog", args.backlog_max, "SECONDS",
               "A message that could not be sent for that long is given up and counted.",
               std::chrono::milliseconds(1))
      .number("--inflight", args.inflight, "COUNT",
              "Most QoS 1 and 2 messages that a client has unacknowledged, or the broker's Receive "
              "Maximum if less. At --rate max, also most messages of a publisher that have not "
              "reached its subscribers.",
              {1, 65535})
      .number("--conn-window", args.connecting_max, "COUNT",
              "Connections that are being made at a time.", {1})
      .number("--threads", args.threads, "COUNT",
              "Threads, each with its own clients; one less than there are cores, 4 at most.",
              {1, kThreadsMax});
  Options(app, "Report")
      .text("--percentiles", args.percentiles, "LIST", "Percentiles to report.")
      .text_or("--json", args.json, "FILE", "-",
               "Write the result as a line of JSON to a file; to standard output without one, in "
               "place of the text.")
      .flag("--strict", args.strict, "End with 5 when the measurement is not valid.");
  declare(app, args.connect, Clients::kMany);
  Options(app, "MQTT").text("-I,--id-prefix", args.id_prefix, "PREFIX",
                            "What client identifiers begin with; name of the run, role and number "
                            "follow.");
}

Result<RunOptions> resolve(const RunArgs& args) {
  RunOptions to;
  LoadOptions& load = to.load;
  load.run = std::random_device{}() & 0xFFFFFF;
  load.run_name = fmt::format("{:06x}", load.run);
  MQ_CHECK(resolve_connection(args, load));
  MQ_CHECK(resolve_rate(args, load));
  MQ_TRY(load.plan, LoadPlan::make(args.pattern, args.pubs, args.subs, args.topic, load.run_name));
  uint64_t pairs = 0;
  for (uint32_t i = 0; i < args.subs; ++i) pairs += load.plan.senders_of(i);
  if (pairs > kPairsMax) {
    return invalid(fmt::format("{} pairs of publisher and subscriber are more than can be "
                               "accounted for ({}).",
                               format_count(pairs), format_count(kPairsMax)));
  }
  load.qos = args.qos;
  load.sub_qos = args.sub_qos.value_or(args.qos);
  load.payload_size = static_cast<uint32_t>(args.size);
  load.warm_up = args.warm_up;
  load.drain = args.drain;
  load.backlog_max = args.backlog_max;
  load.inflight = args.inflight;
  load.connecting_max = args.connecting_max;
  load.threads = std::min(args.threads.value_or(default_threads()), std::max(args.pubs, args.subs));
  MQ_TRY(to.percentiles, parse_percentiles(args.percentiles));
  to.target = load.runner.address.text();
  to.json = args.json;
  to.strict = args.strict;
  return to;
}

}  // namespace mq
