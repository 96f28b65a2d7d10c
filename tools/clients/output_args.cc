#include "clients/output_args.h"

#include <unistd.h>

#include <cstdlib>

#include <CLI/CLI.hpp>

#include "common/options.h"

namespace mq {

void declare(CLI::App& app, PrintingArgs& args) {
  Options(app, "Output")
      .flag("-v,--verbose", args.verbose, "Print the topic in front of each message.")
      .flag("-N", args.no_newline, "Print no line feed after each message.")
      .text("-F", args.format, "FORMAT",
            "Print each message like this: %t topic, %p payload, %x in hexadecimal, %j as JSON, "
            "%q QoS, %r retained, %l length, %I time, @H @M @S clock; see the manual.")
      .flag("-j,--json", args.json,
            "Print each message as a line of JSON with all that is known of it.")
      .flag("-J,--json-payload", args.json_payload,
            "The same, with a payload that is JSON as it is and not as a string.")
      .flag("--pretty", args.pretty, "Print JSON on several lines, indented.")
      .flag("-0,--null", args.null_after, "Print a NUL byte after each message, no line feed.")
      .flag("--print-empty", args.print_empty, "Print something for empty messages, too: a line.")
      .choice(
          "--decode", args.decode,
          {{"hex", Notation::kHex},
           {"base64", Notation::kBase64},
           {"json", Notation::kJson},
           {"cbor", Notation::kCbor},
           {"msgpack", Notation::kMsgpack},
           {"protobuf-raw", Notation::kProtobufRaw},
           {"auto", Notation::kAuto}},
          "Print payloads in hexadecimal or base64, as the JSON that they are or hold as CBOR or "
          "MessagePack, as the fields of Protocol Buffers by number, or as the first that fits "
          "of JSON, text, CBOR, MessagePack, hexadecimal.")
      .choice("--escape", args.escape,
              {{"auto", When::kAuto}, {"always", When::kOn}, {"never", When::kOff}},
              "Print control characters as \\n or \\x1b: auto is on a terminal.")
      .choice("--color", args.color,
              {{"auto", When::kAuto}, {"always", When::kOn}, {"never", When::kOff}},
              "Print topics in colour: auto is on a terminal, unless $NO_COLOR is set. Default: "
              "never.");
}

namespace {

bool no_color_set() {
  const char* const no_color = std::getenv("NO_COLOR");
  return no_color != nullptr && *no_color != '\0';
}

}  // namespace

bool wants_color(const PrintingArgs& args) {
  const When when = args.color.value_or(When::kAuto);
  return when == When::kOn || (when == When::kAuto && !no_color_set());
}

Result<Printing> resolve(const PrintingArgs& args) {
  const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  const auto applies = [is_terminal](When when) {
    return when == When::kOn || (when == When::kAuto && is_terminal);
  };
  Printing to;
  to.verbose = args.verbose;
  to.newline = !args.no_newline || args.null_after;
  to.end = args.null_after ? '\0' : '\n';
  to.print_empty = args.print_empty;
  to.decode = args.decode;
  to.escape = applies(args.escape);
  to.color = args.color && applies(*args.color) && wants_color(args);
  if (args.format) {
    MQ_TRY(to.format, Format::parse(*args.format, args.pretty));
    to.origin = std::make_shared<Origin>();
    to.format->set_origin(to.origin);
  } else if (args.json || args.json_payload) {
    to.json = JsonStyle{args.json_payload ? JsonPayload::kEither : JsonPayload::kText, args.pretty};
  }
  return to;
}

}  // namespace mq
