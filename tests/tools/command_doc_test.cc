#include "common/command_doc.h"

#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

#include "common/generate.h"
#include "common/options.h"

using namespace mq;

namespace {

struct Declared {
  Declared() {
    app.set_help_flag("");
    app.description("-t TOPIC [OPTION]...\n-l [OPTION]...\n\nDoes one thing.");
    app.footer("Examples:\n  tool -t a");
    Options(app, "Things")
        .text("-t,--topic", topic, "TOPIC", "Where to.")
        .list("--file", files, "FILE", "What, with a [bracket] and it's quote.")
        .choice("-q,--qos", qos, {{"0", 0}, {"zero", 0}, {"1", 1}}, "How well.")
        .list("-D,--property", properties, "COMMAND NAME VALUE", "Said along.");
    Options(app, "Others")
        .number("--port", port, "PORT", "Where.")
        .flag("--loud", loud, "Say it *loud* and_clear.");
    Options(app, "").text("--hidden", topic, "X", "Not for everybody.");
  }
  CommandDoc doc() { return describe(app); }

  CLI::App app{"", "tool"};
  std::string topic;
  std::vector<std::string> files, properties;
  int qos = 1;
  uint16_t port = 1883;
  bool loud = false;
};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("a program is described from its declarations") {
  Declared d;
  const CommandDoc doc = d.doc();
  CHECK(doc.name == "tool");
  CHECK(doc.usage == "-t TOPIC [OPTION]...\n-l [OPTION]...");
  CHECK(doc.summary == "Does one thing.");
  REQUIRE(doc.groups.size() == 2);
  CHECK(doc.groups[0].name == "Things");
  const std::vector<OptionDoc>& things = doc.groups[0].options;
  REQUIRE(things.size() == 4);
  CHECK(things[0].names == std::vector<std::string>{"-t", "--topic"});
  CHECK(!things[0].repeatable);
  CHECK(things[1].takes_path());
  CHECK(things[1].repeatable);
  CHECK(things[2].choices() == std::vector<std::string>{"0", "1"});
  CHECK(things[2].by_default == "1");
  CHECK(doc.groups[1].options[0].by_default == "1883");
  CHECK(doc.groups[1].options[1].value == "");
}

TEST_CASE("text is broken between words") {
  CHECK(wrap("", 10) == std::vector<std::string>{""});
  CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrap("one twothreefour five", 7) ==
        std::vector<std::string>{"one", "twothreefour", "five"});
  CHECK(wrap("äöü äöü", 7) == std::vector<std::string>{"äöü äöü"});
}

TEST_CASE("help on one group") {
  CommandDoc doc;
  doc.name = "tool";
  doc.usage = "[OPTION]...";
  doc.summary = "Does.";
  doc.footer = "Examples:";
  OptionDoc more, safe;
  more.names = {"-v"};
  safe.names = {"--tls"};
  safe.help = "Safe.";
  doc.groups = {{"Output", {more}}, {"TLS", {safe}}};
  CHECK(group_names(doc) == "output, tls");
  CHECK_FALSE(keep_group(doc, "none"));
  CHECK_FALSE(keep_group(doc, ""));
  CHECK(doc.groups.size() == 2);
  CHECK(keep_group(doc, "tl"));
  CHECK(help_text(doc) ==
        "Usage: tool [OPTION]...\n\nDoes.\n\nTLS:\n      --tls                 Safe.\n");
}

TEST_CASE("--help fits a terminal") {
  Declared d;
  CHECK(help_text(d.doc()) ==
        "Usage: tool -t TOPIC [OPTION]...\n"
        "       tool -l [OPTION]...\n"
        "\n"
        "Does one thing.\n"
        "\n"
        "Things:\n"
        "  -t, --topic TOPIC         Where to.\n"
        "      --file FILE           What, with a [bracket] and it's quote.\n"
        "  -q, --qos 0|1             How well. [1]\n"
        "  -D, --property COMMAND NAME VALUE\n"
        "                            Said along.\n"
        "\n"
        "Others:\n"
        "      --port PORT           Where. [1883]\n"
        "      --loud                Say it *loud* and_clear.\n"
        "\n"
        "Examples:\n"
        "  tool -t a\n");
}

TEST_CASE("the man page's options escape what scdoc would take for markup") {
  Declared d;
  const std::string man = man_options(d.doc());
  CHECK(has(man, "## Things\n\n*-t*, *--topic* _TOPIC_\n\tWhere to.\n\n"));
  CHECK(has(man, "*-q*, *--qos* _0|1_\n\tHow well. Default: 1.\n"));
  CHECK(has(man, "\tSay it \\*loud\\* and\\_clear.\n"));
  CHECK(!has(man, "hidden"));
}

TEST_CASE("a line of the man page that begins with a hyphen is no list") {
  CommandDoc doc;
  OptionDoc option;
  option.names = {"--thing"};
  option.help = std::string(90, 'x') + " --other does it, too.";
  doc.groups.push_back({"Things", {option}});
  CHECK(has(man_options(doc), "x\n\t\\--other does it, too.\n"));
}

TEST_CASE("completions offer the options and what they take") {
  Declared d;
  const std::string bash = bash_completion(d.doc());
  CHECK(has(bash, "-q|--qos) COMPREPLY=($(compgen -W '0 1' -- \"$cur\")); return ;;"));
  CHECK(has(bash, "--file)\n"));
  CHECK(has(bash, "compgen -W '-t --topic --file -q --qos -D --property --port --loud'"));
  CHECK(has(bash, "complete -F _tool tool"));

  const std::string zsh = zsh_completion(d.doc());
  CHECK(zsh.starts_with("#compdef tool\n"));
  CHECK(has(zsh, "'(-q --qos)--qos=[How well.]:value:(0 1)'"));
  CHECK(has(zsh, "'*--file=[What, with a \\[bracket\\] and it'\\''s quote.]:FILE:_files'"));
  CHECK(has(zsh, "'*-D[Said along.]:COMMAND: :NAME: :VALUE: '"));
  CHECK(has(zsh, "'(--loud)--loud[Say it *loud* and_clear.]'"));

  const std::string fish = fish_completion(d.doc());
  CHECK(has(fish, "complete -c tool -s q -l qos -x -a '0 1' -d 'How well.'\n"));
  CHECK(has(fish, "complete -c tool -l file -r -F -d"));
  CHECK(has(fish, "complete -c tool -l loud -d"));
  for (const std::string* text : {&bash, &zsh, &fish}) CHECK(!has(*text, "hidden"));
}

TEST_CASE("commands have their own options") {
  Declared d;
  bool fast = false;
  CLI::App* run = d.app.add_subcommand("run");
  run->description("[OPTION]...\n\nRuns.");
  Options(*run, "Running").flag("--fast", fast, "Fast.");
  const CommandDoc doc = d.doc();
  CHECK(has(help_text(doc), "Commands:\n  run                       Runs.\n"));
  CHECK(has(bash_completion(doc), "    run)\n"));
  CHECK(has(zsh_completion(doc), "run\\:\"Runs.\""));
  CHECK(has(fish_completion(doc), "-n '__fish_seen_subcommand_from run' -l fast"));
  CHECK(has(man_options(doc), "# OPTIONS OF tool run\n"));
}

TEST_CASE("each kind of text can be asked for by name") {
  Declared d;
  const CommandDoc doc = d.doc();
  CHECK(generate(doc, "man") == man_options(doc));
  CHECK(generate(doc, "bash") == bash_completion(doc));
  CHECK(generate(doc, "zsh") == zsh_completion(doc));
  CHECK(generate(doc, "fish") == fish_completion(doc));
  CHECK(!generate(doc, "csh"));
}
