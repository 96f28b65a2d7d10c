#include "mqbench/scenario_command.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/core.h>

#include "auth/crypto.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/invalid.h"
#include "common/options.h"
#include "mqbench/output_file.h"
#include "mqbench/run_command.h"
#include "mqbench/scenario.h"
#include "mqbench/scenario_presets.h"
#include "mqbench/yaml.h"

namespace mq {
namespace {

// No more of it than can be one.
Result<std::string> read_text(const std::string& path) {
  const bool standard = path == "-";
  std::ifstream file;
  if (!standard) file.open(path, std::ios::binary);
  std::istream& stream = standard ? std::cin : file;
  std::string text(kYamlSizeMax + 1, '\0');
  if (stream) stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || (!standard && !file.is_open())) {
    return fail(ErrorCode::kIo, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  text.resize(static_cast<size_t>(stream.gcount()));
  return text;
}

Result<std::string> sha256(std::string_view text) {
  MQ_TRY(const Crypto* const module, crypto());
  std::string hex;
  for (const uint8_t byte : module->hash(Digest::kSha256, to_bytes(text), {})) {
    hex += fmt::format("{:02x}", byte);
  }
  return hex;
}

}  // namespace

void declare(CLI::App& app, ScenarioArgs& args) {
  Options(app, "Scenario")
      .text("--preset", args.preset, "NAME",
            fmt::format("Use a scenario that is built in, instead of a file: {}.", preset_names()))
      .flag("--print", args.print, "Print the file of --preset, to change it, and do no more.");
  declare_engine(app, args.run);
  declare_times(app, args.run);
  declare_results(app, args.run);
  declare_permissions(app, args.run);
  declare_connection(app, args.run);
}

Result<int> run_scenario(const ScenarioArgs& args) {
  if (args.files.size() + (args.preset ? 1 : 0) != 1) {
    return invalid("One FILE, or - for standard input, or --preset NAME, says what to do.");
  }
  std::string name, text;
  if (args.preset) {
    const auto found = find_preset(*args.preset);
    if (!found) {
      return invalid(
          fmt::format("There is no preset '{}'; there are {}.", *args.preset, preset_names()));
    }
    name = fmt::format("preset {}", *args.preset);
    text = *found;
  } else {
    name = args.files.front();
    MQ_TRY(text, read_text(name));
  }
  if (args.print) {
    if (!args.preset) return invalid("--print is for --preset.");
    const auto printed = print_text(text);
    if (printed) return kExitOk;
    Console().error(printed.error().text);
    return kExitFailure;
  }
  MQ_TRY(Scenario scenario, parse_scenario(name, text));
  RunArgs run = args.run;
  MQ_TRY(run.scenario_sha256, sha256(text));
  JudgementArgs& judgement = run.judgement;
  judgement.fail_if.insert(judgement.fail_if.begin(), scenario.fail_if.begin(),
                           scenario.fail_if.end());
  judgement.abort_if.insert(judgement.abort_if.begin(), scenario.abort_if.begin(),
                            scenario.abort_if.end());
  const ConnectArgs& to = run.connect;
  if (!to.host && !to.port && !to.url && !to.unix_path) run.connect.url = scenario.broker;
  run.scenario = std::make_shared<const Scenario>(std::move(scenario));
  return run_load(run);
}

}  // namespace mq
