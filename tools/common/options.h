// How a tool declares its command line options: each once, bound to a field of a plain struct,
// with what --help, the man page and the completions say about it.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mq {

// The numbers that an option takes.
template <std::unsigned_integral T>
struct Range {
  T min = 0;
  T max = std::numeric_limits<T>::max();
};

// Declares options of one group. Names are written as CLI11 takes them, "-p,--port". A value that
// is not one of a kind is rejected while parsing; what needs several options to judge is the
// business of resolve(). Of an option given several times the last one counts, unless it is a list.
//
// `value` names the argument in the help: upper case for a placeholder (FILE, DIR and PATH complete
// to files), "a|b|c" for the words to choose from. Defaults in the help are those of the fields.
class Options {
 public:
  Options(CLI::App& app, std::string_view group) : app_(app), group_(group) {}

  Options& flag(std::string_view names, bool& to, std::string_view help);
  // True when it stands alone; "=false" takes it back, which a config file may have to.
  Options& boolean(std::string_view names, bool& to, std::string_view help);
  Options& boolean(std::string_view names, std::optional<bool>& to, std::string_view help);
  // Counts how often a flag is given.
  Options& count(std::string_view names, uint32_t& to, std::string_view help);

  Options& text(std::string_view names, std::string& to, std::string_view value,
                std::string_view help);
  Options& text(std::string_view names, std::optional<std::string>& to, std::string_view value,
                std::string_view help);
  // Its argument can be left out and then stands for `otherwise`; where it is given, '=' joins it.
  Options& text_or(std::string_view names, std::optional<std::string>& to, std::string_view value,
                   std::string_view otherwise, std::string_view help);
  // May be given several times.
  Options& list(std::string_view names, std::vector<std::string>& to, std::string_view value,
                std::string_view help);

  template <std::unsigned_integral T>
  Options& number(std::string_view names, T& to, std::string_view value, std::string_view help,
                  Range<std::type_identity_t<T>> range = {}) {
    return number_option(names, value, help, std::to_string(to), range.min, range.max,
                         [&to](uint64_t parsed) { to = static_cast<T>(parsed); });
  }
  template <std::unsigned_integral T>
  Options& number(std::string_view names, std::optional<T>& to, std::string_view value,
                  std::string_view help, Range<std::type_identity_t<T>> range = {}) {
    return number_option(names, value, help, "", range.min, range.max,
                         [&to](uint64_t parsed) { to = static_cast<T>(parsed); });
  }
  // Bytes, in the forms of parse_size().
  Options& size(std::string_view names, uint64_t& to, std::string_view value, std::string_view help,
                Range<uint64_t> range = {});
  // A number with decimals.
  Options& decimal(std::string_view names, double& to, std::string_view value,
                   std::string_view help, double min, double max);
  Options& decimal(std::string_view names, std::optional<double>& to, std::string_view value,
                   std::string_view help, double min, double max);
  // Seconds with decimals, or with a unit in the forms of parse_duration().
  Options& seconds(std::string_view names, Duration& to, std::string_view value,
                   std::string_view help, Duration min = {});
  Options& seconds(std::string_view names, std::optional<Duration>& to, std::string_view value,
                   std::string_view help, Duration min = {});

  // A value with a syntax of its own. `set` gives the error text of one that cannot be used.
  Options& parsed(std::string_view names, std::string_view value, std::string_view by_default,
                  std::string_view help, std::function<Result<void>(std::string_view)> set);

  // One of several words for a T or an optional<T>, each with what it stands for; words with the
  // same meaning are spellings of it. The first spelling of each meaning is what completions offer.
  template <class T>
  struct Choice {
    std::string_view word;
    T meaning;
  };
  template <class T>
  Options& choice(std::string_view names, T& to,
                  std::initializer_list<Choice<std::type_identity_t<T>>> choices,
                  std::string_view help) {
    std::vector<std::string_view> words;
    std::string offered;
    std::string_view by_default;
    std::vector<T> meanings;
    for (const auto& [word, meaning] : choices) {
      if (meaning == to && by_default.empty()) by_default = word;
      if (meanings.empty() || meanings.back() != meaning) {
        if (!offered.empty()) offered += '|';
        offered += word;
      }
      words.push_back(word);
      meanings.push_back(meaning);
    }
    return choice_option(names, std::move(words), offered, by_default, help,
                         [&to, meanings](size_t index) { to = meanings[index]; });
  }

 private:
  Options& boolean_option(std::string_view names, std::string_view by_default,
                          std::string_view help, std::function<void(bool)> set);
  Options& number_option(std::string_view names, std::string_view value, std::string_view help,
                         std::string by_default, uint64_t min, uint64_t max,
                         std::function<void(uint64_t)> set);
  Options& decimal_option(std::string_view names, std::string_view value, std::string_view help,
                          std::string by_default, double min, double max,
                          std::function<void(double)> set);
  Options& seconds_option(std::string_view names, std::string_view value, std::string_view help,
                          std::string by_default, Duration min, std::function<void(Duration)> set);
  Options& choice_option(std::string_view names, std::vector<std::string_view> words,
                         std::string_view offered, std::string_view by_default,
                         std::string_view help, std::function<void(size_t)> set);
  CLI::Option* add(std::string_view names, std::string_view value, std::string_view help,
                   std::function<void(const std::string&)> set);

  CLI::App& app_;
  std::string group_;
};

// A size as it is typed: "64k", "1G".
std::string size_text(uint64_t size);

// What an option's argument is called in messages: the long name in words, else the placeholder.
std::string noun_of(std::string_view names, std::string_view value);

// A number as the options take it: all of the text, decimal, no sign, no blanks.
std::optional<uint64_t> parse_number(std::string_view text);

}  // namespace mq
