// What one client of a run receives.
#pragma once

#include <cstdint>

#include "io/client_runner.h"
#include "mqbench/accounting.h"
#include "mqbench/load_context.h"

namespace mq {

class LoadSubscriber {
 public:
  // The runner is that of its client and tells it what happens.
  LoadSubscriber(LoadContext& context, uint32_t number, ClientRunner& runner);

  // Asks for what the plan says. False when that is nothing.
  Result<bool> subscribe();
  // An error when the server refused.
  Result<void> on_subscribed(const Subscribed& answer, Now now);
  void on_message(const Publish& publish, Now now);
  void on_lost() { ++deliveries_.disconnects; }

  const Deliveries& deliveries() const { return deliveries_; }

 private:
  void on_foreign(const Publish& publish, Now now);
  void count_delivery(uint32_t stream);
  void count_by_group(uint32_t stream, Duration response, bool in_window);
  void on_unstamped(Now now);
  bool is_intact(const Stamp& stamp, Bytes stamped, Bytes payload) const;

  LoadContext& context_;
  const uint32_t number_;
  ClientRunner& runner_;
  Deliveries deliveries_;
  Time asked_at_{};
};

}  // namespace mq
