#include "mqsub/print_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fmt/core.h>

namespace mq {
namespace {

Result<int> open_to_append(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd >= 0) return fd;
  return fail(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, std::strerror(errno)),
              errno);
}

// A named pipe opens when somebody reads it. While we wait the loop does not run, so that a signal
// has to end us by itself.
Result<int> open_when_read(const std::string& path) {
  constexpr std::array kSignals = {SIGINT, SIGTERM};
  std::array<struct sigaction, kSignals.size()> before{};
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &by_default, &before[i]);
  auto fd = open_to_append(path);
  for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before[i], nullptr);
  return fd;
}

}  // namespace

PrintSink::PrintSink(Loop& loop, Printing printing, MessageSink::Owner& owner)
    : PrintSink(loop, File{}, std::move(printing), owner) {}

PrintSink::PrintSink(Loop& loop, File file, Printing printing, MessageSink::Owner& owner)
    : owner_(owner),
      printing_(std::move(printing)),
      file_(std::move(file)),
      output_(loop, file_.fd >= 0 ? file_.fd : STDOUT_FILENO, *this),
      is_terminal_(file_.fd < 0 && isatty(STDOUT_FILENO) == 1) {}

PrintSink::~PrintSink() {
  if (file_.fd >= 0) close(file_.fd);
}

Result<std::unique_ptr<PrintSink>> PrintSink::to_file(Loop& loop, const std::string& path,
                                                      uint64_t rotate_size, Printing printing,
                                                      MessageSink::Owner& owner) {
  MQ_TRY(const int fd, open_when_read(path));
  File file{fd, path, 0, rotate_size};
  struct stat info {};
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    file.size = static_cast<uint64_t>(info.st_size);
  } else {
    file.rotate_size = 0;  // a pipe or device is not put aside
  }
  return std::unique_ptr<PrintSink>(
      new PrintSink(loop, std::move(file), std::move(printing), owner));
}

Result<void> PrintSink::put(const Publish& publish, Now now) {
  const size_t before = output_.buffer().size();
  auto printed = print(printing_, publish, now.wall, output_.buffer());
  file_.size += output_.buffer().size() - before;
  if (is_terminal_) {
    output_.flush();
  } else {
    output_.appended();
  }
  if (file_.rotate_size > 0 && file_.size >= file_.rotate_size) rotate();
  return printed;
}

void PrintSink::rotate() {
  output_.flush();
  if (output_.failed()) return;  // what there is stays where it is
  std::string aside;
  for (uint32_t n = 1;; ++n) {
    aside = fmt::format("{}.{}", file_.path, n);
    if (access(aside.c_str(), F_OK) != 0) break;
  }
  if (std::rename(file_.path.c_str(), aside.c_str()) != 0) {
    return owner_.sink_failed({ErrorCode::kIo, fmt::format("cannot rename {} to {}: {}", file_.path,
                                                           aside, std::strerror(errno))});
  }
  const Result<int> fresh = open_to_append(file_.path);
  if (!fresh) return owner_.sink_failed(fresh.error());
  // The output goes on under the same descriptor.
  dup3(*fresh, file_.fd, O_CLOEXEC);
  close(*fresh);
  file_.size = 0;
}

}  // namespace mq
