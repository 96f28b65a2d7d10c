#include "mqbench/payload_args.h"

#include <fmt/core.h>

#include "base/units.h"
#include "common/invalid.h"
#include "common/options.h"

namespace mq {

void declare_size(CLI::App& app, PayloadArgs& args) {
  Options(app, "Load")
      .parsed("-s,--size", "BYTES", "256",
              "Size of a payload: 256; 64,1k,16k, each as often as the others; 100..2000, "
              "whatever lies between; exp:512, exponential with that mean. Where one may be below "
              "16 the stamps travel as Correlation Data, and with MQTT 3 not at all: then messages "
              "are only counted.",
              [&args](std::string_view text) -> Result<void> {
                MQ_TRY(args.size, SizeSpec::parse(text));
                return {};
              });
}

void declare(CLI::App& app, PayloadArgs& args) {
  declare_size(app, args);
  Options(app, "Load")
      .text("-m,--message", args.message, "TEXT",
            "Send this, instead of random bytes; the stamp travels as with small payloads.")
      .text("--payload-file", args.file, "FILE", "Send what is in a file, likewise.")
      .text("--template", args.blueprint, "FILE",
            "Send the text in a file with blanks filled in: of the client those of -t; of the "
            "message {n}, its number, {rand:N}, below N, and {stamp}, 44 characters in which the "
            "stamp travels, likewise without. Other braces are text.")
      .text("--replay", args.record, "FILE",
            "Send the payloads of a record of mqsub -j, in turn, to the topics of this run, "
            "likewise.")
      .text("--payload-cmd", args.command, "COMMAND",
            "Send what a shell command prints; it is run before the load, as often as --pool "
            "says, with its number in $MQBENCH_PAYLOAD.")
      .number("--pool", args.pool, "COUNT",
              "How many different payloads of random bytes, or of --payload-cmd, are made before "
              "the load and sent in turn.",
              {1, PayloadPool::kCountMax});
}

Result<Payloads> resolve(const PayloadArgs& args, uint64_t seed,
                         const PayloadTemplate::Words& words) {
  const int sources = int{args.message.has_value()} + int{args.file.has_value()} +
                      int{args.blueprint.has_value()} + int{args.record.has_value()} +
                      int{args.command.has_value()};
  if (sources > 1) {
    return invalid(
        "--message, --payload-file, --template, --replay and --payload-cmd cannot be used "
        "together.");
  }
  if (sources > 0 && args.size)
    return invalid("--size is that of random bytes, and none are sent.");
  if (args.pool && sources > 0 && !args.command) {
    return invalid("--pool is for random bytes and --payload-cmd.");
  }
  Payloads to;
  to.seed = seed;
  to.sizes = args.size.value_or(SizeSpec());
  const auto keep = [&to](PayloadPool pool) {
    to.pool = std::make_shared<const PayloadPool>(std::move(pool));
  };
  if (args.message) {
    MQ_TRY(PayloadPool pool, PayloadPool::of_text(*args.message));
    keep(std::move(pool));
    to.described = "given";
  } else if (args.file) {
    MQ_TRY(PayloadPool pool, PayloadPool::of_file(*args.file));
    keep(std::move(pool));
    to.described = "given";
  } else if (args.record) {
    MQ_TRY(PayloadPool pool, PayloadPool::of_record(*args.record));
    to.described = fmt::format("record of {}", format_count(pool.size()));
    keep(std::move(pool));
  } else if (args.command) {
    MQ_TRY(PayloadPool pool, PayloadPool::of_command(*args.command, args.pool.value_or(1)));
    to.described = fmt::format("command, {} of it", format_count(pool.size()));
    keep(std::move(pool));
  } else if (args.blueprint) {
    MQ_TRY(const std::string text, read_whole(*args.blueprint, PayloadTemplate::kTextMax));
    Result<PayloadTemplate> blueprint = PayloadTemplate::parse(text, words);
    if (!blueprint) {
      return invalid(
          fmt::format("Invalid template in {}: {}.", *args.blueprint, blueprint.error().text));
    }
    to.blueprint = std::make_shared<const PayloadTemplate>(*std::move(blueprint));
    to.described = "template";
  } else if (args.pool) {
    MQ_TRY(PayloadPool pool, PayloadPool::random(to.sizes, *args.pool, seed));
    keep(std::move(pool));
    to.pool_is_random = true;
    to.described = fmt::format("random {}, {} of them", to.sizes.text(), format_count(*args.pool));
  } else if (to.sizes.varies()) {
    to.described = fmt::format("random {}", to.sizes.text());
  }
  return to;
}

}  // namespace mq
