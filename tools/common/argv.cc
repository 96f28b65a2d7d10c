#include "common/argv.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/options.h"

namespace mq {
namespace {

std::string unknown_option(const CLI::App& app, std::string_view word) {
  std::string text = fmt::format("Unknown option '{}'.", word);
  if (!word.starts_with("--")) return text;
  const std::string_view name = word.substr(2, word.find('=') - 2);
  const std::string* nearest = nullptr;
  size_t distance_min = 1 + name.size() / 3;  // farther away it is no typing error
  const std::vector<const CLI::Option*> options = app.get_options();
  for (const CLI::Option* option : options) {
    if (option->get_group().empty()) continue;
    for (const std::string& candidate : option->get_lnames()) {
      const size_t distance = edit_distance(name, candidate);
      if (distance < distance_min) {
        distance_min = distance;
        nearest = &candidate;
      }
    }
  }
  if (nearest != nullptr) text += fmt::format(" Did you mean '--{}'?", *nearest);
  return text;
}

std::string missing_argument(const CLI::Option& option, std::string_view word, size_t words) {
  if (words > 1) {
    return fmt::format("{} argument given but not enough arguments specified.", word);
  }
  return fmt::format("{} argument given but no {} specified.", word,
                     noun_of(option.get_name(false, true), option.get_type_name()));
}

bool is_secret(const CLI::Option& option) {
  return option.get_type_name() == "PASSWORD";
}

void wipe(char* word) {
  for (; *word != '\0'; ++word) *word = '*';
}

std::vector<std::string> copies(std::span<char* const> words, size_t count) {
  words = words.first(std::min(count, words.size()));
  return {words.begin(), words.end()};
}

}  // namespace

size_t argument_words(const CLI::Option& option, const std::vector<std::string>& rest) {
  if (option.get_type_size() == 0 || option.get_items_expected_min() == 0) return 0;
  const std::string value = option.get_type_name();
  const auto words = 1 + static_cast<size_t>(std::count(value.begin(), value.end(), ' '));
  // A user property has a name and a value.
  const bool pair = words > 1 && rest.size() > 1 && rest[1] == "user-property";
  return words + (pair ? 1 : 0);
}

Result<std::optional<std::string>> take_argument(const CLI::App& app,
                                                 std::vector<std::string>& words,
                                                 std::string_view option) {
  std::optional<std::string> argument;
  for (size_t i = 0; i < words.size(); ++i) {
    const CLI::Option* at = app.get_option_no_throw(words[i]);
    if (at == nullptr) continue;
    const bool has_argument = argument_words(*at, {}) > 0;
    if (words[i] != option) {
      i += has_argument ? 1 : 0;
      continue;
    }
    if (argument) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("Duplicate {} option.", option));
    }
    argument = words[i + 1];
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    --i;
  }
  return argument;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  // Optimal string alignment, three rows.
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(before, above);
    std::swap(above, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

Result<std::vector<std::string>> spell_out(const CLI::App& app, std::span<char* const> words,
                                           OptionAdvice advice) {
  std::vector<std::string> out;
  const CLI::App* at = &app;
  std::string left_out;  // the option before this word, which may have an argument and has none
  while (!words.empty()) {
    char* const joined = words.front();
    const std::string_view word = joined;
    words = words.subspan(1);
    const std::string without = std::exchange(left_out, {});

    const std::vector<const CLI::App*> commands = at->get_subcommands(
        [word](const CLI::App* command) { return command->get_name() == word; });
    if (!commands.empty()) {
      at = commands.front();
      out.emplace_back(word);
      continue;
    }
    const bool is_long = word.starts_with("--");
    const bool is_option = is_long || (word.starts_with('-') && word.size() > 1);
    if (!is_option && !at->get_options([](const CLI::Option* option) {
                           return option->get_positional();
                         }).empty()) {
      out.emplace_back(word);
      continue;
    }
    const size_t equals = is_long ? word.find('=') : std::string_view::npos;
    const std::string name(word.substr(0, equals));
    const CLI::Option* option = is_option ? at->get_option_no_throw(name) : nullptr;
    if (option == nullptr) {
      if (!is_option && !without.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{0} after {1}: its argument is written with an equals sign, "
                                "{1}={0}.",
                                word, without));
      }
      const std::string_view more = advice == nullptr ? "" : advice(at->get_name(), name);
      return fail(ErrorCode::kInvalidArgument,
                  more.empty() ? unknown_option(*at, word)
                               : fmt::format("There is no {}: {}.", name, more));
    }
    out.push_back(name);
    const size_t taken = argument_words(*option, copies(words, 2));
    if (equals != std::string_view::npos) {
      const bool optional = taken == 0 && option->get_items_expected_max() == 1;
      if (taken != 1 && !optional) {
        return fail(ErrorCode::kInvalidArgument,
                    taken == 0 ? fmt::format("{} takes no argument.", name)
                               : fmt::format("Write {} {} without an equals sign.", name,
                                             option->get_type_name()));
      }
      out.emplace_back(word.substr(equals + 1));
      if (is_secret(*option)) wipe(joined + equals + 1);
      continue;
    }
    if (taken > words.size()) {
      return fail(ErrorCode::kInvalidArgument, missing_argument(*option, name, taken));
    }
    if (taken == 0) {
      // Said outright, or CLI11 would take the next word for the argument that was left out.
      if (option->get_items_expected_max() == 1) {
        out.emplace_back();
        left_out = name;
      }
      continue;
    }
    std::string argument = words.front();
    for (size_t i = 1; i < taken; ++i) {
      argument += kWordSeparator;
      argument += words[i];
    }
    if (is_secret(*option)) wipe(words.front());
    words = words.subspan(taken);
    out.push_back(std::move(argument));
  }
  return out;
}

}  // namespace mq
