// Lets the shards of a run begin together, by a few messages over a broker.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "base/result.h"
#include "io/client_runner.h"
#include "io/loop.h"

namespace mq {

struct BarrierOptions {
  RunnerOptions runner;  // of the broker that carries the messages
  ClientOptions client;
  std::string run;
  uint32_t shard = 0, shards = 1;
  std::string load;    // in words: what all of them must be told to carry out
  Duration timeout{};  // the longest wait
};

// Topics are mqbench/RUN/ready/SHARD, retained for as long as the shard waits, and mqbench/RUN/go.
// Each shard subscribes to the latter before it says that it is ready, and shard 0 publishes it
// when it has heard of all: nobody can miss it. A shard that dies takes its word back by its will.
// Where one never comes, or has other options, shard 0 publishes why they do not begin instead.
class StartBarrier final : private ClientRunner::Handler {
 public:
  // `go` is called once, when all are ready, or with what went wrong.
  StartBarrier(Loop& loop, BarrierOptions options, std::function<void(Result<void>)> go);

  // This shard is ready.
  void wait();
  void stop() { runner_.stop(); }

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;

  void subscribe();
  void on_message(const Publish& publish, Now now);
  void publish(std::string_view topic, std::string_view payload, bool retain, Now now);
  void on_timeout(Now now);
  // None begins; shard 0 tells the others why.
  void give_up(std::string why, Now now);
  void finish(Result<void> result);

  BarrierOptions options_;
  std::string ready_prefix_, ready_topic_, go_topic_;
  std::function<void(Result<void>)> go_;
  std::set<uint32_t> heard_of_;  // at most as many as there are shards
  bool is_given_up_ = false;     // and the others are being told
  ClientRunner runner_;
  Timer timer_;
};

}  // namespace mq
