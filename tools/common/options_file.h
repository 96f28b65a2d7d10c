// Options from a file, read before those of the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace mq {

// The words of the options in a file, spelled out as by spell_out(). Each line is an option, its
// argument what follows the first blank, as it is, quotes and all; lines that begin with '#' and
// empty ones are passed over. Of an option with several words as argument (-D) the last one takes
// the rest of the line.
Result<std::vector<std::string>> read_options_file(const CLI::App& app, const std::string& path);

// The first of these files in the folder for configurations ($XDG_CONFIG_HOME, or .config at home)
// that is there.
std::optional<std::string> default_options_file(std::string_view program, std::string_view other);

}  // namespace mq
