// A command line described: what help, man page and completions are printed from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace mq {

struct OptionDoc {
  std::vector<std::string> names;  // "-p", "--port": short ones first
  std::string value;               // "PORT", "0|1|2", empty for a flag
  std::string by_default;          // as it would be typed, empty for none
  std::string help;
  bool repeatable = false;
  bool value_optional = false;  // "--json[=FILE]"

  // The words a value is chosen from, empty when it is free.
  std::vector<std::string> choices() const;
  // Whether the value names a file or a directory.
  bool takes_path() const;
};

struct GroupDoc {
  std::string name;
  std::vector<OptionDoc> options;
};

struct CommandDoc {
  std::string name;     // "mqpub", "run"
  std::string usage;    // a line for each way to call it, without the name
  std::string summary;  // one sentence
  std::string footer;   // further text for --help: examples
  std::vector<GroupDoc> groups;
  std::vector<CommandDoc> commands;
};

// Everything declared on `app` in the order of its declaration, hidden options left out. The first
// lines of the description up to an empty one are the usage, the rest is the summary.
CommandDoc describe(const CLI::App& app);

// Leaves of the groups the one with a name that begins with `topic`, whatever the case of its
// letters, and no examples; false, and everything as it is, when there is none.
bool keep_group(CommandDoc& command, std::string_view topic);
// "connection, tls, ...": what can be asked for.
std::string group_names(const CommandDoc& command);

// The text of --help.
std::string help_text(const CommandDoc& command);

// `text` broken into lines of at most `width` columns.
std::vector<std::string> wrap(std::string_view text, size_t width);

}  // namespace mq
