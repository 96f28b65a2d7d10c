// How a message is printed: plain, with its topic, in a format, as JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/buffer.h"
#include "base/result.h"
#include "base/time.h"
#include "clients/format.h"
#include "clients/message_json.h"
#include "clients/notation.h"
#include "codec/packet.h"

namespace mq {

struct Printing {
  bool verbose = false;                           // the topic in front
  bool newline = true;                            // `end` behind each message
  char end = '\n';                                // or NUL
  bool print_empty = false;                       // also what has no payload
  bool escape = false;                            // what a terminal would act on as \n, \x1b
  bool color = false;                             // the topic in colour
  std::optional<Notation> decode = std::nullopt;  // show the payload in this notation
  std::optional<Format> format = std::nullopt;
  std::optional<JsonStyle> json = std::nullopt;
  std::shared_ptr<Origin> origin = nullptr;  // of the messages, for `format`; null without one
};

// Appends a message as it is printed; nothing, and an error for the user, when it does not fit the
// format or the notation.
Result<void> print(const Printing& printing, const Publish& publish, WallTime received,
                   Buffer& out);

}  // namespace mq
