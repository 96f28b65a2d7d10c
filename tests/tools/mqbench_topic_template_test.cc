#include "mqbench/topic_template.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

namespace {

Result<TopicTemplate> parse(std::string_view text, uint32_t topics = 1,
                            const DataTable* data = nullptr) {
  return TopicTemplate::parse(text, {"r1", data, topics});
}

std::string filled(std::string_view text, const TemplateValues& values) {
  return parse(text)->fill_in(values);
}

std::string error(std::string_view text) {
  const auto made = parse(text);
  return made ? "" : made.error().text;
}

}  // namespace

TEST_CASE("template: blanks of the client") {
  const TemplateValues values{.number = 17, .client_id = "c-17", .user = "joe"};
  CHECK(filled("a/{i}/{mod:10}/{client}/{user}/{run}", values) == "a/17/7/c-17/joe/r1");
  CHECK(filled("%i-%c-%u", values) == "17-c-17-joe");
  CHECK(filled("100%/%x/%", values) == "100%/%x/%");
  CHECK(filled("", values) == "");
  const DataTable data = *DataTable::parse("site,room\nnorth,1\nsouth,2\n");
  CHECK(parse("{csv.room}/{csv.site}", 1, &data)->fill_in(values) == "2/south");
}

TEST_CASE("template: what a message chooses from") {
  const auto t = parse("{n}/{rand:4}/{rand:5}", 3);
  REQUIRE(t);
  CHECK(t->variants() == 60);
  CHECK(t->topics() == 3);
  CHECK(t->random());
  std::set<std::string> all;
  for (uint32_t v = 0; v < t->variants(); ++v) {
    const std::string topic = t->fill_in({}, v);
    all.insert(topic);
    CHECK(topic[0] == static_cast<char>('0' + v % 3));  // {n} takes turns
  }
  CHECK(all.size() == 60);
  CHECK(all.contains("2/3/4"));
  CHECK(parse("x")->variants() == 1);
  CHECK_FALSE(parse("x/{n}", 2)->random());
}

TEST_CASE("template: who is told apart") {
  CHECK(parse("{i}")->tells_clients_apart());
  CHECK(parse("%c")->tells_clients_apart());
  CHECK_FALSE(parse("{mod:5}")->tells_clients_apart());
  CHECK(parse("{mod:5}")->varies());
  CHECK_FALSE(parse("{n}", 4)->varies());
}

TEST_CASE("template: the filter for all of its topics") {
  const TemplateValues values{.number = 3};
  CHECK(*parse("a/{i}/b/{rand:9}")->filter_of(&values) == "a/3/b/+");
  CHECK(*parse("a/{i}/b/{rand:9}")->filter_of(nullptr) == "a/+/b/+");
  CHECK(*parse("{n}", 4)->filter_of(&values) == "+");
  CHECK(*parse("{n}x", 1)->filter_of(&values) == "0x");
  CHECK(*parse("/{i}/")->filter_of(nullptr) == "/+/");
  CHECK(*parse("x{i}")->filter_of(&values) == "x3");
  CHECK_FALSE(parse("x{i}")->filter_of(nullptr));
  CHECK_FALSE(parse("{rand:2}{rand:2}")->filter_of(&values));
}

TEST_CASE("template: errors say what") {
  CHECK(error("a/{x}").starts_with("there is no {x}: only i, n, client"));
  CHECK(error("a/{") == "a { has no }");
  CHECK(error("a}") == "a } has no {");
  CHECK(error("{}") == "{} has no name");
  CHECK(error("{csv.a}") == "{csv.a} needs --data");
  for (const char* text : {"{rand:}", "{rand:0}", "{rand:-1}", "{mod:x}", "{mod:1000001}"}) {
    CHECK(error(text).find("needs a number from 1 to 1 000 000") != std::string::npos);
  }
  CHECK(error("{rand:1000}/{rand:1000}") == "");
  CHECK(error("{rand:1000}/{rand:1001}") == "more than 1 000 000 topics for each client");
  CHECK(parse("{n}/{n}", 2).error().text == "{n} comes twice");
  const DataTable data = *DataTable::parse("a\n1\n");
  CHECK(parse("{csv.b}", 1, &data).error().text == "the data have no column 'b'");
}

TEST_CASE("template: whatever is typed is parsed or refused") {
  Random random(1);
  constexpr std::string_view kParts[] = {
      "{", "}",    "%",   "i",      "n",    "rand:", "mod:",     "7", "/",
      "+", "csv.", "run", "client", "user", "{i}",   "{rand:3}", "c"};
  int parsed = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint64_t n = random.below(8); n > 0; --n) {
      text += kParts[random.below(std::size(kParts))];
    }
    CAPTURE(text);
    const auto made = parse(text, 2);
    if (!made) {
      CHECK_FALSE(made.error().text.empty());
      continue;
    }
    ++parsed;
    for (uint32_t v = 0; v < made->variants(); v += 1 + made->variants() / 4) {
      const std::string topic = made->fill_in({.number = 5}, v);
      CHECK(topic.find_first_of("{}") == std::string::npos);
    }
    static_cast<void>(made->filter_of(nullptr));
  }
  CHECK(parsed > 1000);
}
