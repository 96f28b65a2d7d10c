#include "mqsub/message_sink_options.h"

#include <utility>

#include "mqsub/live_sink.h"
#include "mqsub/print_sink.h"
#include "mqsub/rate_sink.h"
#include "mqsub/watch_sink.h"

namespace mq {

Result<std::unique_ptr<MessageSink>> make_sink(Loop& loop, const MessageSinkOptions& options,
                                               const Console& console, const Address& broker,
                                               MessageSink::Owner& owner) {
  if (!options.commands.empty()) {
    return std::make_unique<CommandSink>(loop, options.commands, options.jobs_max, console, owner);
  }
  if (!options.output_dir.empty()) {
    return DirectorySink::open(options.output_dir, options.file_per, options.printing);
  }
  if (!options.output.empty()) {
    return PrintSink::to_file(loop, options.output, options.rotate_size, options.printing, owner);
  }
  if (options.top || options.plot) {
    std::unique_ptr<Picture> picture;
    if (options.top) {
      picture = std::make_unique<TopPicture>(*options.top, loop.now().mono);
    } else {
      picture = std::make_unique<PlotPicture>(*options.plot);
    }
    return LiveSink::open(loop, std::move(picture), broker.text(), options.color, owner);
  }
  if (options.message_rate) return std::make_unique<RateSink>(loop, owner);
  if (options.watch) {
    return std::make_unique<WatchSink>(loop, options.printing, broker.host, owner);
  }
  return std::make_unique<PrintSink>(loop, options.printing, owner);
}

}  // namespace mq
