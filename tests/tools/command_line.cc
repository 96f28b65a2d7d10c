#include "tools/command_line.h"

#include <algorithm>
#include <set>

#include <CLI/CLI.hpp>

#include "common/argv.h"

namespace mq {

Result<void> parse_words(const std::function<void(CLI::App&)>& declare,
                         std::vector<std::string> words) {
  CLI::App app("", "tool");
  app.set_help_flag("");
  declare(app);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  MQ_TRY(std::vector<std::string> spelled, spell_out(app, pointers));
  std::reverse(spelled.begin(), spelled.end());
  try {
    app.parse(std::move(spelled));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::kInvalidArgument, error.what());
  }
  return {};
}

std::string name_declared_twice(const std::function<void(CLI::App&)>& declare) {
  CLI::App app("", "tool");
  app.set_help_flag("");
  declare(app);
  std::set<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) {
      if (!names.insert("-" + name).second) return "-" + name;
    }
    for (const std::string& name : option->get_lnames()) {
      if (!names.insert("--" + name).second) return "--" + name;
    }
  }
  return names.empty() ? "there are no names" : "";
}

}  // namespace mq
