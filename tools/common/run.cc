#include "common/run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/argv.h"
#include "common/command_doc.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/generate.h"
#include "common/options_file.h"
#include "common/profile.h"
#include "io/loop.h"

namespace mq {
namespace {

constexpr std::string_view kInformation = "Information";

int usage_error(const Program& program, std::string_view text) {
  write_all(STDERR_FILENO,
            fmt::format("Error: {}\n\nUse '{} --help' to see usage.\n", text, program.name));
  return program.usage_error;
}

// A standard descriptor that we were not given gets something in its place, or the next socket
// would have its number. Reading and writing it fails, as it should; what is said on standard error
// goes nowhere.
void fill_standard_descriptors() {
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one.
    if (open("/dev/null", kModes[fd]) != fd) std::abort();
  }
}

// To the program and each of its commands, behind their own options.
void add_help(CLI::App& app, std::string_view text) {
  app.set_help_flag("--help", std::string(text))->group(std::string(kInformation));
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_help(*command, text);
  }
}

// Where options come from before those of the command line.
struct OptionsFiles {
  std::optional<std::string> file, profile;
};

Result<OptionsFiles> take_files(const CLI::App& app, std::vector<std::string>& words) {
  OptionsFiles files;
  MQ_TRY(files.file, take_argument(app, words, "-o"));
  MQ_TRY(const std::optional<std::string> name, take_argument(app, words, "--profile"));
  if (name) {
    MQ_TRY(files.profile, profile_path(*name));
  }
  return files;
}

// Of these files, or of the default one: ours, else the one of the program that we stand in for.
Result<std::vector<std::string>> read_options(const Program& program, const CLI::App& app,
                                              const OptionsFiles& files) {
  std::vector<std::pair<std::string, Quotes>> paths;
  for (const auto& path : {files.file, files.profile}) {
    if (path) paths.emplace_back(*path, Quotes::kTaken);
  }
  if (const std::string folder = config_folder(); paths.empty() && !folder.empty()) {
    const std::string ours = fmt::format("{}/{}", folder, program.name);
    const std::string theirs = fmt::format("{}/{}", folder, program.stands_in_for);
    if (access(ours.c_str(), F_OK) == 0) {
      paths.emplace_back(ours, Quotes::kTaken);
    } else if (access(theirs.c_str(), F_OK) == 0) {
      paths.emplace_back(theirs, Quotes::kMeant);
    }
  }
  std::vector<std::string> words;
  for (const auto& [path, quotes] : paths) {
    MQ_TRY(FileOptions found, read_options_file(app, path, quotes));
    for (const std::string& warning : found.warnings) {
      write_all(STDERR_FILENO, fmt::format("Warning: {}\n", warning));
    }
    std::ranges::move(found.words, std::back_inserter(words));
  }
  return words;
}

// Options that are kept in files, and those to be kept.
struct KeptOptions {
  std::vector<std::string> from_files;
  std::optional<std::string> save_as;
  std::vector<std::string> saved;  // what was given, files that were named included
};

// Takes what is about files out of the words, and reads them.
Result<KeptOptions> take_kept(const Program& program, const CLI::App& app,
                              std::vector<std::string>& words) {
  KeptOptions kept;
  if (program.stands_in_for.empty()) return kept;
  MQ_TRY(const OptionsFiles files, take_files(app, words));
  MQ_TRY(kept.save_as, take_argument(app, words, "--save-profile"));
  MQ_TRY(kept.from_files, read_options(program, app, files));
  if (files.file || files.profile) kept.saved = kept.from_files;
  kept.saved.insert(kept.saved.end(), words.begin(), words.end());
  return kept;
}

// --save-profile: nothing is run.
Result<int> save_profile(const CLI::App& app, const std::string& name,
                         const std::vector<std::string>& words) {
  MQ_TRY(const std::string path, profile_path(name));
  MQ_CHECK(write_profile(path, options_file_text(app, words)));
  write_all(
      STDERR_FILENO,
      fmt::format("{} written: --profile {} has these options, passwords among them, and only "
                  "you can read it.\n",
                  path, name));
  return kExitOk;
}

// "--help TOPIC": one group of the options.
Result<int> help_on(const CLI::App& app, std::string_view topic) {
  CommandDoc command = describe(app);
  if (!keep_group(command, topic)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("There is no help on '{}'. There is on {}.", topic, group_names(command)));
  }
  write_all(STDOUT_FILENO, help_text(command));
  return kExitOk;
}

void parse(CLI::App& app, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  app.parse(std::move(words));
}

// The command that was chosen, the program itself if it has none.
const CLI::App& chosen(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? app : chosen(*commands.back());
}

}  // namespace

int run_program(const Program& program, int argc, char** argv) {
  fill_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);
  try {
    CLI::App app("", std::string(program.name));
    app.set_help_flag("");  // -h is the host
    program.declare(app);
    if (!program.stands_in_for.empty()) {
      app.add_option("-o", "Read options from FILE, one a line, and not from the default file.")
          ->type_name("FILE")
          ->group(std::string(kInformation));
      app.add_option("--profile",
                     "Read options from the profile NAME, ~/.config/mq/NAME, and not from the "
                     "default file.")
          ->type_name("NAME")
          ->group(std::string(kInformation));
      app.add_option("--save-profile",
                     "Write the options that are given, with passwords, to the profile NAME, and "
                     "end.")
          ->type_name("NAME")
          ->group(std::string(kInformation));
    }
    add_help(app, program.stands_in_for.empty()
                      ? "Show this text."
                      : "Show this text; one part of it with a TOPIC behind, as in --help tls.");
    app.set_version_flag("--version", fmt::format("{} {}", program.name, MQKIT_VERSION),
                         "Show the version.")
        ->group(std::string(kInformation));
    app.add_option("--generate")->type_name("man|bash|zsh|fish")->group("");  // hidden

    const bool is_topic = argc == 3 && std::string_view(argv[1]) == "--help" && argv[2][0] != '-';
    if (is_topic && !program.stands_in_for.empty()) {
      const Result<int> shown = help_on(app, argv[2]);
      return shown ? *shown : usage_error(program, shown.error().text);
    }
    auto words =
        spell_out(app, std::span(argv, static_cast<size_t>(argc)).subspan(1), program.advice);
    if (!words) return usage_error(program, words.error().text);
    if (words->size() == 2 && words->front() == "--generate") {
      const std::optional<std::string> text = generate(describe(app), words->back());
      if (!text) return usage_error(program, fmt::format("Cannot generate {}.", words->back()));
      write_all(STDOUT_FILENO, *text);
      return kExitOk;
    }
    auto kept = take_kept(program, app, *words);
    if (!kept) return usage_error(program, kept.error().text);
    try {
      // Twice, so that what is given on the command line takes the place of what the file says.
      if (!kept->from_files.empty()) parse(app, std::move(kept->from_files));
      parse(app, std::move(*words));
    } catch (const CLI::CallForHelp&) {
      CommandDoc command = describe(chosen(app));
      if (&chosen(app) != &app) command.name = fmt::format("{} {}", program.name, command.name);
      write_all(STDOUT_FILENO, help_text(command));
      return kExitOk;
    } catch (const CLI::CallForVersion& version) {
      write_all(STDOUT_FILENO, fmt::format("{}\n", version.what()));
      return kExitOk;
    } catch (const CLI::ParseError& error) {
      return usage_error(program, error.what());
    }
    const Result<int> ended =
        kept->save_as ? save_profile(app, *kept->save_as, kept->saved) : program.run();
    const int code = ended ? *ended : usage_error(program, ended.error().text);
    if (Loop::left_threads()) _exit(code);  // nothing is buffered: we write by write()
    return code;
  } catch (const std::exception& error) {
    write_all(STDERR_FILENO, fmt::format("Error: {}\n", error.what()));
    return kExitFailure;
  }
}

}  // namespace mq
