#include "common/command_doc.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/utf8.h"

namespace mq {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kHelpColumn = 28;

OptionDoc describe(const CLI::Option& option) {
  OptionDoc doc;
  for (const std::string& name : option.get_snames()) doc.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) doc.names.push_back("--" + name);
  const bool takes_value = option.get_items_expected_max() > 0;
  if (takes_value) doc.value = option.get_type_name();
  doc.by_default = option.get_default_str();
  doc.help = option.get_description();
  doc.value_optional = takes_value && option.get_items_expected_min() == 0;
  doc.repeatable =
      takes_value && option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  return doc;
}

size_t columns(std::string_view text) {
  // One column a character: continuation bytes do not count.
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void append_option(std::string& out, const OptionDoc& option) {
  std::string left = "  ";
  // Long names line up whether or not there is a short one.
  if (option.names.front().starts_with("--")) left += "    ";
  for (const std::string& name : option.names) {
    if (&name != &option.names.front()) left += ", ";
    left += name;
  }
  if (option.value_optional) {
    left += fmt::format("[={}]", option.value);
  } else if (!option.value.empty()) {
    left += " " + option.value;
  }
  std::string help = option.help;
  if (!option.by_default.empty()) help += fmt::format(" [{}]", option.by_default);
  out += left;
  size_t at = columns(left);
  for (const std::string& line : wrap(help, kWidth - kHelpColumn)) {
    if (at + 2 > kHelpColumn) {
      out += '\n';
      at = 0;
    }
    out.append(kHelpColumn - at, ' ').append(line);
    at = kHelpColumn;
  }
  out += '\n';
}

}  // namespace

std::vector<std::string> OptionDoc::choices() const {
  std::vector<std::string> words;
  if (value.find('|') == std::string::npos) return words;
  std::string_view rest = value;
  while (true) {
    const size_t bar = rest.find('|');
    words.emplace_back(rest.substr(0, bar));
    if (bar == std::string_view::npos) return words;
    rest.remove_prefix(bar + 1);
  }
}

bool OptionDoc::takes_path() const {
  return value == "FILE" || value == "PATH" || value == "DIR";
}

CommandDoc describe(const CLI::App& app) {
  CommandDoc doc;
  doc.name = app.get_name();
  const std::string description = app.get_description();
  const size_t blank = description.find("\n\n");
  if (blank != std::string::npos) {
    doc.usage = description.substr(0, blank);
    doc.summary = description.substr(blank + 2);
  } else {
    doc.summary = description;
  }
  doc.footer = app.get_footer();
  for (const std::string& name : app.get_groups()) {
    if (name.empty()) continue;
    GroupDoc group{name, {}};
    for (const CLI::Option* option : app.get_options(
             [&name](const CLI::Option* candidate) { return candidate->get_group() == name; })) {
      if (!option->get_positional()) group.options.push_back(describe(*option));
    }
    if (!group.options.empty()) doc.groups.push_back(std::move(group));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    doc.commands.push_back(describe(*command));
  }
  return doc;
}

namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

}  // namespace

bool keep_group(CommandDoc& command, std::string_view topic) {
  const std::string wanted = lower_case(topic);
  const auto group = std::ranges::find_if(command.groups, [&wanted](const GroupDoc& candidate) {
    return lower_case(candidate.name).starts_with(wanted);
  });
  if (wanted.empty() || group == command.groups.end()) return false;
  command.groups = {std::move(*group)};
  command.footer.clear();
  return true;
}

std::string group_names(const CommandDoc& command) {
  std::string names;
  for (const GroupDoc& group : command.groups) {
    if (!names.empty()) names += ", ";
    names += lower_case(group.name);
  }
  return names;
}

std::vector<std::string> wrap(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && columns(line) + 1 + columns(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  lines.push_back(std::move(line));
  return lines;
}

std::string help_text(const CommandDoc& command) {
  std::string out;
  std::string_view usage = command.usage;
  std::string_view label = "Usage: ";
  while (true) {
    const size_t end = std::min(usage.find('\n'), usage.size());
    out += fmt::format("{}{} {}\n", label, command.name, usage.substr(0, end));
    if (end == usage.size()) break;
    usage.remove_prefix(end + 1);
    label = "       ";
  }
  out += '\n';
  for (const std::string& line : wrap(command.summary, kWidth)) out += line + '\n';
  if (!command.commands.empty()) {
    out += "\nCommands:\n";
    for (const CommandDoc& sub : command.commands) {
      out += fmt::format("  {:<{}}{}\n", sub.name, kHelpColumn - 2, sub.summary);
    }
  }
  for (const GroupDoc& group : command.groups) {
    out += fmt::format("\n{}:\n", group.name);
    for (const OptionDoc& option : group.options) append_option(out, option);
  }
  if (!command.footer.empty()) out += fmt::format("\n{}\n", command.footer);
  return out;
}

}  // namespace mq
