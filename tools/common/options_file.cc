#include "common/options_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/argv.h"

namespace mq {
namespace {

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

// `line` cut at blanks into at most `count` words.
std::vector<std::string> cut(std::string_view line, size_t count) {
  std::vector<std::string> words;
  while (words.size() + 1 < count) {
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) break;
    words.emplace_back(line.substr(0, blank));
    line.remove_prefix(blank + 1);
  }
  words.emplace_back(line);
  return words;
}

Result<std::vector<std::string>> read_line(const CLI::App& app, std::string_view line) {
  std::vector<std::string> words = cut(line, 2);
  const CLI::Option* option =
      words[0].starts_with('-') ? app.get_option_no_throw(words[0]) : nullptr;
  if (option != nullptr && words.size() == 2) {
    const std::string argument = words[1];
    const size_t parts = argument_words(*option, cut(argument, 3));
    words.resize(1);
    for (std::string& part : cut(argument, std::max<size_t>(parts, 1))) {
      words.push_back(std::move(part));
    }
  }
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return spell_out(app, pointers);
}

}  // namespace

Result<std::vector<std::string>> read_options_file(const CLI::App& app, const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return invalid(
        fmt::format("Unable to read the options file {}: {}.", path, std::strerror(errno)));
  }
  std::vector<std::string> all;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    auto words = read_line(app, line);
    if (!words) return invalid(fmt::format("{}:{}: {}", path, number, words.error().text));
    if (words->front() == "-o")
      return invalid(fmt::format("{}:{}: -o has no place here.", path, number));
    for (std::string& word : *words) all.push_back(std::move(word));
  }
  return all;
}

std::optional<std::string> default_options_file(std::string_view program, std::string_view other) {
  std::string folder;
  if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg != nullptr && *xdg != '\0') {
    folder = xdg;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    folder = fmt::format("{}/.config", home);
  } else {
    return std::nullopt;
  }
  for (const std::string_view name : {program, other}) {
    std::string path = fmt::format("{}/{}", folder, name);
    if (access(path.c_str(), F_OK) == 0) return path;
  }
  return std::nullopt;
}

}  // namespace mq
