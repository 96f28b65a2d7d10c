#include "mqbench/side_commands.h"

#include <fmt/core.h>

#include "codec/limits.h"
#include "common/invalid.h"
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
      .text("--ifaddr", args.run.local_addresses, "LIST",
            "Local addresses, with commas between, that clients take turns to connect from.")
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
    load.text("-m,--message", args.run.payload.message, "TEXT",
              "Send this, instead of random bytes.");
  }
  ConnectArgs& connect = args.run.connect;
  Options(app, "TLS")
      .flag("-S,--ssl", connect.tls.tls, "The same as --tls.")
      .text("--cacertfile", connect.tls.ca_file, "FILE", "The same as --cafile.")
      .text("--certfile", connect.tls.cert_file, "FILE", "The same as --cert.")
      .text("--keyfile", connect.tls.key_file, "FILE", "The same as --key.");
  Options(app, "MQTT")
      .choice("-C,--clean", args.clean_start, {{"true", true}, {"false", false}},
              "Whether sessions begin anew; with false they outlive the connections, with MQTT 5 "
              "for an hour or for --session-expiry.")
      .number("-x,--session-expiry", args.session_expiry_s, "SECONDS",
              "How long sessions outlive their connections. Implies MQTT 5.");
  declare_results(app, args.run);
  declare_permissions(app, args.run);
  declare(app, args.run.connect, Clients::kManyWithOwnLetters);
}

RunArgs run_args(const SideArgs& args) {
  RunArgs run = args.run;
  run.topic = args.topic;
  run.connect.keep_session = !args.clean_start;
  auto expiry_s = args.session_expiry_s;
  // For ever would be that of a client who comes back.
  if (!args.clean_start && run.connect.version == Version::kV5 && !expiry_s) expiry_s = 3600;
  if (expiry_s) run.connect.session_expiry = std::to_string(*expiry_s);
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
  if (const auto& message = args.run.payload.message;
      message && message->starts_with("template://")) {
    return invalid("A file to fill in goes to mqbench run, as --template FILE.");
  }
  return run_load(run_args(args));
}

}  // namespace mq
