// The words of a command line, put so that CLI11 cannot take them for something else.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mq {

// Between a word of several parts: no word of a command line can contain it.
inline constexpr char kWordSeparator = '\0';

// Reads `words` (without the program's name) against the options declared on `app` the way
// mosquitto's programs do: an option is one word, its argument is the next word whatever that
// looks like ("-m -5", "-m --help"), and there is no bundling. "--option=argument" is understood
// too. The result has an option and its argument in two words always, and an argument that
// consists of several words (-D) as one word with separators. Errors are unknown options, with a
// suggestion, and missing arguments. An argument called PASSWORD is overwritten in `words` once it
// is read: other users see the command line of a process.
// `advice` may know more about an option of a command that is unknown; empty where it does not.
using OptionAdvice = std::string_view (*)(std::string_view command, std::string_view option);
Result<std::vector<std::string>> spell_out(const CLI::App& app, std::span<char* const> words,
                                           OptionAdvice advice = nullptr);

// How many words the argument of an option consists of; `rest` begins with the first.
size_t argument_words(const CLI::Option& option, const std::vector<std::string>& rest);

// Takes an option and its argument out of spelled out words. An error when it is there twice.
Result<std::optional<std::string>> take_argument(const CLI::App& app,
                                                 std::vector<std::string>& words,
                                                 std::string_view option);

// How many letters to add, drop, change or swap to make `b` of `a`.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace mq
