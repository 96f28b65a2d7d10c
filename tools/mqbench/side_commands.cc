#include "mqbench/side_commands.h"

#include <fmt/core.h>

#include "codec/limits.h"
#include "common/options.h"
#include "mqbench/run_command.h"
#include "mqbench/stamp.h"

namespace mq {
void declare(CLI::App& app, SideArgs& args) {
  Options load(app, "Load");
  load.number("-c,--count", args.clients, "COUNT", "Clients.", {1, 1'000'000})
      .number("-i,--interval", args.connect_interval_ms, "MS",
              "Milliseconds between the beginnings of two connections; 0 for none.")
      .number("-R,--connrate", args.connect_rate, "COUNT", "Connections a second, instead of -i.",
              {1, 1'000'000})
      .number("-n,--startnumber", args.run.first_number, "NUMBER",
              "Number of the first client, for its identifier and its topic.")
      .text("--prefix", args.run.id_prefix, "PREFIX", "What client identifiers begin with.")
      .text("--ifaddr", args.run.connect.bind_address, "ADDRESS", "Local address to connect from.")
      .seconds("-d,--duration", args.run.rate.duration, "SECONDS",
               "How long; without, until it is interrupted.", std::chrono::milliseconds(1));
  if (args.kind != SideArgs::Kind::kConn) {
    load.text(
            "-t,--topic", args.topic, "TEMPLATE",
            "Topic or filter; %i is the number of the client, %c its identifier, %u the user name; "
            "blanks of run's --topic, too.")
        .choice("-q,--qos", args.run.qos,
                {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
                "Quality of service.");
  }
  if (args.kind == SideArgs::Kind::kPub) {
    load.number("-I,--interval_of_msg", args.interval_ms, "MS",
                "Milliseconds between two messages of a client; 0: as fast as it goes.")
        .number("-L,--limit", args.limit, "COUNT", "Messages of all clients together; 0: no limit.")
        .number("-F,--inflight", args.run.inflight, "COUNT",
                "Most QoS 1 and 2 messages that a client has unacknowledged.", {1, 65535});
    declare_size(app, args.run.payload);
  }
  declare_results(app, args.run);
  declare_permissions(app, args.run);
  declare(app, args.run.connect, Clients::kManyWithOwnLetters);
}

RunArgs run_args(const SideArgs& args) {
  RunArgs run = args.run;
  run.topic = args.topic;
  run.rate.warm_up = Duration::zero();
  if (args.connect_rate) {
    run.connect_rate = *args.connect_rate;
  } else if (args.connect_interval_ms > 0) {
    run.connect_rate = 1000.0 / args.connect_interval_ms;
  }
  if (args.kind == SideArgs::Kind::kPub) {
    run.pubs = args.clients;
    run.subs = 0;
    run.rate.per_second = args.interval_ms == 0
                              ? std::string("max")
                              : fmt::format("{:.6f}", args.clients * 1000.0 / args.interval_ms);
    if (args.limit > 0) run.rate.messages = args.limit;
  } else {
    run.pattern = Pattern::kNone;
    run.subs = args.clients;
    run.sub_qos = run.qos;
    if (args.kind == SideArgs::Kind::kSub) run.filter = args.topic;
  }
  // emqtt-bench goes on until it is interrupted.
  if (!run.rate.duration && !run.rate.messages) run.rate.duration = kEndless;
  return run;
}

Result<int> run_side(const SideArgs& args) {
  return run_load(run_args(args));
}

}  // namespace mq
