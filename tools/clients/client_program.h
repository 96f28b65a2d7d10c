// What mqpub, mqsub and mqrr have in common: one connection, one loop, and how they end.
#pragma once

#include <optional>
#include <string>

#include "common/connect_args.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "common/packet_trace.h"
#include "io/client_runner.h"
#include "io/loop.h"
#include "io/signals.h"

namespace mq {

// A program derives from it, does its work in the handler's calls, and ends with stop(). It keeps
// the exit code: the first one that end_with() is told, else why the connection ended.
class ClientProgram : protected ClientRunner::Handler {
 protected:
  explicit ClientProgram(ConnectOptions connection);
  ~ClientProgram() override = default;

  // Connects, runs the loop until it is stopped, and returns the exit code.
  int run_loop();

  // Notes what an event says about the exit code. Whoever overrides it passes events on, messages
  // excepted.
  void on_event(const ClientEvent& event, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  // Reports the error and stops the loop.
  void on_ended(const Error* error, Now now) override;
  // SIGINT or SIGTERM.
  virtual void interrupted(int signal) = 0;

  // The first code counts.
  void end_with(int code) {
    if (code_ == kExitOk) code_ = code;
  }
  // The server has refused or ended the last connection, with a code.
  bool was_refused() const { return server_code_.has_value(); }
  ClientSession& session() { return runner_.session(); }
  // The broker, for messages.
  std::string where() const { return connection_.runner.address.text(); }
  // What a time-out says while there is no connection.
  std::string not_connected_text() const;

  const ConnectOptions connection_;
  const Console& console_;
  Loop loop_;
  std::optional<PacketTrace> trace_;
  ClientRunner runner_;
  Signals signals_;
  int code_ = kExitOk;

 private:
  bool was_connected_ = false;
  std::optional<int> server_code_;  // why it refused or ended the last connection
};

}  // namespace mq
