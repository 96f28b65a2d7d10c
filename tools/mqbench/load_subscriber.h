// One subscriber of a run.
#pragma once

#include <cstdint>

#include "io/client_runner.h"
#include "mqbench/accounting.h"
#include "mqbench/load_client.h"

namespace mq {

class LoadSubscriber final : private ClientRunner::Handler {
 public:
  // `watch` is told of its reads; null for none, else it outlives the subscriber.
  LoadSubscriber(LoadContext& context, uint32_t number, ReadWatch* watch);

  void connect();
  // DISCONNECT, then the owner's client_ended().
  void stop();

  int fd() const { return runner_.fd(); }  // -1 without a connection
  const Deliveries& deliveries() const { return deliveries_; }

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;

  void subscribe();
  void ready();
  void on_foreign(const Publish& publish, Now now);
  void on_subscribed(const Subscribed& answer);
  void on_message(const Publish& publish, Now now);

  LoadContext& context_;
  const uint32_t number_;
  ClientRunner runner_;
  Deliveries deliveries_;
  Time connect_start_{};
  bool was_connected_ = false, was_ready_ = false;
};

}  // namespace mq
