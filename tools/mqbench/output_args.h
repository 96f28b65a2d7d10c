// Where to write results, as typed.
#pragma once

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace mq {

struct OutputArgs {
  std::optional<std::string> json;  // "-" for standard output, in place of the text
  std::optional<std::string> jsonl;
  std::optional<std::string> csv, markdown, html, hlog, hgrm_prefix, directory;
};

void declare(CLI::App& app, OutputArgs& args);

}  // namespace mq
