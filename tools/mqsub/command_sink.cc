#include "mqsub/command_sink.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/utf8.h"
#include "clients/command_run.h"
#include "codec/topic.h"

namespace mq {
struct CommandSink::Job {
  std::string command;
  std::optional<ChildProcess> process;
};

Result<std::vector<CommandRule>> read_command_map(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("Unable to read the commands in {}.", path));
  }
  std::vector<CommandRule> rules;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    const size_t end = line.find_first_of("\t ");
    const size_t command = line.find_first_not_of("\t ", end);
    const std::string filter = line.substr(0, end);
    if (command == std::string::npos || !is_utf8(filter) || topic_filter_fault(filter) != nullptr) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}:{}: it takes a topic filter and a command.", path, number));
    }
    rules.push_back({filter, line.substr(command)});
  }
  if (rules.empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("There are no commands in {}.", path));
  }
  return rules;
}

CommandSink::CommandSink(Loop& loop, std::vector<CommandRule> rules, uint32_t jobs_max,
                         const Console& console, Owner& owner)
    : loop_(loop),
      rules_(std::move(rules)),
      jobs_max_(jobs_max),
      console_(console),
      owner_(owner) {}

CommandSink::~CommandSink() = default;

Result<void> CommandSink::put(const Publish& publish, Now) {
  const auto rule = std::ranges::find_if(rules_, [&publish](const CommandRule& candidate) {
    return candidate.filter.empty() || matches(candidate.filter, publish.topic);
  });
  if (rule == rules_.end()) return {};
  waiting_.push_back(command_run(rule->command, publish));
  if (running_.size() < jobs_max_) {
    ChildOptions next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
  return {};
}

void CommandSink::start(ChildOptions options) {
  Job* job = running_.emplace_back(std::make_unique<Job>()).get();
  job->command = options.words.back();
  job->process.emplace(loop_, std::move(options),
                       [this, job](const Result<int>& status) { ended(job, status); });
}

void CommandSink::ended(Job* job, const Result<int>& status) {
  if (!status) {
    console_.error(fmt::format("{}: {}.", job->command, status.error().text));
  } else if (*status != 0) {
    console_.warning(fmt::format("'{}' ended with exit code {}.", job->command, *status));
  }
  std::erase_if(running_, [job](const auto& candidate) { return candidate.get() == job; });
  if (!waiting_.empty()) {
    ChildOptions next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
  if (waiting_.empty()) owner_.sink_ready();
}

}  // namespace mq
