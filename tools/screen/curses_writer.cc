// The module behind ScreenWriter: ncurses, which knows every terminal and sends only what changes.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <optional>
#include <utility>

#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#define NCURSES_OPAQUE 1
#include <curses.h>
#include <fmt/core.h>

#include "screen/screen_writer.h"

namespace mq {
namespace {

constexpr size_t kStyles = static_cast<size_t>(Style::kSeries) + kSeriesStyles;

struct Look {
  attr_t attributes = 0;
  short pair = 0;
};

struct FileCloser {
  void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, FileCloser>;

// ncurses writes to a descriptor, and would stop the loop where the terminal does not take it. So
// it is given a file in memory, which is emptied into what the loop sends. For the same reason it
// gets no input, and does not see the terminal's modes: both are screen/terminal.h's business.
class CursesWriter final : public ScreenWriter {
 public:
  static Result<std::unique_ptr<ScreenWriter>> open(const ScreenOptions& options);
  ~CursesWriter() override {
    if (screen_ != nullptr) delscreen(screen_);
  }

  std::string show(const Canvas& canvas) override;
  void forget() override {
    shown_.reset();
    clearok(curscr, TRUE);
  }
  std::string leave() override {
    endwin();
    forget();
    return taken();
  }

 private:
  CursesWriter() = default;
  void set_looks(bool color);
  void draw_row(const Canvas& canvas, size_t row);
  std::string taken();

  File to_, from_;
  SCREEN* screen_ = nullptr;
  std::array<Look, kStyles> looks_;
  std::optional<Canvas> shown_;
};

Result<std::unique_ptr<ScreenWriter>> CursesWriter::open(const ScreenOptions& options) {
  const char* const name = std::getenv("TERM");
  if (name == nullptr || *name == '\0') {
    return fail(ErrorCode::kInvalidArgument, "$TERM does not say what terminal this is");
  }
  // What MQTT carries is UTF-8, whatever the locale.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  std::unique_ptr<CursesWriter> writer(new CursesWriter);
  const int fd = memfd_create("screen", MFD_CLOEXEC);
  if (fd >= 0) writer->to_.reset(fdopen(fd, "w+"));
  writer->from_.reset(std::fopen("/dev/null", "re"));
  if (!writer->to_ || !writer->from_) {
    return fail(ErrorCode::kIo, fmt::format("cannot open a screen: {}", std::strerror(errno)),
                errno);
  }
  use_env(FALSE);
  writer->screen_ = newterm(nullptr, writer->to_.get(), writer->from_.get());
  const char* const cup = writer->screen_ != nullptr ? tigetstr("cup") : nullptr;
  if (cup == nullptr || cup == reinterpret_cast<char*>(-1)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("a terminal of the type '{}' ($TERM) is not known, or has no cursor "
                            "that can be moved",
                            name));
  }
  typeahead(-1);
  curs_set(0);
  leaveok(stdscr, TRUE);
  resizeterm(options.size.rows, options.size.columns);
  writer->set_looks(options.color);
  return writer;
}

void CursesWriter::set_looks(bool color) {
  const auto look = [this](Style style) -> Look& { return looks_[static_cast<size_t>(style)]; };
  look(Style::kBold).attributes = A_BOLD;
  look(Style::kDim).attributes = A_DIM;
  look(Style::kTitle).attributes = A_REVERSE;
  look(Style::kChanged).attributes = A_REVERSE;
  look(Style::kBad).attributes = A_BOLD;
  if (!color || !has_colors()) return;
  start_color();
  use_default_colors();
  short pair = 0;
  const auto paint = [&](Style style, short foreground, attr_t attributes) {
    init_pair(++pair, foreground, -1);
    look(style) = {attributes, pair};
  };
  paint(Style::kChanged, COLOR_YELLOW, A_BOLD);
  paint(Style::kGood, COLOR_GREEN, 0);
  paint(Style::kBad, COLOR_RED, A_BOLD);
  constexpr short kColors[] = {COLOR_GREEN,   COLOR_YELLOW, COLOR_CYAN,
                               COLOR_MAGENTA, COLOR_BLUE,   COLOR_RED};
  static_assert(std::size(kColors) == kSeriesStyles);
  for (size_t i = 0; i < kSeriesStyles; ++i) paint(series_style(i), kColors[i], 0);
}

std::string CursesWriter::show(const Canvas& canvas) {
  const Size size = canvas.size();
  if (!shown_ || shown_->size() != size) {
    resizeterm(size.rows, size.columns);
    shown_.reset();
    werase(stdscr);
  }
  for (size_t row = 0; row < size.rows; ++row) {
    if (!shown_ || !canvas.same_row(*shown_, row)) draw_row(canvas, row);
  }
  wrefresh(stdscr);
  shown_ = canvas;
  return taken();
}

void CursesWriter::draw_row(const Canvas& canvas, size_t row) {
  for (size_t column = 0; column < canvas.size().columns; ++column) {
    const Cell& cell = canvas.at(row, column);
    if (cell.text[0] == 0) continue;
    std::array<wchar_t, 4> text{};
    for (size_t i = 0; i < cell.text.size(); ++i) text[i] = static_cast<wchar_t>(cell.text[i]);
    const Look& look = looks_[static_cast<size_t>(cell.style)];
    cchar_t character;
    setcchar(&character, text.data(), look.attributes, look.pair, nullptr);
    mvwadd_wch(stdscr, static_cast<int>(row), static_cast<int>(column), &character);
  }
}

std::string CursesWriter::taken() {
  std::fflush(to_.get());
  const int fd = fileno(to_.get());
  const off_t size = lseek(fd, 0, SEEK_CUR);
  std::string bytes(static_cast<size_t>(size > 0 ? size : 0), '\0');
  const ssize_t count = pread(fd, bytes.data(), bytes.size(), 0);
  bytes.resize(static_cast<size_t>(count > 0 ? count : 0));
  lseek(fd, 0, SEEK_SET);
  return bytes;
}

}  // namespace
}  // namespace mq

extern "C" __attribute__((visibility("default"))) const mq::ScreenModule* mqkit_screen_module(
    const char* version) {
  static constexpr mq::ScreenModule kModule = {.open = mq::CursesWriter::open};
  return std::strcmp(version, MQKIT_VERSION) == 0 ? &kModule : nullptr;
}
