#include "common/options_file.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

#include "common/argv.h"
#include "common/options.h"

using namespace mq;

namespace {

// The words of a file, '|' between them and ',' for what separates those of one argument.
std::string words_of(std::string_view content, Quotes quotes = Quotes::kTaken) {
  CLI::App app("", "tool");
  app.set_help_flag("");
  std::string text, file;
  bool flag = false;
  std::vector<std::string> list;
  Options(app, "Test")
      .text("-t,--topic", text, "TOPIC", "")
      .text("-o", file, "FILE", "")
      .flag("-r", flag, "")
      .list("-D", list, "COMMAND NAME VALUE", "");
  const std::string path = "/tmp/mq_options_file_test." + std::to_string(getpid());
  std::ofstream(path, std::ios::binary) << content;
  const auto options = read_options_file(app, path, quotes);
  std::remove(path.c_str());
  if (!options) return options.error().text.substr(path.size());
  // What is written is read as the same.
  std::ofstream(path, std::ios::binary) << options_file_text(app, options->words);
  const auto again = read_options_file(app, path, Quotes::kTaken);
  std::remove(path.c_str());
  REQUIRE(again);
  CHECK(again->words == options->words);
  std::string out;
  for (const std::string& warning : options->warnings) out += warning.substr(path.size());
  for (const std::string& word : options->words) {
    out += (out.empty() ? "" : "|") + word;
  }
  for (char& c : out) c = c == kWordSeparator ? ',' : c;
  return out;
}

}  // namespace

TEST_CASE("one option a line, its argument the rest of the line") {
  CHECK(words_of("") == "");
  CHECK(words_of("# a comment\n\n-r\n-t a b  c \n--topic x") == "-r|-t|a b  c |--topic|x");
  CHECK(words_of("-t -x\r\n-t -r\r\n") == "-t|-x|-t|-r");
  CHECK(words_of("-t " + std::string(5000, 'x')) == "-t|" + std::string(5000, 'x'));
}

TEST_CASE("quotes around a whole argument are not part of it") {
  CHECK(words_of("-t \" a b \"") == "-t| a b ");
  CHECK(words_of("-t ' a \\n b '") == "-t| a \\n b ");
  CHECK(words_of(R"(-t "a \"b\" \\ \n c")") == "-t|a \"b\" \\ \n c");
  CHECK(words_of("-t \"\"") == "-t|");
  // Those that do not hold all of it are meant, as are all in files of mosquitto's clients.
  CHECK(words_of("-t \"a\" b") == "-t|\"a\" b");
  CHECK(words_of("-t \"a") == "-t|\"a");
  CHECK(words_of("-t \"") == "-t|\"");
  CHECK(words_of("-t it's") == "-t|it's");
  CHECK(words_of("-t \"a b\"", Quotes::kMeant) == "-t|\"a b\"");
  CHECK(words_of("-D publish user-property \"a b\" 'c d'") == "-D|publish,user-property,a b,c d");
}

TEST_CASE("properties, whose last word takes the rest of the line") {
  CHECK(words_of("-D publish content-type text/plain; charset=x") ==
        "-D|publish,content-type,text/plain; charset=x");
  CHECK(words_of("-D publish user-property a b c") == "-D|publish,user-property,a,b c");
}

TEST_CASE("what is wrong is named with its line") {
  CHECK(words_of("-r\n-x y\n") == ":2: Unknown option '-x'.");
  CHECK(words_of("-t\n") == ":1: -t argument given but no topic specified.");
  CHECK(words_of("-r yes\n") == ":1: Unknown option 'yes'.");
  CHECK(words_of("-o other\n") == ":1: -o has no place here.");
  CHECK(words_of("--profile other\n") == ":1: Unknown option '--profile'.");
  // Not even an option: a warning.
  CHECK(words_of("word x\n-r\n") == ":1: 'word x' is no option; the line is passed over.|-r");
}
