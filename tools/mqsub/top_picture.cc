#include "mqsub/top_picture.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "screen/glyphs.h"

namespace mq {
namespace {

constexpr Duration kChangedTime = std::chrono::seconds(1);  // so long a change can be seen
constexpr std::string_view kKeys =
    "t c r b a sort, again: reverse   / filter   space pause   q quit";

struct Column {
  TopicOrder order;
  std::string_view name;
  uint8_t width;
};
constexpr std::array kNumbers = {
    Column{TopicOrder::kCount, "COUNT", 8},
    Column{TopicOrder::kRate, "RATE", 8},
    Column{TopicOrder::kBytes, "BYTES", 9},
    Column{TopicOrder::kAge, "AGE", 6},
};
constexpr size_t kNumbersWidth = 8 + 8 + 9 + 6;
constexpr size_t kTopicMin = 20;

std::string count_text(uint64_t count) {
  if (count < 10'000'000) return fmt::format("{}", count);
  if (count < 10'000'000'000) return fmt::format("{:.1f}M", static_cast<double>(count) / 1e6);
  return fmt::format("{:.1f}G", static_cast<double>(count) / 1e9);
}

std::string rate_text(double rate) {
  if (rate < 0.005) return "0/s";
  return rate < 9.995 ? fmt::format("{:.2f}/s", rate) : format_rate(rate);
}

std::string age_text(Duration age) {
  const double s = std::max(seconds(age), 0.0);
  if (s < 9.95) return fmt::format("{:.1f}s", s);
  if (s < 100) return fmt::format("{:.0f}s", s);
  if (s < 100 * 60) return fmt::format("{:.0f}m", s / 60);
  if (s < 48 * 3600) return fmt::format("{:.0f}h", s / 3600);
  return fmt::format("{:.0f}d", s / 86400);
}

// What fills the columns of kNumbers.
std::array<std::string, kNumbers.size()> numbers_of(const TopicTable& table, const SeenTopic& topic,
                                                    Time now) {
  return {count_text(topic.count), rate_text(table.rate(topic, now)), format_size(topic.bytes),
          age_text(now - topic.last)};
}

std::string value_text(const SeenTopic& topic) {
  if (topic.value_size == 0) return "(null)";
  return topic.value;
}

}  // namespace

// Where what is, on a screen so many columns wide.
struct TopPicture::Columns {
  Columns(size_t screen, size_t topic_wanted)
      : topic(std::clamp(topic_wanted, kTopicMin, std::max(kTopicMin, share(screen)))),
        value(topic + kNumbersWidth + 2) {}
  // Of a wide screen the topics may have more, as values of some width are left all the same.
  static size_t share(size_t screen) { return screen < 100 ? screen * 2 / 5 : screen / 2; }

  size_t topic;  // width of the topics
  size_t value;  // column of the values
};

TopPicture::TopPicture(const TopOptions& options, Time now)
    : table_(options.limits, now), decode_(options.decode) {
  table_.set_order(options.order, false);
}

Result<void> TopPicture::put(const Publish& publish, Now now) {
  Bytes payload = publish.payload;
  if (decode_) {
    decoded_.clear();
    if (auto shown = to_text(*decode_, payload, decoded_); !shown) {
      decoded_.clear();
      decoded_.append(fmt::format("({})", shown.error().text));
    }
    payload = decoded_.bytes();
  }
  table_.put(publish.topic, payload, now.mono);
  return {};
}

bool TopPicture::key_pressed(const Key& key, Now now) {
  if (is_typing_) {
    type(key);
    return true;
  }
  if (key.name != KeyName::kText) {
    scroll(key);
    return true;
  }
  switch (key.text[0]) {
    case 'q':
    case 'Q': return false;
    case 't': sort_by(TopicOrder::kTopic); break;
    case 'c': sort_by(TopicOrder::kCount); break;
    case 'r': sort_by(TopicOrder::kRate); break;
    case 'b': sort_by(TopicOrder::kBytes); break;
    case 'a': sort_by(TopicOrder::kAge); break;
    case '/': is_typing_ = true; break;
    case ' ':
    case 'p':
      if (std::exchange(paused_, std::nullopt) == std::nullopt) paused_ = now;
      break;
    default: break;
  }
  return true;
}

void TopPicture::type(const Key& key) {
  std::string filter = table_.filter();
  switch (key.name) {
    case KeyName::kText: filter += key.text; break;
    case KeyName::kBackspace:
      while (!filter.empty() && (static_cast<uint8_t>(filter.back()) & 0xC0) == 0x80) {
        filter.pop_back();
      }
      if (!filter.empty()) filter.pop_back();
      break;
    case KeyName::kErase: filter.clear(); break;
    case KeyName::kEscape:
      filter.clear();
      is_typing_ = false;
      break;
    case KeyName::kEnter: is_typing_ = false; break;
    default: return scroll(key);
  }
  if (filter.size() > 1024) return;
  if (filter != table_.filter()) first_ = 0;
  table_.set_filter(filter);
}

void TopPicture::sort_by(TopicOrder order) {
  table_.set_order(order, order == table_.order() && !table_.reversed());
  first_ = 0;
}

void TopPicture::scroll(const Key& key) {
  switch (key.name) {
    case KeyName::kUp: first_ -= std::min<size_t>(first_, 1); break;
    case KeyName::kDown: ++first_; break;
    case KeyName::kPageUp: first_ -= std::min(first_, page_); break;
    case KeyName::kPageDown: first_ += page_; break;
    case KeyName::kHome: first_ = 0; break;
    case KeyName::kEnd: first_ = SIZE_MAX - page_; break;
    case KeyName::kEscape:
      table_.set_filter("");
      first_ = 0;
      break;
    default: break;
  }
}

std::string TopPicture::totals(Time now) {
  std::string limit;
  if (table_.passed_over() > 0) {
    limit = table_.topics() == table_.limits().topics
                ? " (limit of --top-topics)"
                : fmt::format(" (limit: {} of names)", format_size(table_.limits().name_bytes));
  }
  std::string text = fmt::format("{} topics{}  {} messages  {}  {}", format_count(table_.topics()),
                                 limit, format_count(table_.messages()),
                                 rate_text(table_.rate(now)), format_size(table_.bytes()));
  if (table_.passed_over() > 0) {
    text += fmt::format("  {} messages of others", format_count(table_.passed_over()));
  }
  return text;
}

void TopPicture::draw(Canvas& canvas, const RunState& state, Now real_now) {
  const Time now = paused_ ? paused_->mono : real_now.mono;
  const size_t rows = canvas.size().rows;
  draw_title(canvas, "mqsub --top", state, paused_.has_value());
  canvas.text(1, 0, totals(now), table_.passed_over() > 0 ? Style::kBad : Style::kPlain);

  page_ = rows > 4 ? rows - 4 : 1;
  const size_t matching = table_.matching();
  first_ = std::min(first_, matching - std::min(matching, page_));
  const auto window = table_.window(first_, page_, now);
  for (const SeenTopic* topic : window) {
    topic_columns_ =
        std::max(topic_columns_, columns_of(glyphs(topic->topic, canvas.size().columns)) + 1);
  }
  const Columns columns(canvas.size().columns, topic_columns_);
  draw_head(canvas, columns);
  for (size_t i = 0; i < window.size(); ++i) draw_row(canvas, 3 + i, columns, *window[i], now);

  if (is_typing_ || !table_.filter().empty()) {
    const size_t row = rows - 1;
    const size_t end = canvas.text(row, 0, "filter: ", Style::kBold);
    const size_t typed = canvas.text(row, end, table_.filter());
    if (is_typing_) canvas.put(row, end + typed, U' ', Style::kTitle);
    canvas.text_right(
        row, canvas.size().columns,
        fmt::format("{} of {}  {}", format_count(matching), format_count(table_.topics()),
                    is_typing_ ? "Enter: done  Esc: all" : "/: change  Esc: all"),
        Style::kDim);
    return;
  }
  draw_foot(canvas, state, kKeys);
  if (first_ > 0) {
    canvas.text_right(rows - 1, canvas.size().columns,
                      fmt::format("from {}", format_count(first_ + 1)), Style::kDim);
  }
}

void TopPicture::draw_head(Canvas& canvas, const Columns& columns) const {
  constexpr size_t kRow = 2;
  canvas.paint(kRow, 0, canvas.size().columns, Style::kTitle);
  // The arrow points to where the larger ones are.
  const auto name = [this](std::string_view text, TopicOrder order) {
    if (order != table_.order()) return std::string(text);
    const bool upwards = (order == TopicOrder::kTopic || order == TopicOrder::kAge)
                             ? !table_.reversed()
                             : table_.reversed();
    return fmt::format("{}{}", text, upwards ? "\u25B2" : "\u25BC");
  };
  canvas.text(kRow, 0, name("TOPIC", TopicOrder::kTopic), Style::kTitle);
  size_t end = columns.topic;
  for (const Column& column : kNumbers) {
    end += column.width;
    canvas.text_right(kRow, end, name(column.name, column.order), Style::kTitle);
  }
  canvas.text(kRow, columns.value, "VALUE", Style::kTitle);
}

void TopPicture::draw_row(Canvas& canvas, size_t row, const Columns& columns,
                          const SeenTopic& topic, Time now) const {
  if (row + 1 >= canvas.size().rows) return;
  canvas.glyphs(row, 0, fit_ends(topic.topic, columns.topic - 1));
  const auto numbers = numbers_of(table_, topic, now);
  size_t end = columns.topic;
  for (size_t i = 0; i < numbers.size(); ++i) {
    end += kNumbers[i].width;
    canvas.text_right(row, end, numbers[i]);
  }
  if (columns.value >= canvas.size().columns) return;
  const size_t width = canvas.size().columns - columns.value;
  const Style style = topic.value_size == 0                ? Style::kDim
                      : now - topic.changed < kChangedTime ? Style::kChanged
                                                           : Style::kPlain;
  const size_t used = canvas.text(row, columns.value, value_text(topic), style, width);
  if (topic.value_is_cut() && used < width) canvas.put(row, columns.value + used, U'\u2026', style);
}

void TopPicture::print(Buffer& out, const RunState&, Now now) {
  out.append(totals(now.mono));
  out.put_u8('\n');
  const auto all = table_.window(0, SIZE_MAX, now.mono);
  const auto printed = [](std::string_view text) {
    std::string shown;
    for (const Glyph& glyph : glyphs(text, SIZE_MAX)) {
      for (const char32_t c : glyph.text) {
        if (c != 0) append_utf8(shown, c);
      }
    }
    return shown;
  };
  std::string head;
  for (const Column& column : kNumbers) head += fmt::format("{:>{}}", column.name, column.width);
  out.append(fmt::format("{}  TOPIC\tVALUE\n", head));
  for (const SeenTopic* topic : all) {
    const auto numbers = numbers_of(table_, *topic, now.mono);
    for (size_t i = 0; i < numbers.size(); ++i) {
      out.append(fmt::format("{:>{}}", numbers[i], kNumbers[i].width));
    }
    out.append(fmt::format("  {}\t{}{}\n", printed(topic->topic), printed(value_text(*topic)),
                           topic->value_is_cut() ? "\u2026" : ""));
  }
}

}  // namespace mq
