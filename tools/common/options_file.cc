#include "common/options_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/argv.h"
#include "common/invalid.h"

namespace mq {
namespace {

// Where the quoted word at the start of `line` ends, behind its closing quote; 0 where there is
// none.
size_t quoted_size(std::string_view line) {
  if (line.empty() || (line[0] != '"' && line[0] != '\'')) return 0;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == line[0]) return i + 1;
    if (line[i] == '\\' && line[0] == '"') ++i;
  }
  return 0;
}

// The word without its quotes.
std::string unquoted(std::string_view word) {
  const bool escapes = word[0] == '"';
  word = word.substr(1, word.size() - 2);
  if (!escapes) return std::string(word);
  std::string out;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && i + 1 < word.size()) {
      ++i;
      out += word[i] == 'n' ? '\n' : word[i];
    } else {
      out += word[i];
    }
  }
  return out;
}

// `line` cut at blanks into at most `count` words. Quotes that do not hold a whole word are meant.
std::vector<std::string> cut(std::string_view line, size_t count, Quotes quotes) {
  std::vector<std::string> words;
  for (;;) {
    const size_t quoted = quotes == Quotes::kTaken ? quoted_size(line) : 0;
    if (quoted > 0 && quoted == line.size()) {
      words.push_back(unquoted(line));
      return words;
    }
    if (words.size() + 1 == count) break;
    const bool is_word = quoted > 0 && line[quoted] == ' ';
    const size_t blank = is_word ? quoted : line.find(' ');
    if (blank == std::string_view::npos) break;
    const std::string_view word = line.substr(0, blank);
    words.push_back(is_word ? unquoted(word) : std::string(word));
    line.remove_prefix(blank + 1);
  }
  words.emplace_back(line);
  return words;
}

Result<std::vector<std::string>> read_line(const CLI::App& app, std::string_view line,
                                           Quotes quotes) {
  std::vector<std::string> words = cut(line, 2, Quotes::kMeant);
  const CLI::Option* option =
      words[0].starts_with('-') ? app.get_option_no_throw(words[0]) : nullptr;
  if (option != nullptr && words.size() == 2) {
    const std::string argument = words[1];
    const size_t parts = argument_words(*option, cut(argument, 3, quotes));
    words.resize(1);
    for (std::string& part : cut(argument, std::max<size_t>(parts, 1), quotes)) {
      words.push_back(std::move(part));
    }
  }
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  return spell_out(app, pointers);
}

// A word that is read back as it is. One that is not the last of its line ends at a blank.
std::string written(std::string_view word, bool is_last) {
  const bool plain = !word.empty() && word[0] != '"' && word[0] != '\'' &&
                     word.find_first_of(is_last ? "\n\r" : "\n\r ") == std::string_view::npos;
  if (plain) return std::string(word);
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return out + '"';
}

std::string written_argument(std::string_view argument) {
  std::string out;
  for (;;) {
    const size_t end = argument.find(kWordSeparator);
    if (end == std::string_view::npos) return out + written(argument, true);
    out += written(argument.substr(0, end), false) + ' ';
    argument.remove_prefix(end + 1);
  }
}

}  // namespace

Result<FileOptions> read_options_file(const CLI::App& app, const std::string& path, Quotes quotes) {
  std::ifstream file(path);
  if (!file) {
    return invalid(
        fmt::format("Unable to read the options file {}: {}.", path, std::strerror(errno)));
  }
  FileOptions all;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    if (line[0] != '-') {
      all.warnings.push_back(
          fmt::format("{}:{}: '{}' is no option; the line is passed over.", path, number, line));
      continue;
    }
    auto words = read_line(app, line, quotes);
    if (!words) return invalid(fmt::format("{}:{}: {}", path, number, words.error().text));
    for (const std::string_view asks : {"-o", "--profile", "--save-profile"}) {
      if (words->front() == asks)
        return invalid(fmt::format("{}:{}: {} has no place here.", path, number, asks));
    }
    for (std::string& word : *words) all.words.push_back(std::move(word));
  }
  return all;
}

std::string options_file_text(const CLI::App& app, const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    const CLI::Option* option = app.get_option_no_throw(words[i]);
    text += words[i];
    const bool may_have_argument =
        option != nullptr && option->get_type_size() > 0 && option->get_items_expected_max() > 0;
    if (may_have_argument) {
      const std::string& argument = words[++i];
      if (argument_words(*option, {}) > 0) {
        text += ' ' + written_argument(argument);
      } else if (!argument.empty()) {
        text += '=' + argument;
      }
    }
    text += '\n';
  }
  return text;
}

std::string config_folder() {
  if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg != nullptr && *xdg != '\0') return xdg;
  const char* const home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? fmt::format("{}/.config", home) : "";
}

}  // namespace mq
