#include "clients/message_args.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "codec/limits.h"
#include "common/invalid.h"
#include "common/options.h"

namespace mq {
namespace {

Result<std::string> read_all(int fd, std::string_view what) {
  std::string content;
  for (;;) {
    const size_t size = content.size();
    content.resize(std::max(size + 64 * 1024, size + size / 2));
    const ssize_t count = read(fd, content.data() + size, content.size() - size);
    content.resize(size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return content;
    if (count < 0 && errno != EINTR) {
      return invalid(fmt::format("Unable to read {}: {}.\nError loading input {}.", what,
                                 std::strerror(errno), what));
    }
    if (content.size() > kVarintMax) {
      return invalid(
          fmt::format("Unable to send {}: a message is at most {} bytes.", what, kVarintMax));
    }
  }
}

Result<std::string> read_file(const std::string& path) {
  const std::string what = fmt::format("file \"{}\"", path);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return invalid(fmt::format("Unable to read {}: {}.\nError loading input {}.", what,
                               std::strerror(errno), what));
  }
  auto content = read_all(fd, what);
  close(fd);
  return content;
}

}  // namespace

void declare(CLI::App& app, MessageArgs& args) {
  Options(app, "Message")
      .text("-t,--topic", args.topic, "TOPIC", "Topic to publish to.")
      .list("-m,--message", args.messages, "TEXT", "Send TEXT.")
      .list("-f,--file", args.files, "FILE", "Send the contents of a file.")
      .count("-s,--stdin-file", args.stdin_file, "Send all of standard input as one message.")
      .count("-n,--null-message", args.null_message,
             "Send an empty message; retained, it clears the one the broker keeps.")
      .choice("-q,--qos", args.qos,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Quality of service: at most once, at least once, exactly once. Default: 0.");
}

Result<std::string> read_payload(const MessageArgs& args) {
  if (!args.messages.empty()) return args.messages.front();
  if (!args.files.empty()) return read_file(args.files.front());
  if (args.stdin_file == 0) return "";
  MQ_TRY(std::string content, read_all(STDIN_FILENO, "from stdin"));
  if (content.empty()) return invalid("Zero length input.\nError loading input from stdin.");
  return content;
}

}  // namespace mq
