#include "mqbench/sink_command.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include <fmt/core.h>

#include "base/units.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/invalid.h"
#include "common/options.h"
#include "io/signals.h"
#include "mqbench/descriptor_limit.h"

namespace mq {
namespace {

// Whoever waits for the file finds all of it: it is written beside and renamed.
Result<void> write_port(const std::string& path, uint16_t port) {
  const std::string beside = path + ".new";
  std::ofstream file(beside);
  file << port << '\n';
  file.close();
  if (!file || std::rename(beside.c_str(), path.c_str()) != 0) {
    return fail(ErrorCode::kIo, fmt::format("cannot write {}", path));
  }
  return {};
}

}  // namespace

void declare(CLI::App& app, SinkArgs& args) {
  Options(app, "Listening")
      .text("--bind", args.bind_address, "ADDRESS", "Address or host name to listen on.")
      .number("-p,--port", args.port, "PORT", "TCP port to listen on, 0 for any.")
      .text("--port-file", args.port_file, "FILE", "Write the port to a file.");
  Options(app, "Faults")
      .number("--drop", args.drop_every, "COUNT", "Lose every COUNTth message.")
      .number("--duplicate", args.duplicate_every, "COUNT", "Deliver every COUNTth message twice.")
      .number("--swap", args.swap_every, "COUNT",
              "Deliver every COUNTth message behind the one that follows it.")
      .number("--corrupt", args.corrupt_every, "COUNT",
              "Turn over the last bit of every COUNTth message's payload.")
      .seconds("--delay", args.delay, "SECONDS", "Deliver each message so much later.")
      .text("--capacity", args.capacity, "RATE",
            "Messages a second, as 500 or 10k; what is over that waits.")
      .seconds("--stall-after", args.stall_after, "SECONDS",
               "Stall that long after the first message, for the time of --stall-for.")
      .seconds("--stall-for", args.stall_for, "SECONDS", "Deliver nothing for that long.")
      .text("--read-rate", args.read_rate, "SIZE",
            "Read no more than so many bytes a second from each connection, as 500k or 1M.");
}

Result<SinkOptions> resolve(const SinkArgs& args) {
  SinkOptions to;
  to.address.host = args.bind_address;
  to.address.port = args.port;
  to.faults = {.drop_every = args.drop_every,
               .duplicate_every = args.duplicate_every,
               .swap_every = args.swap_every,
               .corrupt_every = args.corrupt_every,
               .delay = args.delay,
               .stall_after = args.stall_after,
               .stall_for = args.stall_for};
  if (args.capacity) {
    const Result<double> rate = parse_rate(*args.capacity);
    if (!rate || *rate <= 0) {
      return invalid(fmt::format("Invalid capacity given: {}.", *args.capacity));
    }
    to.faults.capacity = *rate;
  }
  if (args.read_rate) {
    const Result<uint64_t> rate = parse_size(*args.read_rate);
    if (!rate || *rate == 0) {
      return invalid(fmt::format("Invalid read rate given: {}.", *args.read_rate));
    }
    to.read_rate = static_cast<double>(*rate);
  }
  return to;
}

Result<int> run_sink(const SinkArgs& args) {
  MQ_TRY(const SinkOptions options, resolve(args));
  const Console console;
  raise_descriptor_limit();
  Loop loop;
  const Result<std::unique_ptr<Sink>> sink = Sink::open(loop, options);
  if (!sink) {
    console.error(sink.error().text);
    return kExitFailure;
  }
  const Signals signals(loop, {SIGINT, SIGTERM}, [&loop](int) { loop.stop(); });
  if (args.port_file) {
    if (const auto written = write_port(*args.port_file, (*sink)->port()); !written) {
      console.error(written.error().text);
      return kExitFailure;
    }
  }
  loop.run();
  const Sink::Counts& counts = (*sink)->counts();
  write_all(
      STDOUT_FILENO,
      fmt::format("received {} dropped {} duplicated {} swapped {} corrupted {} delivered {}\n",
                  counts.received, counts.dropped, counts.duplicated, counts.swapped,
                  counts.corrupted, counts.delivered));
  return kExitOk;
}

}  // namespace mq
