// What the user says about where messages go.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/printing.h"
#include "common/console.h"
#include "io/address.h"
#include "mqsub/command_sink.h"
#include "mqsub/directory_sink.h"
#include "mqsub/message_sink.h"
#include "mqsub/plot_picture.h"
#include "mqsub/top_picture.h"

namespace mq {

struct MessageSinkOptions {
  Printing printing;
  std::string output;  // a file; empty for standard output
  uint64_t rotate_size = 0;
  std::string output_dir;
  FilePer file_per = FilePer::kTopic;
  std::vector<CommandRule> commands;
  uint32_t jobs_max = 1;
  bool watch = false;
  bool message_rate = false;
  std::optional<TopOptions> top;
  std::optional<PlotOptions> plot;
  bool color = true;  // of pictures
};

// The one that the options ask for.
Result<std::unique_ptr<MessageSink>> make_sink(Loop& loop, const MessageSinkOptions& options,
                                               const Console& console, const Address& broker,
                                               MessageSink::Owner& owner);

}  // namespace mq
