#include "common/argv.h"

#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

#include "common/options.h"

using namespace mq;

namespace {

using Words = std::vector<std::string>;

// A program with one option of each kind, and a command.
struct Declared {
  Declared() {
    app.set_help_flag("");
    Options(app, "Options")
        .flag("-l,--lines", lines, "")
        .text("-m,--message", message, "TEXT", "")
        .list("-D,--property", properties, "COMMAND NAME VALUE", "")
        .text_or("--json", json, "FILE", "-", "");
    CLI::App* run = app.add_subcommand("run");
    Options(*run, "Options").text("-m,--mode", mode, "MODE", "");
  }
  Result<Words> spell(Words words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    return spell_out(app, pointers);
  }
  std::string error(Words words) {
    const auto spelled = spell(std::move(words));
    return spelled ? "" : spelled.error().text;
  }

  CLI::App app;
  bool lines = false;
  std::string message, mode;
  Words properties;
  std::optional<std::string> json;
};

}  // namespace

TEST_CASE("the argument of an option is the next word, whatever it looks like") {
  Declared d;
  for (const std::string argument :
       {"-5", "--message", "-l", "--", "-", "", "run", "[a,b]", "a=b", "{}"}) {
    CAPTURE(argument);
    CHECK(*d.spell({"-m", argument}) == Words{"-m", argument});
    CHECK(*d.spell({"--message=" + argument}) == Words{"--message", argument});
  }
}

TEST_CASE("an argument reaches its field as it was typed") {
  for (const std::string argument : {"-5", "", "[a,b]", "--lines", "a b", "\"x\"", "%%", "\\n"}) {
    CAPTURE(argument);
    Declared d;
    Words words = *d.spell({"-m", argument, "-l"});
    std::reverse(words.begin(), words.end());
    d.app.parse(std::move(words));
    CHECK(d.message == argument);
    CHECK(d.lines);
  }
}

TEST_CASE("a property is several words that become one") {
  Declared d;
  const auto joined = [](const Words& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : std::string(1, '\0')) + word;
    return out;
  };
  CHECK(*d.spell({"-D", "publish", "content-type", "-l", "-l"}) ==
        Words{"-D", joined({"publish", "content-type", "-l"}), "-l"});
  CHECK(*d.spell({"-D", "publish", "user-property", "a", "b", "-l"}) ==
        Words{"-D", joined({"publish", "user-property", "a", "b"}), "-l"});
  CHECK(d.error({"-D", "publish", "content-type"}) ==
        "-D argument given but not enough arguments specified.");
  CHECK(d.error({"--property", "publish", "user-property", "a"}) ==
        "--property argument given but not enough arguments specified.");
  CHECK(d.error({"--property=publish"}).starts_with("Write --property COMMAND NAME VALUE"));
}

TEST_CASE("what is no option is an error, and a near miss is named") {
  Declared d;
  CHECK(d.error({"-x"}) == "Unknown option '-x'.");
  CHECK(d.error({"word"}) == "Unknown option 'word'.");
  CHECK(d.error({"--"}) == "Unknown option '--'.");
  CHECK(d.error({"-"}) == "Unknown option '-'.");
  CHECK(d.error({"-lm", "x"}) == "Unknown option '-lm'.");
  CHECK(d.error({"-mx"}) == "Unknown option '-mx'.");
  CHECK(d.error({"--mesage", "x"}) == "Unknown option '--mesage'. Did you mean '--message'?");
  CHECK(d.error({"--lnies=1"}) == "Unknown option '--lnies=1'. Did you mean '--lines'?");
  CHECK(d.error({"--quite-different"}) == "Unknown option '--quite-different'.");
  CHECK(d.error({"-m"}) == "-m argument given but no message specified.");
  CHECK(d.error({"--lines=x"}) == "--lines takes no argument.");
}

TEST_CASE("an argument that may be left out is joined to its option, and who does not is told so") {
  Declared d;
  CHECK(*d.spell({"--json", "-l"}) == Words{"--json", "", "-l"});
  CHECK(*d.spell({"--json=a", "-l"}) == Words{"--json", "a", "-l"});
  CHECK(d.error({"--json", "a"}) ==
        "a after --json: its argument is written with an equals sign, --json=a.");
  CHECK(d.error({"--json", "-x"}) == "Unknown option '-x'.");
  CHECK(d.error({"--json", "-l", "a"}) == "Unknown option 'a'.");
}

TEST_CASE("options behind a command are the command's") {
  Declared d;
  CHECK(*d.spell({"run", "-m", "-l"}) == Words{"run", "-m", "-l"});
  CHECK(d.error({"run", "-l"}) == "Unknown option '-l'.");
}

TEST_CASE("edit distance counts letters added, dropped, changed and swapped") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("abc", "ac") == 1);
  CHECK(edit_distance("abc", "axc") == 1);
  CHECK(edit_distance("abc", "acb") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}
