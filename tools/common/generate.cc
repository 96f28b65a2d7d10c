#include "common/generate.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

namespace mq {
namespace {

// `text` with a backslash before every character of `special`.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// In single quotes for a shell; in fish a backslash escapes inside of them, too.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += separator;
    out += word;
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::vector<std::string> command_names(const CommandDoc& program) {
  std::vector<std::string> names;
  for (const CommandDoc& command : program.commands) names.push_back(command.name);
  return names;
}

// -- man --

std::string scdoc(std::string_view text) {
  return escaped(text, "\\*_<[#");
}

// A line of running text: at its start more means something, and where it breaks nobody decides.
std::string scdoc_line(std::string_view text) {
  const bool is_markup = !text.empty() && std::string_view("-.|]!").find(text[0]) != text.npos;
  return (is_markup ? "\\" : "") + scdoc(text);
}

std::string man_group(const GroupDoc& group) {
  std::string out;
  for (const OptionDoc& option : group.options) {
    std::vector<std::string> names;
    for (const std::string& name : option.names) names.push_back("*" + scdoc(name) + "*");
    out += joined(names, ", ");
    if (option.value_optional) {
      out += "\\[=_" + escaped(option.value, "\\") + "_]";
    } else if (!option.value.empty()) {
      out += " _" + escaped(option.value, "\\") + "_";
    }
    out += '\n';
    std::string help = option.help;
    if (!option.by_default.empty()) help += " Default: " + option.by_default + ".";
    for (const std::string& line : wrap(help, 92)) out += "\t" + scdoc_line(line) + "\n";
    out += '\n';
  }
  return out;
}

// Which command had a group of options first.
using GroupsSeen = std::map<std::string, std::string>;

// A page of ten commands does not list the same connection options ten times.
void man_groups(std::string& out, const CommandDoc& command, GroupsSeen& seen) {
  for (const GroupDoc& group : command.groups) {
    out += fmt::format("## {}\n\n", group.name);
    const std::string text = man_group(group);
    const auto [first, is_new] = seen.emplace(text, command.name);
    const bool refer = !is_new && group.options.size() > 1;
    out += refer ? fmt::format("As for *{}*.\n\n", first->second) : text;
  }
}

// -- bash --

void bash_options(std::string& out, const CommandDoc& command, std::string_view indent) {
  std::vector<std::string> names;
  std::vector<std::string> free, paths;
  std::string cases;
  for (const GroupDoc& group : command.groups) {
    for (const OptionDoc& option : group.options) {
      names.insert(names.end(), option.names.begin(), option.names.end());
      if (option.value.empty() || option.value_optional) continue;
      const std::vector<std::string> choices = option.choices();
      if (!choices.empty()) {
        cases += fmt::format("{}  {}) COMPREPLY=($(compgen -W {} -- \"$cur\")); return ;;\n",
                             indent, joined(option.names, "|"), quoted(joined(choices, " ")));
      } else {
        std::vector<std::string>& list = option.takes_path() ? paths : free;
        list.insert(list.end(), option.names.begin(), option.names.end());
      }
    }
  }
  if (!paths.empty()) {
    cases += fmt::format(
        "{}  {})\n{}    compopt -o filenames\n{}    COMPREPLY=($(compgen -f -- \"$cur\"))\n"
        "{}    return ;;\n",
        indent, joined(paths, "|"), indent, indent, indent);
  }
  if (!free.empty()) cases += fmt::format("{}  {}) return ;;\n", indent, joined(free, "|"));
  if (!cases.empty()) out += fmt::format("{}case $prev in\n{}{}esac\n", indent, cases, indent);
  const std::vector<std::string> commands = command_names(command);
  names.insert(names.begin(), commands.begin(), commands.end());
  out += fmt::format("{}COMPREPLY=($(compgen -W {} -- \"$cur\"))\n", indent,
                     quoted(joined(names, " ")));
}

// -- zsh --

std::string zsh_value(const OptionDoc& option) {
  if (option.value_optional) return "::" + option.value + ":_files";
  const std::vector<std::string> choices = option.choices();
  if (!choices.empty()) return fmt::format(":value:({})", joined(choices, " "));
  if (option.takes_path()) return ":" + option.value + ":_files";
  std::string out;
  for (const std::string& word : words_of(option.value)) out += ":" + word + ": ";
  return out;
}

void zsh_options(std::string& out, const CommandDoc& command, std::string_view indent) {
  for (const GroupDoc& group : command.groups) {
    for (const OptionDoc& option : group.options) {
      // An option that was given is not offered again, unless it makes a list.
      const std::string before =
          option.repeatable ? "*" : fmt::format("({})", joined(option.names, " "));
      const std::string after =
          fmt::format("[{}]{}", escaped(option.help, "[]:\\"), zsh_value(option));
      for (const std::string& name : option.names) {
        const bool equals = name.starts_with("--") && words_of(option.value).size() == 1;
        const std::string_view joint = option.value_optional ? "=-" : equals ? "=" : "";
        out += fmt::format(" \\\n{}{}", indent,
                           quoted(fmt::format("{}{}{}{}", before, name, joint, after)));
      }
    }
  }
  out += '\n';
}

// -- fish --

void fish_options(std::string& out, const CommandDoc& command, std::string_view program,
                  std::string_view condition) {
  for (const GroupDoc& group : command.groups) {
    for (const OptionDoc& option : group.options) {
      out += fmt::format("complete -c {}{}", program, condition);
      for (const std::string& name : option.names) {
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (!option.value.empty() && !option.value_optional) {
        out += option.takes_path() ? " -r -F" : " -x";
      }
      const std::vector<std::string> choices = option.choices();
      if (!choices.empty()) out += " -a " + quoted(joined(choices, " "));
      out += " -d " + quoted(option.help) + "\n";
    }
  }
}

}  // namespace

std::string man_options(const CommandDoc& program) {
  std::string out = "\n";
  GroupsSeen seen;
  man_groups(out, program, seen);
  for (const CommandDoc& command : program.commands) {
    out += fmt::format("# OPTIONS OF {} {}\n\n{}\n\n", escaped(program.name, "_"), command.name,
                       scdoc(command.summary));
    man_groups(out, command, seen);
  }
  return out;
}

std::string bash_completion(const CommandDoc& program) {
  std::string out = fmt::format(
      "# Completions of {0} for bash, printed by \"{0} --generate bash\".\n"
      "_{0}() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  # bash takes --option=value apart.\n"
      "  if [[ $prev == = ]]; then prev=${{COMP_WORDS[COMP_CWORD-2]}}; fi\n"
      "  if [[ $cur == = ]]; then cur=; fi\n",
      program.name);
  if (program.commands.empty()) {
    bash_options(out, program, "  ");
  } else {
    out += fmt::format(
        "  local word command=\n"
        "  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; do\n"
        "    case $word in {}) command=$word ;; esac\n"
        "  done\n"
        "  case $command in\n",
        joined(command_names(program), "|"));
    for (const CommandDoc& command : program.commands) {
      out += fmt::format("    {})\n", command.name);
      bash_options(out, command, "      ");
      out += "      ;;\n";
    }
    out += "    *)\n";
    bash_options(out, program, "      ");
    out += "      ;;\n  esac\n";
  }
  return out + fmt::format("}}\ncomplete -F _{0} {0}\n", program.name);
}

std::string zsh_completion(const CommandDoc& program) {
  std::string out = fmt::format(
      "#compdef {0}\n# Completions of {0} for zsh, printed by \"{0} --generate zsh\".\n",
      program.name);
  if (program.commands.empty()) {
    out += "_arguments";
    zsh_options(out, program, "  ");
    return out;
  }
  std::vector<std::string> commands;
  for (const CommandDoc& command : program.commands) {
    commands.push_back(fmt::format("{}\\:\"{}\"", command.name, escaped(command.summary, "\"\\:")));
  }
  out += fmt::format(
      "local curcontext=$curcontext state line\n"
      "_arguments -C {} '*::argument:->argument'",
      quoted(fmt::format("1:command:(({}))", joined(commands, " "))));
  zsh_options(out, program, "  ");
  out += "if [[ $state == argument ]]; then\n  case $words[1] in\n";
  for (const CommandDoc& command : program.commands) {
    out += fmt::format("    {})\n      _arguments", command.name);
    zsh_options(out, command, "        ");
    out += "      ;;\n";
  }
  return out + "  esac\nfi\n";
}

std::string fish_completion(const CommandDoc& program) {
  std::string out = fmt::format(
      "# Completions of {0} for fish, printed by \"{0} --generate fish\".\ncomplete -c {0} -f\n",
      program.name);
  fish_options(out, program, program.name,
               program.commands.empty() ? "" : " -n __fish_use_subcommand");
  for (const CommandDoc& command : program.commands) {
    out += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", program.name,
                       command.name, quoted(command.summary));
    fish_options(out, command, program.name,
                 fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name));
  }
  return out;
}

std::optional<std::string> generate(const CommandDoc& program, std::string_view kind) {
  if (kind == "man") return man_options(program);
  if (kind == "bash") return bash_completion(program);
  if (kind == "zsh") return zsh_completion(program);
  if (kind == "fish") return fish_completion(program);
  return std::nullopt;
}

}  // namespace mq
