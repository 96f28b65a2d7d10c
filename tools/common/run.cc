#include "common/run.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/argv.h"
#include "common/command_doc.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/generate.h"
#include "common/options_file.h"
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
void add_help(CLI::App& app) {
  app.set_help_flag("--help", "Show this text.")->group(std::string(kInformation));
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_help(*command);
  }
}

// The options of the file that was asked for, or of the default one.
Result<std::vector<std::string>> read_options(const Program& program, const CLI::App& app,
                                              std::vector<std::string>& words) {
  if (program.stands_in_for.empty()) return std::vector<std::string>();
  MQ_TRY(std::optional<std::string> path, take_argument(app, words, "-o"));
  if (!path) path = default_options_file(program.name, program.stands_in_for);
  if (!path) return std::vector<std::string>();
  return read_options_file(app, *path);
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
    }
    add_help(app);
    app.set_version_flag("--version", fmt::format("{} {}", program.name, MQKIT_VERSION),
                         "Show the version.")
        ->group(std::string(kInformation));
    app.add_option("--generate")->type_name("man|bash|zsh|fish")->group("");  // hidden

    auto words = spell_out(app, std::span(argv, static_cast<size_t>(argc)).subspan(1));
    if (!words) return usage_error(program, words.error().text);
    if (words->size() == 2 && words->front() == "--generate") {
      const std::optional<std::string> text = generate(describe(app), words->back());
      if (!text) return usage_error(program, fmt::format("Cannot generate {}.", words->back()));
      write_all(STDOUT_FILENO, *text);
      return kExitOk;
    }
    auto from_file = read_options(program, app, *words);
    if (!from_file) return usage_error(program, from_file.error().text);
    try {
      // Twice, so that what is given on the command line takes the place of what the file says.
      if (!from_file->empty()) parse(app, std::move(*from_file));
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
    const Result<int> ended = program.run();
    const int code = ended ? *ended : usage_error(program, ended.error().text);
    if (Loop::left_threads()) _exit(code);  // nothing is buffered: we write by write()
    return code;
  } catch (const std::exception& error) {
    write_all(STDERR_FILENO, fmt::format("Error: {}\n", error.what()));
    return kExitFailure;
  }
}

}  // namespace mq
