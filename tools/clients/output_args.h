// The options of mqsub and mqrr for how messages are printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "clients/printing.h"

namespace CLI {
class App;
}

namespace mq {

enum class When : uint8_t { kAuto, kOn, kOff };

// What was typed.
struct PrintingArgs {
  bool verbose = false;
  bool no_newline = false;
  bool null_after = false;
  bool print_empty = false;
  std::optional<std::string> format;
  bool json = false, json_payload = false;
  bool pretty = false;
  std::optional<Notation> decode;
  std::optional<When> color;
  When escape = When::kAuto;
};

void declare(CLI::App& app, PrintingArgs& args);
// Colours of a picture that is kept up to date: unless they are not wanted.
bool wants_color(const PrintingArgs& args);
// "auto" asks whether standard output is a terminal.
Result<Printing> resolve(const PrintingArgs& args);

}  // namespace mq
