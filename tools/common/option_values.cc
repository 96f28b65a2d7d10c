#include "common/option_values.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/argv.h"

namespace mq {
namespace {

bool takes_list(const CLI::Option& option) {
  return option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
}

}  // namespace

OptionValues::OptionValues(CLI::App& app) : app_(&app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() > 0) given_.insert(option);
  }
}

OptionValues OptionValues::of(const std::function<void(CLI::App&)>& declare) {
  auto app = std::make_unique<CLI::App>();
  app->set_help_flag("");
  declare(*app);
  OptionValues values(*app);
  values.own_ = std::move(app);
  return values;
}

OptionValues::OptionValues(OptionValues&&) noexcept = default;
OptionValues::~OptionValues() = default;

CLI::Option* OptionValues::find(std::string_view key) const {
  if (key.empty() || key.front() == '-') return nullptr;
  CLI::Option* option = app_->get_option_no_throw(fmt::format("--{}", key));
  // CLI11 finds positional arguments by this, too.
  const bool hidden = option == nullptr || option->get_group().empty() ||
                      option->get_lnames().empty() || option->get_positional();
  return hidden ? nullptr : option;
}

std::string OptionValues::canonical(std::string_view key) const {
  const CLI::Option* option = find(key);
  return option == nullptr ? std::string(key) : option->get_lnames().front();
}

bool OptionValues::is_list(std::string_view key) const {
  return takes_list(*find(key));
}

bool OptionValues::given(std::string_view key) const {
  return given_.contains(find(key));
}

bool OptionValues::was_set(std::string_view key) const {
  return set_.contains(find(key));
}

std::string OptionValues::nearest(std::string_view key) const {
  std::string best;
  size_t distance_min = 1 + key.size() / 3;  // farther away it is no typing error
  for (const CLI::Option* option : std::as_const(*app_).get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) {
      if (const size_t distance = edit_distance(key, name); distance < distance_min) {
        distance_min = distance;
        best = name;
      }
    }
  }
  std::ranges::replace(best, '-', '_');
  return best;
}

Result<void> OptionValues::set(std::string_view key, const std::string& value) {
  CLI::Option* const option = find(key);
  if (given_.contains(option)) return {};
  try {
    // The callback sees the results there are: for a list, the new one alone.
    CLI::results_t before = takes_list(*option) ? option->results() : CLI::results_t();
    option->clear();
    if (option->get_items_expected_min() > 0 && value.empty()) {
      return fail(ErrorCode::kInvalidArgument, "a value is missing");
    }
    option->add_result(value);
    option->run_callback();
    if (!before.empty()) {
      before.push_back(value);
      option->clear();
      for (const std::string& each : before) option->add_result(each);
    }
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::kInvalidArgument, error.what());
  }
  set_.insert(option);
  return {};
}

Result<void> OptionValues::take_given(const OptionValues& other) {
  for (const CLI::Option* theirs : other.given_) {
    if (theirs->get_lnames().empty()) continue;
    const std::string& key = theirs->get_lnames().front();
    const CLI::Option* const ours = find(key);
    if (ours == nullptr) continue;
    for (const std::string& value : theirs->results()) MQ_CHECK(set(key, value));
    given_.insert(ours);
  }
  return {};
}

std::vector<std::string> OptionValues::keys() const {
  std::vector<std::string> keys;
  for (const CLI::Option* option : std::as_const(*app_).get_options()) {
    if (!option->get_lnames().empty()) keys.push_back(option->get_lnames().front());
  }
  return keys;
}

std::vector<std::string> OptionValues::lines(const KeySet& secrets, const KeySet& skip) const {
  std::vector<std::string> lines;
  for (const CLI::Option* option : std::as_const(*app_).get_options()) {
    if (option->get_group().empty() || option->get_lnames().empty()) continue;
    const std::string& key = option->get_lnames().front();
    if (skip.contains(key)) continue;
    CLI::results_t values = option->results();
    if (values.empty() && !option->get_default_str().empty()) {
      values.push_back(option->get_default_str());
    }
    if (!takes_list(*option) && values.size() > 1) values.erase(values.begin(), values.end() - 1);
    for (std::string value : values) {
      if (value.empty()) value = "true";  // what stands alone
      std::string name = key;
      std::ranges::replace(name, '-', '_');
      lines.push_back(fmt::format("{} {}", name, secrets.contains(key) ? "********" : value));
    }
  }
  return lines;
}

}  // namespace mq
