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

enum class Quotes : uint8_t {
  kTaken,  // "with \" and \\ and \n", 'as it is'
  kMeant,  // mosquitto's clients know none
};

struct FileOptions {
  std::vector<std::string> words;     // spelled out as by spell_out()
  std::vector<std::string> warnings;  // about lines that were passed over
};

// The options in a file. Each line is an option, its argument what follows the first blank, to the
// end of the line; lines that begin with '#' and empty ones are passed over, and with a warning
// those that do not begin with an option at all. One that is not known is an error, as what was
// meant may be what keeps a password from going in clear. Of an option with several words as
// argument (-D) the last one takes the rest of the line.
Result<FileOptions> read_options_file(const CLI::App& app, const std::string& path, Quotes quotes);

// Spelled out words as such a file has them.
std::string options_file_text(const CLI::App& app, const std::vector<std::string>& words);

// The folder for configurations, $XDG_CONFIG_HOME or .config at home; empty without a home.
std::string config_folder();

}  // namespace mq
