// A few messages that pass the broker beside a load, for what that does to others.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "mqbench/accounting.h"
#include "mqbench/delivery_counter.h"
#include "mqbench/load_options.h"
#include "mqbench/share_tracks.h"
#include "mqbench/worker.h"

namespace mq {

// One publisher and one subscriber on a thread of their own, open loop, in intervals of a second.
class BackgroundFlow {
 public:
  static constexpr Duration kInterval = std::chrono::seconds(1);

  // Told on the loop's thread, which must be that of the caller: when it is ready, or why not; and
  // when it has ended.
  struct Events {
    virtual void flow_ready() = 0;
    virtual void flow_failed(const Error& error) = 0;
    virtual void flow_ended() = 0;

   protected:
    ~Events() = default;
  };

  // Connection, names and sizes are those of `options`.
  BackgroundFlow(Loop& loop, const LoadOptions& options, double rate, Events& events);
  ~BackgroundFlow();

  void start();
  // After flow_ready(). Gives the time at which the first interval begins.
  Time begin();
  // No more messages; flow_ended() follows a little later, when what is under way has come.
  void end();

  // After flow_ended().
  const std::vector<Interval>& intervals() const { return worker_->intervals(); }
  Accounting accounting() const;

 private:
  void told(Worker::News news);
  void poll_drain(Now now);

  Loop& loop_;
  LoadOptions options_;
  Events& events_;
  std::optional<DeliveryCounter> deliveries_;
  std::optional<ShareTracks> shares_;
  std::unique_ptr<Worker> worker_;
  Timer drain_timer_;
  Time drain_until_ = kNever;
  bool started_ = false, begun_ = false;
  bool sent_ = false;  // all that it has to
};

}  // namespace mq
