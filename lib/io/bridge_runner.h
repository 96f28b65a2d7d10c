// A bridge to another broker: two clients back to back, one of our own broker's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bridge/bridge_options.h"
#include "client/client_options.h"
#include "io/broker_server.h"
#include "io/client_runner.h"
#include "io/loop.h"

namespace mq {

struct BridgeSettings {
  BridgeOptions bridge;
  RunnerOptions remote;
  ClientOptions remote_client;
  std::string local_client_id;
  bool local_clean_session = false;
  // Who the bridge is to our own broker's rules. With a password it has to log in like anybody;
  // without, the name is taken as it is.
  std::string local_user_name;
  std::optional<std::string> local_password;
};

// Carries bytes and decides when to be connected; what messages mean is the Relay's. Lives on the
// broker's loop. What is queued for it while it is away is in the sessions of the two brokers.
class BridgeRunner {
 public:
  BridgeRunner(Loop& loop, BrokerServer& server, BridgeSettings settings);
  ~BridgeRunner();
  BridgeRunner(const BridgeRunner&) = delete;
  BridgeRunner& operator=(const BridgeRunner&) = delete;

  void start();
  // Orderly end: calls `done` from the loop when both ends are closed, within `deadline`.
  void stop(Duration deadline, std::function<void()> done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq
