// Messages as runs of a command.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/console.h"
#include "io/child_process.h"
#include "mqsub/message_sink.h"

namespace mq {

struct CommandRule {
  std::string filter;   // of topics; empty: any topic
  std::string command;  // for /bin/sh
};

// A file of lines "FILTER COMMAND", divided by tabs or blanks; empty ones and those that begin with
// '#' are passed over.
Result<std::vector<CommandRule>> read_command_map(const std::string& path);

// Runs the command of the first rule that a topic matches, with the payload as its standard input
// and MQTT_TOPIC, MQTT_QOS, MQTT_RETAIN, MQTT_CONTENT_TYPE, MQTT_RESPONSE_TOPIC and
// MQTT_CORRELATION_DATA (hexadecimal) in its environment. Messages that no rule matches are passed
// over. With `jobs_max` commands at work, the next ones wait and the network is not read, so no
// more wait than one read brought. Commands that fail are reported.
class CommandSink final : public MessageSink {
 public:
  CommandSink(Loop& loop, std::vector<CommandRule> rules, uint32_t jobs_max, const Console& console,
              Owner& owner);
  ~CommandSink() override;

  Result<void> put(const Publish& publish, Now now) override;
  bool full() const override { return !waiting_.empty(); }
  bool busy() const override { return !running_.empty(); }

 private:
  struct Job;
  void start(ChildOptions options);
  void ended(Job* job, const Result<int>& status);

  Loop& loop_;
  std::vector<CommandRule> rules_;
  uint32_t jobs_max_;
  const Console& console_;
  Owner& owner_;
  std::deque<ChildOptions> waiting_;
  std::vector<std::unique_ptr<Job>> running_;
};

}  // namespace mq
