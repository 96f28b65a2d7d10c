#include "clients/printing.h"

#include <fmt/core.h>

#include "clients/escape.h"

namespace mq {
namespace {

constexpr std::string_view kTopicColor = "\x1B[36m";  // cyan
constexpr std::string_view kNoColor = "\x1B[0m";

void append_topic(const Printing& printing, std::string_view topic, Buffer& out) {
  if (printing.color) out.append(kTopicColor);
  if (printing.escape) {
    append_escaped(out, topic);
  } else {
    out.append(topic);
  }
  if (printing.color) out.append(kNoColor);
}

void append_payload(const Printing& printing, Bytes payload, Buffer& out) {
  if (printing.escape) {
    append_escaped(out, to_string_view(payload));
  } else {
    out.append(payload);
  }
}

Result<void> print_payload(const Printing& printing, const Publish& publish, WallTime received,
                           Buffer& out) {
  if (printing.format) {
    MQ_CHECK(printing.format->print(publish, received, out));
  } else if (printing.json) {
    append_json(out, publish, received, *printing.json);
  } else if (!publish.payload.empty() || printing.print_empty) {
    if (printing.verbose) {
      append_topic(printing, publish.topic, out);
      out.put_u8(' ');
    }
    append_payload(printing, publish.payload, out);
  } else if (printing.verbose && printing.newline) {
    append_topic(printing, publish.topic, out);
    out.append(" (null)");
  } else {
    return {};  // nothing at all, not even a line
  }
  if (printing.newline) out.put_u8(static_cast<uint8_t>(printing.end));
  return {};
}

}  // namespace

Result<void> print(const Printing& printing, const Publish& publish, WallTime received,
                   Buffer& out) {
  if (!printing.decode) return print_payload(printing, publish, received, out);
  Buffer text;
  if (auto shown = to_text(*printing.decode, publish.payload, text); !shown) {
    return fail(shown.error().code,
                fmt::format("Message payload on topic {} {}.", publish.topic, shown.error().text));
  }
  Publish decoded = publish;
  decoded.payload = text.bytes();
  return print_payload(printing, decoded, received, out);
}

}  // namespace mq
