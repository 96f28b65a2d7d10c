// Declared options seen as keys with values, so that a configuration file can set them, too.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mq {

using KeySet = std::set<std::string, std::less<>>;

// Refers to an App and the fields its options are bound to. Whatever has a value when this is made
// was given on the command line, and keeps it.
class OptionValues {
 public:
  explicit OptionValues(CLI::App& app);
  // Options of its own, apart from any command line: those of a listener.
  static OptionValues of(const std::function<void(CLI::App&)>& declare);
  OptionValues(OptionValues&&) noexcept;
  ~OptionValues();

  // Keys are long names without the dashes in front; short ones are not for files.
  bool has(std::string_view key) const { return find(key) != nullptr; }
  // The first of the option's names, for those that have several.
  std::string canonical(std::string_view key) const;
  // Whether it takes several values. REQUIRES: has(key)
  bool is_list(std::string_view key) const;
  // On the command line.
  bool given(std::string_view key) const;
  // By set().
  bool was_set(std::string_view key) const;
  // The one that looks most like `key`, empty when none does.
  std::string nearest(std::string_view key) const;

  // Sets the field, unless the command line did. A list grows by it; everything else takes the
  // last value. An error is that of the option. REQUIRES: has(key)
  Result<void> set(std::string_view key, const std::string& value);
  // Gives the options that both have what the command line gave `other`.
  Result<void> take_given(const OptionValues& other);

  // What is in effect, a line `key value` for each; what has no value is left out. The values of
  // `secrets` are not shown, those of `skip` are left out.
  std::vector<std::string> lines(const KeySet& secrets, const KeySet& skip) const;
  std::vector<std::string> keys() const;

 private:
  CLI::Option* find(std::string_view key) const;

  std::unique_ptr<CLI::App> own_;
  CLI::App* app_;
  std::set<const CLI::Option*> given_;
  std::set<const CLI::Option*> set_;
};

}  // namespace mq
