// The words of a command line, put so that CLI11 cannot take them for something else.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace mq {

// Between a word of several parts: no word of a command line can contain it.
inline constexpr char kWordSeparator = '\0';

// Reads `words` (without the program's name) against the options declared on `app` the way
// mosquitto's programs do: an option is one word, its argument is the next word whatever that
// looks like ("-m -5", "-m --help"), and there is no bundling. "--option=argument" is understood
// too. The result has an option and its argument in two words always, and an argument that
// consists of several words (-D) as one word with separators. Errors are unknown options, with a
// suggestion, and missing arguments.
Result<std::vector<std::string>> spell_out(const CLI::App& app, std::span<char* const> words);

// How many letters to add, drop, change or swap to make `b` of `a`.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace mq
