// What is true of the options of every program.
#include "common/options.h"

#include <set>
#include <string>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

#include "mqbroker/args.h"
#include "mqpub/args.h"
#include "mqrr/args.h"
#include "mqsub/args.h"

using namespace mq;

namespace {

void check_names(const CLI::App& app) {
  std::set<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_snames()) {
      CHECK_MESSAGE(names.insert("-" + name).second, app.get_name()
                                                         << " has -" << name << " twice");
    }
    for (const std::string& name : option->get_lnames()) {
      CHECK_MESSAGE(names.insert("--" + name).second, app.get_name()
                                                          << " has --" << name << " twice");
    }
  }
  CHECK(names.size() > 3);
}

template <class Args>
void check_program(const char* name) {
  Args args;
  CLI::App app("", name);
  app.set_help_flag("");  // as run_program() does: -h is the host
  declare(app, args);
  check_names(app);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    check_names(*command);
  }
}

}  // namespace

TEST_CASE("no option is declared twice") {
  check_program<PubArgs>("mqpub");
  check_program<SubArgs>("mqsub");
  check_program<RequestArgs>("mqrr");
  check_program<BrokerArgs>("mqbroker");
}

TEST_CASE("options keep the order in which they were declared") {
  CLI::App app;
  bool flag = false;
  uint32_t count = 0;
  std::string text;
  Options(app, "Group")
      .flag("--first", flag, "")
      .text("-s,--second", text, "TEXT", "")
      .count("--third", count, "");
  std::string names;
  for (const CLI::Option* option : app.get_options()) names += option->get_name() + " ";
  CHECK(names == "--help --first --second --third ");
}
