// The OPTIONS of a man page and the shell completions, printed from the declared options.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/command_doc.h"

namespace mq {

std::string man_options(const CommandDoc& program);  // scdoc
std::string bash_completion(const CommandDoc& program);
std::string zsh_completion(const CommandDoc& program);
std::string fish_completion(const CommandDoc& program);

// What `--generate KIND` prints; nothing for an unknown kind.
std::optional<std::string> generate(const CommandDoc& program, std::string_view kind);

}  // namespace mq
