#include "mqsub/top_picture.h"

#include <string>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1000s};

struct Top {
  explicit Top(TopOptions options = {}) : picture(options, kStart) {}

  void put(std::string_view topic, std::string_view payload, Duration at = 0s) {
    Publish publish;
    publish.topic = topic;
    publish.payload = to_bytes(payload);
    CHECK(picture.put(publish, now(at)));
  }
  const Canvas& draw(Duration at = 0s, Size size = {10, 80}) {
    canvas = Canvas(size);
    picture.draw(canvas, state, now(at));
    return canvas;
  }
  std::string row(size_t row, Duration at = 0s) { return draw(at).row_text(row); }
  void type(std::string_view keys) {
    for (const char key : keys) picture.key_pressed({KeyName::kText, std::string(1, key)}, now(0s));
  }
  void press(KeyName name) { picture.key_pressed({name, {}}, now(0s)); }
  static Now now(Duration at) { return {kStart + at, WallTime()}; }

  TopPicture picture;
  RunState state{.broker = "host:1883"};
  Canvas canvas{Size{}};
};

}  // namespace

TEST_CASE("the lines of --top") {
  Top top;
  top.put("a/b", "21.5");
  top.put("a/b", "21.6", 1s);
  top.put("c", "", 2s);
  top.state.link = RunState::Link::kConnected;
  CHECK(top.row(0, 2s) == "mqsub --top  host:1883  connected");
  CHECK(top.row(1, 2s) == "2 topics  3 messages  1.50/s  8 B");
  CHECK(top.row(2, 2s) == "TOPIC                  COUNT   RATE▼    BYTES   AGE  VALUE");
  CHECK(top.row(3, 2s) == "a/b                        2  1.00/s      8 B  1.0s  21.6");
  CHECK(top.row(4, 2s) == "c                          1  0.50/s      0 B  0.0s  (null)");
  CHECK(top.row(5, 2s) == "");
  CHECK(top.row(9, 2s).starts_with("t c r b a sort"));
}

TEST_CASE("a value is highlighted for a second after it changed") {
  Top top;
  top.put("a", "1");
  const auto style = [&top](Duration at) { return top.draw(at).at(3, 53).style; };
  CHECK(style(999ms) == Style::kChanged);
  CHECK(style(1s) == Style::kPlain);
  top.put("a", "1", 2s);
  CHECK(style(2s) == Style::kPlain);
  top.put("a", "2", 3s);
  CHECK(style(3s) == Style::kChanged);
}

TEST_CASE("wide and hostile characters leave the columns where they are") {
  Top top;
  top.put("温度/客厅", "二十一度");
  top.put("\u202Eevil", "\x1B[2J");
  CHECK(top.row(3) == "温度/客厅                  1  1.00/s     12 B  0.0s  二十一度");
  CHECK(top.row(4) == "\\u{202e}evil               1  1.00/s      4 B  0.0s  \\x1b[2J");
}

TEST_CASE("values that are cut say so") {
  Top top({.limits = {.value_bytes = 3}});
  top.put("a", "12345");
  CHECK(top.row(3).ends_with("  123…"));
  top.put("a", "1\xE6\xB8\xA9");  // cut within a character
  CHECK(top.row(3).ends_with("  1\\xe6\\xb8…"));
}

TEST_CASE("a limit that was reached is said on the screen") {
  Top top({.limits = {.topics = 1}});
  top.put("a", "");
  top.put("b", "");
  CHECK(top.row(1) ==
        "1 topics (limit of --top-topics)  2 messages  2.00/s  0 B  1 messages of others");
}

TEST_CASE("filter by typing") {
  Top top;
  for (const char* topic : {"aa", "ab", "bb"}) top.put(topic, "");
  top.type("/b");
  CHECK(top.row(9).starts_with("filter: b"));
  CHECK(top.row(9).ends_with("2 of 3  Enter: done  Esc: all"));
  CHECK(top.row(3).starts_with("ab "));
  CHECK(top.row(5) == "");
  top.type("b");
  CHECK(top.row(4) == "");
  top.press(KeyName::kBackspace);
  top.press(KeyName::kEnter);
  top.type("t");  // a command again
  CHECK(top.row(2).starts_with("TOPIC▲"));
  CHECK(top.row(9).starts_with("filter: b"));
  top.press(KeyName::kEscape);
  CHECK(top.row(9).starts_with("t c r b a"));
  CHECK(top.row(3).starts_with("aa "));
}

TEST_CASE("scrolling stops at both ends") {
  Top top({.order = TopicOrder::kTopic});
  for (char c = 'a'; c < 'a' + 20; ++c) top.put(std::string(1, c), "");
  CHECK(top.row(3).starts_with("a "));  // six rows are seen
  top.press(KeyName::kPageDown);
  CHECK(top.row(3).starts_with("g "));
  CHECK(top.row(9).ends_with("from 7"));
  top.press(KeyName::kEnd);
  CHECK(top.row(8).starts_with("t "));
  top.press(KeyName::kDown);
  CHECK(top.row(8).starts_with("t "));
  top.press(KeyName::kUp);
  CHECK(top.row(8).starts_with("s "));
  top.press(KeyName::kHome);
  top.press(KeyName::kUp);
  CHECK(top.row(3).starts_with("a "));
}

TEST_CASE("the same key again reverses") {
  Top top;
  top.put("a", "1");
  top.put("b", "123");
  top.type("b");
  CHECK(top.row(3).starts_with("b "));
  CHECK(top.row(2).find("BYTES▼") != std::string::npos);
  top.type("b");
  CHECK(top.row(3).starts_with("a "));
  CHECK(top.row(2).find("BYTES▲") != std::string::npos);
}

TEST_CASE("a pause stands still and goes on counting") {
  Top top;
  top.put("a", "1");
  top.type(" ");
  CHECK(top.row(0, 9s).ends_with("paused"));
  CHECK(top.row(3, 9s).find("0.0s") != std::string::npos);
  top.type(" ");
  CHECK(top.row(3, 9s).find("9.0s") != std::string::npos);
}

TEST_CASE("what was to be said takes the place of the keys") {
  Top top;
  top.state.note = "Warning: \x1B[2J lost";
  CHECK(top.row(9) == "Warning: \\x1b[2J lost");
}

TEST_CASE("q is the end, but not while typing") {
  Top top;
  const auto press = [&top](std::string key) {
    return top.picture.key_pressed({KeyName::kText, std::move(key)}, Top::now(0s));
  };
  CHECK(press("/"));
  CHECK(press("q"));
  top.press(KeyName::kEnter);
  CHECK(!press("q"));
}

TEST_CASE("every size of screen can be drawn on") {
  Top top;
  top.put("building/floor/room/temperature", "{\"value\":21.5}");
  for (uint16_t rows = 1; rows < 8; ++rows) {
    for (uint16_t columns = 1; columns < 120; ++columns) top.draw(0s, {rows, columns});
  }
}

TEST_CASE("as text, all of it") {
  Top top({.order = TopicOrder::kTopic, .decode = Notation::kHex});
  top.put("b", "\xFF");
  top.put("a", "");
  Buffer text;
  top.picture.print(text, top.state, Top::now(0s));
  CHECK(to_string_view(text.bytes()) ==
        "2 topics  2 messages  2.00/s  2 B\n"
        "   COUNT    RATE    BYTES   AGE  TOPIC\tVALUE\n"
        "       1  1.00/s      0 B  0.0s  a\t(null)\n"
        "       1  1.00/s      2 B  0.0s  b\tff\n");
}
