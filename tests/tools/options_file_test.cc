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
std::string words_of(std::string_view content) {
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
  const auto words = read_options_file(app, path);
  std::remove(path.c_str());
  if (!words) return words.error().text.substr(path.size());
  std::string out;
  for (const std::string& word : *words) {
    out += (out.empty() ? "" : "|") + word;
  }
  for (char& c : out) c = c == kWordSeparator ? ',' : c;
  return out;
}

}  // namespace

TEST_CASE("one option a line, its argument the rest of the line") {
  CHECK(words_of("") == "");
  CHECK(words_of("# a comment\n\n-r\n-t a b  c \n--topic x") == "-r|-t|a b  c |--topic|x");
  CHECK(words_of("-t \"quoted\"\r\n-t -r\r\n") == "-t|\"quoted\"|-t|-r");
  CHECK(words_of("-t " + std::string(5000, 'x')) == "-t|" + std::string(5000, 'x'));
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
  CHECK(words_of("word\n") == ":1: Unknown option 'word'.");
}
