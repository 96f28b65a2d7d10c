// The options of what is sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "mqbench/payloads.h"

namespace CLI {
class App;
}

namespace mq {

struct PayloadArgs {
  std::optional<SizeSpec> size;  // 256 without
  std::optional<std::string> message, file, blueprint, record, command;
  std::optional<uint32_t> pool;
};

void declare(CLI::App& app, PayloadArgs& args);
// -s alone, for commands that have it with the spelling of another tool.
void declare_size(CLI::App& app, PayloadArgs& args);

// What they mean, for templates with these words.
Result<Payloads> resolve(const PayloadArgs& args, uint64_t seed,
                         const PayloadTemplate::Words& words);

}  // namespace mq
