#include "mqsub/plot_picture.h"

#include <cstdlib>
#include <ctime>
#include <string>

#include <doctest/doctest.h>

using namespace mq;
using namespace std::chrono_literals;

namespace {

constexpr Time kStart{1000s};

struct Plot {
  explicit Plot(PlotOptions options = {}) : picture(std::move(options)) {}

  void put(std::string_view topic, std::string_view payload, Duration at = 0s) {
    Publish publish;
    publish.topic = topic;
    publish.payload = to_bytes(payload);
    CHECK(picture.put(publish, now(at)));
  }
  std::string row(size_t row, Duration at = 0s, Size size = {24, 80}) {
    Canvas canvas(size);
    picture.draw(canvas, state, now(at));
    return canvas.row_text(row);
  }
  bool press(std::string key, Duration at = 0s) {
    return picture.key_pressed({KeyName::kText, std::move(key)}, now(at));
  }
  static Now now(Duration at) {
    return {kStart + at, WallTime(std::chrono::duration_cast<WallTime::duration>(12h + at))};
  }

  PlotPicture picture;
  RunState state{.broker = "host:1883"};
};

PlotOptions options_of(std::string_view path) {
  return {.what = std::string(path), .path = *NumberPath::parse(path)};
}

}  // namespace

TEST_CASE("the lines of --plot") {
  setenv("TZ", "UTC", 1);
  tzset();
  PlotOptions options = options_of("t");
  options.unit = "°C";
  Plot plot(options);
  for (int i = 0; i <= 20; ++i) {
    plot.put("kitchen", "{\"t\":" + std::to_string(i) + "}", i * 1s);
  }
  plot.state.link = RunState::Link::kConnected;
  CHECK(plot.row(0, 20s) == "mqsub --plot t °C  host:1883  connected");
  CHECK(plot.row(1, 20s) == "1 topics  21 numbers");
  CHECK(plot.row(2, 20s).starts_with("20 °C ┤"));
  CHECK(plot.row(2, 20s).ends_with("⣀⠤⠒⠉") == false);  // the last dot alone is in this row
  CHECK(plot.row(19, 20s).starts_with("    0 ┤⣀"));
  CHECK(plot.row(20, 20s).starts_with("      └"));
  CHECK(plot.row(20, 20s).find("┬") != std::string::npos);
  CHECK(plot.row(21, 20s).find("12:00:10") != std::string::npos);
  CHECK(plot.row(22, 20s) == "━━ kitchen                           20 °C  least 0  greatest 20");
  CHECK(plot.row(23, 20s) == "+ - span   space pause   q quit");
}

TEST_CASE("what has no number, and what is beyond a limit, is said") {
  PlotOptions options = options_of(".");
  options.topics_max = 1;
  options.points_max = 2;
  Plot plot(options);
  plot.put("a", "x");
  CHECK(plot.row(1) == "0 topics  0 numbers  1 payloads without one");
  CHECK(plot.row(22) == "no number has come yet");
  plot.put("a", "1");
  plot.put("b", "1");
  CHECK(plot.row(1) ==
        "1 topics (limit of --plot-topics)  1 numbers  1 payloads without one  1 message…");
  plot.put("a", "2");
  plot.put("a", "3");
  CHECK(plot.row(1, 0s, {24, 200})
            .ends_with("1 messages of others  the oldest are forgotten (--plot-points)"));
}

TEST_CASE("a span is what is seen, and keys change it") {
  PlotOptions options = options_of(".");
  options.span = 60s;
  Plot plot(options);
  plot.put("a", "1000", 0s);
  plot.put("a", "1", 50s);
  plot.put("a", "2", 100s);
  CHECK(plot.row(22, 100s).ends_with("2  least 1  greatest 2"));
  plot.press("-");
  CHECK(plot.row(22, 100s).ends_with("2  least 1  greatest 1000"));
  for (int i = 0; i < 10; ++i) plot.press("+");
  CHECK(plot.row(22, 100s).ends_with("2  least 2  greatest 2"));
  CHECK(plot.row(22, 1h).ends_with("        2"));  // nothing to be seen
}

TEST_CASE("a pause stands still") {
  Plot plot(options_of("."));
  plot.put("a", "1");
  plot.press(" ");
  plot.put("a", "50", 5s);
  CHECK(plot.row(0, 5s).ends_with("paused"));
  CHECK(plot.row(22, 5s).ends_with("least 1  greatest 1"));
  plot.press(" ");
  CHECK(plot.row(22, 5s).ends_with("least 1  greatest 50"));
  CHECK(!plot.press("q"));
}

TEST_CASE("more topics than the legend has room for") {
  PlotOptions options = options_of(".");
  options.topics_max = 20;
  Plot plot(options);
  for (int i = 0; i < 20; ++i) plot.put("topic" + std::to_string(i), "1");
  CHECK(plot.row(17).starts_with("━━ topic0"));
  CHECK(plot.row(22) == "and 15 more");
}

TEST_CASE("every size of screen can be drawn on") {
  Plot plot(options_of("."));
  plot.put("a", "-1e300");
  plot.put("a", "1e300", 1s);
  plot.put("温度", "5e-324", 2s);
  for (uint16_t rows = 1; rows < 20; ++rows) {
    for (uint16_t columns = 1; columns < 100; columns += 3) plot.row(0, 3s, {rows, columns});
  }
}

TEST_CASE("CBOR is decoded first") {
  PlotOptions options = options_of("t");
  options.decode = Notation::kCbor;
  Plot plot(options);
  plot.put("a", "\xA1\x61t\x18\x2A");
  plot.put("a", "{\"t\":1}");
  CHECK(plot.row(1) == "1 topics  1 numbers  1 payloads without one");
  CHECK(plot.row(22).find(" 42  least") != std::string::npos);
}
