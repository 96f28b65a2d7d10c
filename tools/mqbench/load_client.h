// One connection of a run, and what it does: publish, subscribe, or both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/client_runner.h"
#include "io/stream.h"
#include "mqbench/connect_tally.h"
#include "mqbench/load_context.h"
#include "mqbench/load_publisher.h"
#include "mqbench/load_subscriber.h"

namespace mq {

class LoadClient final : private ClientRunner::Handler {
 public:
  // Number `number` of a group of the plan. `watch` is told of its reads; null for none, else it
  // outlives the client.
  LoadClient(LoadContext& context, const LoadPlan::Group& group, uint32_t number, ReadWatch* watch);

  ClientRunner& runner() { return runner_; }
  const LoadPlan::Group& group() const { return group_; }
  uint32_t number() const { return number_; }
  // Before connect(). What it publishes; the pointer is used until the end.
  void add(LoadPublisher& publisher) { publishers_.push_back(&publisher); }

  void connect();
  // Its connection is lost to a storm, number `storm` of the options. False when it has none.
  bool cut(uint32_t storm, Now now);
  // DISCONNECT, then the owner's client_ended().
  void stop() { runner_.stop(); }

  // What it received; null when it does not subscribe.
  const Deliveries* deliveries() const {
    return subscriber_ ? &subscriber_->deliveries() : nullptr;
  }

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_progress(Now now) override;
  void on_step(ConnectStep step, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;

  void connected(const Connected& event, Now now);
  void record(ConnectTimes::Step step, Now now);
  void lost();
  void ready(Now now);
  std::string name() const;
  uint32_t group_index() const;

  LoadContext& context_;
  const LoadPlan::Group& group_;
  const uint32_t number_;
  ClientRunner runner_;
  std::vector<LoadPublisher*> publishers_;
  std::optional<LoadSubscriber> subscriber_;
  Time connect_start_{};
  ConnectTimes times_;
  bool was_connected_ = false, was_ready_ = false;
  std::optional<uint32_t> cut_by_;  // a storm that it has not come back from
};

}  // namespace mq
