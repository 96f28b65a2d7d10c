#include "common/options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/units.h"

namespace mq {
namespace {

[[noreturn]] void reject(std::string text) {
  throw CLI::ValidationError(std::move(text));
}

// CLI11 compares a new option with each that there is, name by name in copies of the strings: with
// a hundred options that was half of all the instructions of a `mqpub -m`. So it is shown none.
// That no name is declared twice is seen to by a test (tests/tools/options_test.cc).
class WithoutOthers {
 public:
  explicit WithoutOthers(CLI::App& app) : options_(List::of(app)) { others_.swap(options_); }
  ~WithoutOthers() {
    for (CLI::Option_p& added : options_) others_.push_back(std::move(added));
    options_.swap(others_);
  }
  WithoutOthers(const WithoutOthers&) = delete;
  WithoutOthers& operator=(const WithoutOthers&) = delete;

 private:
  using Options = std::vector<CLI::Option_p>;
  struct List : CLI::App {
    static Options& of(CLI::App& app) { return app.*(&List::options_); }
  };
  Options& options_;
  Options others_;
};

}  // namespace

std::string size_text(uint64_t size) {
  constexpr std::string_view kUnits = "kMG";
  std::string_view unit;
  for (size_t i = 0; i < kUnits.size() && size != 0 && size % 1024 == 0; ++i) {
    size /= 1024;
    unit = kUnits.substr(i, 1);
  }
  return fmt::format("{}{}", size, unit);
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || at != end) return std::nullopt;
  return number;
}

std::string noun_of(std::string_view names, std::string_view value) {
  std::string noun(value);
  if (const size_t dashes = names.find("--"); dashes != std::string_view::npos) {
    noun = names.substr(dashes + 2, names.find(',', dashes) - dashes - 2);
  }
  for (char& c : noun) c = c == '-' ? ' ' : static_cast<char>(std::tolower(c));
  if (noun.ends_with("qos")) noun.replace(noun.size() - 3, 3, "QoS");
  if (noun == "url") noun = "URL";
  return noun;
}

CLI::Option* Options::add(std::string_view names, std::string_view value, std::string_view help,
                          std::function<void(const std::string&)> set) {
  const WithoutOthers others(app_);
  CLI::Option* option = app_.add_option(
      std::string(names),
      [set = std::move(set)](const CLI::results_t& results) {
        for (const std::string& result : results) set(result);
        return true;
      },
      std::string(help));
  option->type_name(std::string(value))->type_size(1)->expected(1)->group(group_);
  // Otherwise CLI11 takes "[a,b]" for a list of its own.
  option->allow_extra_args(false);
  return option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

Options& Options::flag(std::string_view names, bool& to, std::string_view help) {
  const WithoutOthers others(app_);
  app_.add_flag(std::string(names), to, std::string(help))
      ->group(group_)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  return *this;
}

Options& Options::boolean(std::string_view names, bool& to, std::string_view help) {
  return boolean_option(names, to ? "true" : "", help, [&to](bool given) { to = given; });
}

Options& Options::boolean(std::string_view names, std::optional<bool>& to, std::string_view help) {
  return boolean_option(names, "", help, [&to](bool given) { to = given; });
}

Options& Options::boolean_option(std::string_view names, std::string_view by_default,
                                 std::string_view help, std::function<void(bool)> set) {
  auto check = [noun = noun_of(names, ""), set = std::move(set)](const std::string& given) {
    if (!given.empty() && given != "true" && given != "false") {
      reject(fmt::format("Invalid {} given: {}, it must be true or false.", noun, given));
    }
    set(given != "false");
  };
  add(names, "true|false", help, std::move(check))
      ->expected(0, 1)
      ->default_str(std::string(by_default));
  return *this;
}

Options& Options::parsed(std::string_view names, std::string_view value,
                         std::string_view by_default, std::string_view help,
                         std::function<Result<void>(std::string_view)> set) {
  auto check = [noun = noun_of(names, value), set = std::move(set)](const std::string& given) {
    const Result<void> done = set(given);
    if (!done) reject(fmt::format("Invalid {} given: {}, {}.", noun, given, done.error().text));
  };
  add(names, value, help, std::move(check))->default_str(std::string(by_default));
  return *this;
}

Options& Options::count(std::string_view names, uint32_t& to, std::string_view help) {
  const WithoutOthers others(app_);
  app_.add_flag_function(
          std::string(names), [&to](int64_t given) { to = static_cast<uint32_t>(given); },
          std::string(help))
      ->group(group_);
  return *this;
}

Options& Options::text(std::string_view names, std::string& to, std::string_view value,
                       std::string_view help) {
  add(names, value, help, [&to](const std::string& given) { to = given; })->default_str(to);
  return *this;
}

Options& Options::text(std::string_view names, std::optional<std::string>& to,
                       std::string_view value, std::string_view help) {
  add(names, value, help, [&to](const std::string& given) { to = given; });
  return *this;
}

Options& Options::text_or(std::string_view names, std::optional<std::string>& to,
                          std::string_view value, std::string_view otherwise,
                          std::string_view help) {
  const auto set = [&to, otherwise = std::string(otherwise)](const std::string& given) {
    to = given.empty() ? otherwise : given;
  };
  add(names, value, help, set)->expected(0, 1);
  return *this;
}

Options& Options::list(std::string_view names, std::vector<std::string>& to, std::string_view value,
                       std::string_view help) {
  add(names, value, help, [&to](const std::string& given) {
    to.push_back(given);
  })->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return *this;
}

Options& Options::number_option(std::string_view names, std::string_view value,
                                std::string_view help, std::string by_default, uint64_t min,
                                uint64_t max, std::function<void(uint64_t)> set) {
  auto check = [noun = noun_of(names, value), min, max,
                set = std::move(set)](const std::string& given) {
    const std::optional<uint64_t> number = parse_number(given);
    if (number && *number >= min && *number <= max) return set(*number);
    const std::string range = max < UINT32_MAX
                                  ? fmt::format("between {} and {} inclusive", min, max)
                                  : fmt::format("a number, at least {}", min);
    reject(fmt::format("Invalid {} given: {}, it must be {}.", noun, given, range));
  };
  add(names, value, help, std::move(check))->default_str(std::move(by_default));
  return *this;
}

Options& Options::size(std::string_view names, uint64_t& to, std::string_view value,
                       std::string_view help, Range<uint64_t> range) {
  auto check = [noun = noun_of(names, value), range, &to](const std::string& given) {
    const Result<uint64_t> size = parse_size(given);
    if (!size) reject(fmt::format("Invalid {} given: {}.", noun, size.error().text));
    if (*size < range.min || *size > range.max) {
      reject(fmt::format("Invalid {} given: {}, it must be between {} and {} bytes inclusive.",
                         noun, given, size_text(range.min), size_text(range.max)));
    }
    to = *size;
  };
  add(names, value, help, std::move(check))->default_str(size_text(to));
  return *this;
}

Options& Options::decimal(std::string_view names, double& to, std::string_view value,
                          std::string_view help, double min, double max) {
  return decimal_option(names, value, help, fmt::format("{:g}", to), min, max,
                        [&to](double given) { to = given; });
}

Options& Options::decimal(std::string_view names, std::optional<double>& to, std::string_view value,
                          std::string_view help, double min, double max) {
  return decimal_option(names, value, help, "", min, max, [&to](double given) { to = given; });
}

Options& Options::decimal_option(std::string_view names, std::string_view value,
                                 std::string_view help, std::string by_default, double min,
                                 double max, std::function<void(double)> set) {
  auto check = [noun = noun_of(names, value), min, max,
                set = std::move(set)](const std::string& given) {
    double number = 0;
    const char* end = given.data() + given.size();
    const auto [at, error] = std::from_chars(given.data(), end, number, std::chars_format::fixed);
    if (error != std::errc{} || at != end || !(number >= min && number <= max)) {
      reject(fmt::format("Invalid {} given: {}, it must be between {:g} and {:g}.", noun, given,
                         min, max));
    }
    set(number);
  };
  add(names, value, help, std::move(check))->default_str(std::move(by_default));
  return *this;
}

Options& Options::seconds(std::string_view names, Duration& to, std::string_view value,
                          std::string_view help, Duration min) {
  return seconds_option(names, value, help, fmt::format("{:g}", mq::seconds(to)), min,
                        [&to](Duration given) { to = given; });
}

Options& Options::seconds(std::string_view names, std::optional<Duration>& to,
                          std::string_view value, std::string_view help, Duration min) {
  return seconds_option(names, value, help, "", min, [&to](Duration given) { to = given; });
}

Options& Options::seconds_option(std::string_view names, std::string_view value,
                                 std::string_view help, std::string by_default, Duration min,
                                 std::function<void(Duration)> set) {
  auto check = [noun = noun_of(names, value), min, set = std::move(set)](const std::string& given) {
    const Result<Duration> duration = parse_duration(given);
    if (!duration) reject(fmt::format("Invalid {} given: {}.", noun, duration.error().text));
    if (*duration < min) {
      reject(fmt::format("Invalid {} given: {}, it must be at least {:g} seconds.", noun, given,
                         mq::seconds(min)));
    }
    set(*duration);
  };
  add(names, value, help, std::move(check))->default_str(std::move(by_default));
  return *this;
}

Options& Options::choice_option(std::string_view names, std::vector<std::string_view> words,
                                std::string_view offered, std::string_view by_default,
                                std::string_view help, std::function<void(size_t)> set) {
  auto check = [noun = noun_of(names, ""), words = std::move(words),
                set = std::move(set)](const std::string& given) {
    const auto word = std::find(words.begin(), words.end(), given);
    if (word == words.end()) {
      reject(fmt::format("Invalid {} given: {}, it must be one of {}.", noun, given,
                         fmt::join(words, ", ")));
    }
    set(static_cast<size_t>(word - words.begin()));
  };
  add(names, offered, help, std::move(check))->default_str(std::string(by_default));
  return *this;
}

}  // namespace mq
