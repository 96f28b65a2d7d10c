#include "mqbench/run_args.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <thread>

#include <fmt/core.h>

#include "base/units.h"
#include "common/invalid.h"
#include "common/options.h"
#include "mqbench/metrics_server.h"
#include "mqbench/payload_check.h"
#include "mqbench/politeness.h"
#include "mqbench/scenario_load.h"
#include "mqbench/stamp.h"

namespace mq {
namespace {

constexpr uint32_t kClientsMax = 1'000'000;
constexpr uint32_t kThreadsMax = 256;

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
      return invalid(
          fmt::format("Invalid percentiles given: {}, they must be numbers from 0 to "
                      "100 with commas between.",
                      text));
    }
    percentiles.push_back(value);
    if (comma == std::string_view::npos) return percentiles;
    rest.remove_prefix(comma + 1);
  }
}

// "p2p", or "shared:GROUP"
Result<void> parse_pattern(std::string_view text, RunArgs& to) {
  using enum Pattern;
  const size_t colon = text.find(':');
  for (const Pattern pattern : {kP2p, kFanIn, kFanOut, kMesh, kShared}) {
    if (text.substr(0, colon) != name(pattern)) continue;
    if (colon != std::string_view::npos && pattern != kShared) break;
    to.pattern = pattern;
    if (colon != std::string_view::npos) to.share = text.substr(colon + 1);
    return {};
  }
  return invalid("it must be p2p, fanin, fanout, mesh, shared or shared:GROUP");
}

Result<void> resolve_plan(const RunArgs& args, std::shared_ptr<const DataTable> data,
                          LoadOptions& to) {
  const bool mesh = args.pattern == Pattern::kMesh;
  LoadPlan::PatternPlan plan{.pattern = args.pattern,
                             .publishers = args.pubs,
                             .subscribers = args.subs.value_or(1),
                             .topic = args.topic,
                             .topics = args.topics,
                             .filter = args.filter.value_or(""),
                             .share = args.share,
                             .counts_only = !to.tracks()};
  if (args.filter && args.pattern != Pattern::kNone) {
    if (args.pattern != Pattern::kP2p) {
      return invalid("--filter says who hears whom: --pattern has no say beside it.");
    }
    plan.pattern = Pattern::kGiven;
  }
  if (mesh && args.subs && *args.subs != args.pubs) {
    return invalid("In a mesh the publishers are the subscribers: --pubs says how many.");
  }
  if (args.topics > 1 && args.topic.find("{n}") == std::string::npos) {
    return invalid("--topics needs a topic with {n}.");
  }
  LoadPlan::Names names{.run = to.run_name,
                        .id_prefix = to.client.client_id,
                        .user = to.client.user_name.value_or(""),
                        .data = std::move(data),
                        .first_number = args.first_number};
  MQ_TRY(to.plan, LoadPlan::make(plan, std::move(names)));
  if (to.shards > 1 && to.plan.groups() < to.shards) {
    return invalid(
        "--shard needs --pattern p2p with as many publishers and subscribers as shards: "
        "who hears whom must be in one shard.");
  }
  return {};
}

// Of publisher and subscriber, that this process accounts for.
uint64_t own_pairs(const LoadOptions& load) {
  if (load.shards == 1) return load.plan.pairs();
  uint64_t pairs = 0;
  for (uint32_t i = 0; i < load.plan.subscribers(); ++i) {
    if (load.is_own(i)) pairs += load.plan.heard(i).size();
  }
  return pairs;
}

// The connection is what it is for mqpub and mqsub, but for what a run decides itself.
Result<void> resolve_connection(const RunArgs& args, LoadOptions& to) {
  ConnectArgs own = args.connect;
  own.client_id = fmt::format("{}{}-", args.id_prefix, to.run_name);
  MQ_TRY(ConnectOptions connection, resolve(own));
  to.runner = connection.runner;
  to.client = connection.client;
  to.runner.resume_tls = !args.connect.tls.no_resume;
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

// Empty without the option.
Result<std::vector<std::string>> list_between_commas(std::string_view option,
                                                     const std::optional<std::string>& list) {
  std::vector<std::string> words;
  if (!list) return words;
  for (std::string_view rest = *list;;) {
    const size_t comma = rest.find(',');
    words.emplace_back(rest.substr(0, comma));
    if (words.back().empty()) {
      return invalid(
          fmt::format("{} is a list with commas between: '{}' has an empty place.", option, *list));
    }
    if (comma == std::string_view::npos) return words;
    rest.remove_prefix(comma + 1);
  }
}

// What is sent, and where in it the stamp goes.
Result<void> resolve_payload(const RunArgs& args, const DataTable* data, LoadOptions& to) {
  MQ_TRY(to.payloads, resolve(args.payload, to.arrival.seed, {to.run_name, data}));
  to.payload_size = static_cast<uint32_t>(to.payloads.mean() + 0.5);
  to.stamp = to.payloads.stamp_place(to.client.version == Version::kV5);
  if (to.stamp == StampPlace::kCorrelation && to.has_correlation_data()) {
    return invalid("This payload's stamp travels as Correlation Data: it cannot have other.");
  }
  const bool hears = args.pattern == Pattern::kMesh || args.subs.value_or(1) > 0;
  if (to.stamp == StampPlace::kNone) {
    if (hears && !to.rate) {
      return invalid("At --rate max a payload needs room for a stamp of 16 bytes, or MQTT 5.");
    }
    to.warm_up = Duration::zero();  // nobody could tell its messages from the others
  }
  if (args.verify != Verify::kStrict) return {};
  if (to.payloads.pool_is_random) {
    return invalid("With --verify strict each payload is different: --pool has no use.");
  }
  if (!to.payloads.can_be_verified(to.stamp)) {
    return invalid(fmt::format(
        "--verify strict needs a stamp, which own payloads have with MQTT 5 or {{stamp}} in a "
        "template, and in payloads of random bytes {} more.",
        PayloadPattern::kSizeMin));
  }
  to.payloads.verifiable = !to.payloads.are_given();
  return {};
}

}  // namespace

void declare_clients(CLI::App& app, RunArgs& args) {
  Options(app, "Load")
      .number("--pubs", args.pubs, "COUNT", "Publishers.", {1, kClientsMax})
      .number("--subs", args.subs, "COUNT", "Subscribers; 1.", {0, kClientsMax})
      .parsed("--pattern", "p2p|fanin|fanout|mesh|shared", "p2p",
              "Who hears whom: pairs; every subscriber all topics; all clients one topic; every "
              "client all of them; one of the subscribers each message, as members of a shared "
              "subscription that shared:GROUP gives a name.",
              [&args](std::string_view text) { return parse_pattern(text, args); })
      .text("-t,--topic", args.topic, "TEMPLATE",
            "Topics; of the client {i}, its number, {mod:N}, the same modulo N, {client}, {user}, "
            "{csv.NAME}; of the message {n}, in turn up to --topics, and {rand:N}, below N; {run} "
            "of the run.")
      .text("-f,--filter", args.filter, "TEMPLATE",
            "Filter of each subscriber, with the same blanks of the client; what it then hears "
            "replaces --pattern.")
      .number("--topics", args.topics, "COUNT", "Topics of each publisher, numbered by {n}.",
              {1, TopicTemplate::kVariantsMax})
      .text("--data", args.data, "FILE",
            "Values for the clients, comma-separated: the first line names the columns, client i "
            "has line i of the others, which go round. Columns username and password are used to "
            "connect.")
      .choice("-q,--qos", args.qos,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Quality of service to publish with.")
      .choice("--sub-qos", args.sub_qos,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Quality of service to subscribe with; that of -q without.");
  declare(app, args.payload);
  declare_arrival(app, args.rate);
  declare_engine(app, args);
}

void declare_engine(CLI::App& app, RunArgs& args) {
  Options(app, "Load")
      .choice(
          "--verify", args.verify,
          {{"off", Verify::kOff},
           {"count", Verify::kCount},
           {"seq", Verify::kSeq},
           {"strict", Verify::kStrict}},
          "What is found out about each message that arrives: nothing but its latency, how many "
          "they are, which of them, or also that each byte is as it was sent.")
      .number("--seed", args.seed, "NUMBER",
              "What is random follows from it; without, from the name of the run. It is in the "
              "result.")
      .number("--inflight", args.inflight, "COUNT",
              "Most QoS 1 and 2 messages that a client has unacknowledged, or the broker's Receive "
              "Maximum if less. At --rate max, also most messages of a publisher that have not "
              "reached its subscribers.",
              {1, 65535})
      .decimal("--conn-rate", args.connect_rate, "COUNT",
               "Connections a second; 0: as --conn-window allows.", 0, 1e6)
      .number("--conn-window", args.connecting_max, "COUNT",
              "Connections that are being made at a time while the run begins; whoever comes "
              "back waits for nobody.",
              {1})
      .number("--threads", args.threads, "COUNT",
              "Threads, each with its own clients; one less than there are cores, 4 at most.",
              {1, kThreadsMax})
      .flag("--pin", args.pin, "Keep each thread on a processor of its own.")
      .flag("--busy-poll", args.busy_poll,
            "Do not sleep between messages: each thread takes a processor for itself, and no timer "
            "makes messages late.")
      .choice("--reconnect", args.reconnect, {{"on", true}, {"off", false}},
              "Whether a connection that is lost is made again, or ends the run.")
      .text("--local-addr", args.local_addresses, "LIST",
            "Local addresses, with commas between, that clients take turns to connect from: each "
            "has its own 28 000 ports or so.")
      .text(
          "--hosts", args.hosts, "LIST",
          "Servers of a cluster as HOST or HOST:PORT, with commas between, that clients take turns "
          "to connect to, instead of -h.");
}

void declare_permissions(CLI::App& app, RunArgs& args) {
  Options(app, "Judgement")
      .flag("--yes", args.yes,
            "Load a broker that is neither on this machine nor in a private network with more "
            "than 100 messages a second and 50 clients: I may.")
      .flag("--shared-host", args.shared_host,
            "Judge as if nothing else computed on this machine: what others take of it is "
            "reported, and does not make the measurement invalid.");
}

void declare_connection(CLI::App& app, RunArgs& args) {
  declare(app, args.connect, Clients::kMany);
  Options(app, "MQTT")
      .text("-I,--id-prefix", args.id_prefix, "PREFIX",
            "What client identifiers begin with; name of the run, role and number "
            "follow.");
}

void declare(CLI::App& app, RunArgs& args) {
  declare_clients(app, args);
  declare(app, args.rate);
  declare(app, args.shard);
  declare_times(app, args);
  declare_results(app, args);
  declare_permissions(app, args);
  declare_connection(app, args);
}

void declare_times(CLI::App& app, RunArgs& args) {
  Options(app, "Load")
      .seconds("--hold", args.hold, "SECONDS",
               "Keep the connections for that long after the last delivery.")
      .seconds("--max-backlog", args.backlog_max, "SECONDS",
               "A message that could not be sent for that long is given up and counted.",
               std::chrono::milliseconds(1));
  declare_run_id(app, args.shard);
}

void declare_results(CLI::App& app, RunArgs& args) {
  declare(app, args.output);
  Options(app, "Report")
      .text("--percentiles", args.percentiles, "LIST", "Percentiles to report.")
      .list("--label", args.labels, "NAME=VALUE",
            "Text that goes into the JSON and onto every sample of --prom.")
      .text("--prom", args.prometheus, "[ADDRESS:]PORT",
            "Show how far it is at http://ADDRESS:PORT/metrics, in the format of Prometheus, while "
            "it goes on; on the loopback address without one.");
  declare(app, args.judgement);
}

// Who publishes what and when.
Result<void> resolve_load(const RunArgs& args, LoadOptions& to) {
  MQ_CHECK(resolve(args.rate, to));
  std::shared_ptr<const DataTable> data;
  if (args.data) {
    MQ_TRY(DataTable table, DataTable::read(*args.data));
    data = std::make_shared<const DataTable>(std::move(table));
  }
  MQ_CHECK(resolve_payload(args, data.get(), to));
  MQ_CHECK(resolve_plan(args, std::move(data), to));
  to.qos = args.qos;
  to.sub_qos = args.sub_qos.value_or(args.qos);
  // Without a message it would be no more than a wait.
  if (to.open_loop() && to.flow(0).first_rate() == 0) to.warm_up = Duration::zero();
  return {};
}

Result<RunOptions> resolve(const RunArgs& args) {
  RunOptions to;
  LoadOptions& load = to.load;
  MQ_CHECK(resolve(args.shard, load));
  MQ_CHECK(resolve_connection(args, load));
  load.verify = args.verify;
  load.runner.reconnect = args.reconnect;
  // Shards of a run have its name in common, and with it what chance does.
  load.arrival.seed = args.seed.value_or(load.run);
  if (args.scenario) {
    MQ_CHECK(apply(*args.scenario, load));
  } else {
    MQ_CHECK(resolve_load(args, load));
  }
  to.scenario_sha256 = args.scenario_sha256;
  to.pairs = own_pairs(load);
  load.connect_rate = args.connect_rate;
  load.pin = args.pin;
  load.busy_poll = args.busy_poll;
  if (args.busy_poll && !load.open_loop()) {
    return invalid("--busy-poll is for planned times, which --rate max has none of.");
  }
  load.hold = args.hold;
  MQ_TRY(const std::vector<std::string> local,
         list_between_commas("--local-addr", args.local_addresses));
  for (const std::string& address : local) {
    MQ_TRY(std::string numeric, local_address(address));
    load.local_addresses.push_back(std::move(numeric));
  }
  MQ_TRY(const std::vector<std::string> hosts, list_between_commas("--hosts", args.hosts));
  for (const std::string& host : hosts) {
    MQ_TRY(Address address, parse_host_port(host, load.runner.address.port));
    address.kind = load.runner.address.kind;
    address.path = load.runner.address.path;
    load.hosts.push_back(std::move(address));
  }
  if (!load.hosts.empty()) load.runner.address = load.hosts.front();
  load.backlog_max = args.backlog_max;
  load.inflight = args.inflight;
  load.connecting_max = args.connecting_max;
  load.threads =
      std::min(args.threads.value_or(default_threads()),
               std::max({load.own(load.plan.publishers()), load.own(load.plan.subscribers()), 1u}));
  MQ_CHECK(check_polite(load, args.yes));
  MQ_TRY(to.percentiles, parse_percentiles(args.percentiles));
  to.target = load.runner.address.text();
  to.shared_host = args.shared_host;
  MQ_TRY(to.judgement, resolve(args.judgement, load));
  to.jsonl = args.output.jsonl;
  if (to.jsonl == "-" && args.output.json == "-") {
    return invalid("Only one of --json and --jsonl can go to standard output.");
  }
  if (args.prometheus) {
    MQ_TRY(const Address address, parse_metrics_address(*args.prometheus));
    to.metrics = address;
  }
  for (const std::string& label : args.labels) {
    const size_t equals = label.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return invalid(fmt::format("Invalid label given: {}, it must be NAME=VALUE.", label));
    }
    to.labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return to;
}

}  // namespace mq
