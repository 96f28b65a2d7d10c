#include "mqpub/args.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/utf8.h"
#include "codec/limits.h"
#include "codec/topic.h"
#include "common/options.h"

namespace mq {
namespace {

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

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

// What is to be sent, from the one option that says so.
Result<void> resolve_source(const PubArgs& args, PublisherOptions& to) {
  const size_t given = args.messages.size() + args.files.size() + args.stdin_file +
                       args.stdin_lines + args.null_message;
  if (given > 1) return invalid("Only one type of message can be sent at once.");
  if (given == 0 || to.topic.empty()) return invalid("Both topic and message must be supplied.");
  if (args.stdin_lines > 0) {
    if (args.repeat) return invalid("--repeat cannot be used with -l: each line is sent once.");
    to.lines = true;
    return {};
  }
  if (!args.messages.empty()) {
    to.payload = args.messages.front();
  } else if (!args.files.empty()) {
    MQ_TRY(to.payload, read_file(args.files.front()));
  } else if (args.stdin_file > 0) {
    MQ_TRY(to.payload, read_all(STDIN_FILENO, "from stdin"));
    if (to.payload.empty()) return invalid("Zero length input.\nError loading input from stdin.");
  }
  return {};
}

}  // namespace

void declare(CLI::App& app, PubArgs& args) {
  app.description(
      "-t TOPIC {-m TEXT | -f FILE | -s | -l | -n} [OPTION]...\n\n"
      "Publishes messages to an MQTT broker and ends with 0 once they are delivered.");
  app.footer(
      "Examples:\n"
      "  mqpub -t home/lamp -m on\n"
      "  vmstat -n 1 | mqpub -t host/vmstat -l -q 1\n"
      "  mqpub -L mqtt://user:secret@broker.example/backup/latest -f backup.tar -q 2 -r");
  Options(app, "Message")
      .text("-t,--topic", args.topic, "TOPIC", "Topic to publish to.")
      .list("-m,--message", args.messages, "TEXT", "Send TEXT.")
      .list("-f,--file", args.files, "FILE", "Send the contents of a file.")
      .count("-s,--stdin-file", args.stdin_file, "Send all of standard input as one message.")
      .count("-l,--stdin-line", args.stdin_lines,
             "Send each line of standard input as a message, as it arrives.")
      .count("-n,--null-message", args.null_message,
             "Send an empty message; with -r it clears the retained one.")
      .choice("-q,--qos", args.qos,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Quality of service: at most once, at least once, exactly once.")
      .flag("-r,--retain", args.retain, "Have the broker keep it for later subscribers.")
      .number("--repeat", args.repeat, "COUNT",
              "Send it COUNT times, each after the one before "
              "was delivered.",
              {1})
      .seconds("--repeat-delay", args.repeat_delay, "SECONDS",
               "Pause between a delivery and the next time.")
      .number("--max-queue", args.queue_max, "COUNT",
              "With -l, most lines read and not yet delivered.", {1})
      .flag("--ignore-denied", args.ignore_denied,
            "End with 0 also when the broker refuses a message.");
  declare(app, args.connect);
}

Result<PublisherOptions> resolve(const PubArgs& args) {
  PublisherOptions to;
  MQ_TRY(to.connection, resolve(args.connect));
  Connection& connection = to.connection;
  to.topic = args.topic.value_or(connection.url_topic);
  if (args.connect.url && to.topic.empty()) {
    return invalid("Invalid URL for -L argument specified - topic missing.");
  }
  if (!to.topic.empty() &&
      (!is_utf8(to.topic) || topic_name_fault(to.topic, UINT32_MAX) != nullptr)) {
    return invalid(
        fmt::format("Invalid publish topic '{}', does it contain '+' or '#'?", to.topic));
  }
  to.qos = args.qos;
  to.retain = args.retain;
  for (const GivenProperty& property : connection.properties.of(PropertiesIn::kPublish)) {
    // The session numbers aliases itself.
    if (property.id == PropertyId::kTopicAlias) {
      connection.client.use_topic_aliases = true;
    } else {
      append(to.properties, property);
    }
  }
  to.disconnect_properties = connection.properties.list(PropertiesIn::kDisconnect);
  to.repeat = args.repeat.value_or(1);
  to.repeat_delay = args.repeat_delay;
  to.queue_max = args.queue_max;
  to.ignore_denied = args.ignore_denied;
  // A line that was read is promised; a single message can be sent again by who sent it.
  connection.runner.reconnect = args.stdin_lines > 0;
  MQ_CHECK(resolve_source(args, to));
  return to;
}

}  // namespace mq
