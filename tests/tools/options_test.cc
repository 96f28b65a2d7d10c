// What is true of the options of every program.
#include "common/options.h"

#include <string>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

#include "mqpub/args.h"
#include "mqrr/args.h"
#include "mqsub/args.h"
#include "tools/command_line.h"

using namespace mq;

TEST_CASE("no option is declared twice") {
  CHECK(name_declared_twice<PubArgs>() == "");
  CHECK(name_declared_twice<SubArgs>() == "");
  CHECK(name_declared_twice<RequestArgs>() == "");
}

TEST_CASE("a name that is declared twice is found") {
  bool flag = false;
  CHECK(name_declared_twice([&](CLI::App& app) {
          Options(app, "Group").flag("-a,--one", flag, "").flag("-b,--one", flag, "");
        }) == "--one");
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
