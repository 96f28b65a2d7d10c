// A tool's command line as its main() reads it, for tests.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace mq {

// Declares and parses; an error is the text that the user would see.
Result<void> parse_words(const std::function<void(CLI::App&)>& declare,
                         std::vector<std::string> words);

// The same, then resolve(args): what the options mean.
template <class Args>
auto resolve_words(std::vector<std::string> words) -> decltype(resolve(Args())) {
  Args args;
  MQ_CHECK(parse_words([&args](CLI::App& app) { declare(app, args); }, std::move(words)));
  return resolve(args);
}

template <class Args>
std::string error_of(std::vector<std::string> words) {
  const auto options = resolve_words<Args>(std::move(words));
  return options ? "" : options.error().text;
}

// The first name that is declared twice, empty when there is none: CLI11 is not asked
// (common/options.cc).
std::string name_declared_twice(const std::function<void(CLI::App&)>& declare);

template <class Args>
std::string name_declared_twice() {
  Args args;
  return name_declared_twice([&args](CLI::App& app) { declare(app, args); });
}

}  // namespace mq
