#include "clients/client_program.h"

#include <csignal>
#include <utility>

#include <fmt/core.h>

namespace mq {

ClientProgram::ClientProgram(ConnectOptions connection)
    : connection_(std::move(connection)),
      console_(connection_.console),
      trace_(make_trace(connection_)),
      runner_(loop_, with_trace(connection_, trace_), connection_.client, *this),
      signals_(loop_, {SIGINT, SIGTERM}, [this](int signal) { interrupted(signal); }) {}

int ClientProgram::run_loop() {
  runner_.start();
  loop_.run();
  return code_;
}

std::string ClientProgram::not_connected_text() const {
  return fmt::format("Timed out: there {} connection to {}",
                     was_connected_ ? "is no longer a" : "is no", where());
}

void ClientProgram::on_event(const ClientEvent& event, Now) {
  if (std::holds_alternative<Connected>(event)) {
    was_connected_ = true;
  } else if (const auto* refused = std::get_if<ConnectRefused>(&event)) {
    server_code_ = exit_code(*refused);
  } else if (const auto* ended = std::get_if<Disconnected>(&event)) {
    if (is_error(ended->reason)) server_code_ = exit_code(ended->reason);
  }
}

void ClientProgram::on_lost(const Error& error, Duration retry_in, Now) {
  server_code_.reset();
  console_.warning(fmt::format("{}; trying again in {:.1f} s", error.text, seconds(retry_in)));
}

void ClientProgram::on_ended(const Error* error, Now) {
  if (error != nullptr) {
    console_.error(error->text);
    end_with(server_code_     ? *server_code_
             : was_connected_ ? exit_code(*error)
                              : static_cast<int>(kExitFailure));
  }
  loop_.stop();
}

}  // namespace mq
