#include "io/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace mq {
namespace {

std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value != nullptr ? value : "";
  ::unsetenv(name);
  return text;
}

}  // namespace

ServiceManager::ServiceManager(Loop& loop)
    : loop_(loop), watchdog_(loop, [this](Now now) { alive(now); }) {
  const std::string path = take_variable("NOTIFY_SOCKET");
  const std::string period = take_variable("WATCHDOG_USEC");
  const std::string pid = take_variable("WATCHDOG_PID");
  sockaddr_un address{};
  // A path, or with an @ for its zero byte the name of an abstract socket.
  if (path.size() < 2 || (path[0] != '/' && path[0] != '@')) return;
  if (path.size() >= sizeof address.sun_path) {
    log(LogLevel::kWarning, "notify_failed", {{"why", "NOTIFY_SOCKET is too long"}});
    return;
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  address_.assign(reinterpret_cast<const char*>(&address),
                  offsetof(sockaddr_un, sun_path) + path.size());
  int64_t microseconds = 0;
  std::from_chars(period.data(), period.data() + period.size(), microseconds);
  if (microseconds <= 0 || microseconds > INT64_MAX / 1000) return;
  if (!pid.empty() && pid != std::to_string(::getpid())) return;
  interval_ = std::chrono::microseconds(microseconds) / 2;
  alive(loop.now());
}

ServiceManager::~ServiceManager() {
  if (fd_ >= 0) ::close(fd_);
}

void ServiceManager::ready(std::string_view status) {
  send("READY=1\nSTATUS=" + std::string(status));
}

void ServiceManager::reloading() {
  // systemd 253 and later wants to know when, by the clock that our times are of.
  const auto now = loop_.now().mono.time_since_epoch();
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void ServiceManager::stopping() {
  send("STOPPING=1\nSTATUS=stopping");
}

void ServiceManager::alive(Now now) {
  send("WATCHDOG=1");
  watchdog_.set(add(now.mono, interval_));
}

void ServiceManager::send(std::string_view text) const {
  if (fd_ < 0) return;
  const auto* const address = reinterpret_cast<const sockaddr*>(address_.data());
  if (::sendto(fd_, text.data(), text.size(), MSG_NOSIGNAL, address,
               static_cast<socklen_t>(address_.size())) < 0) {
    log(LogLevel::kWarning, "notify_failed", {{"why", std::strerror(errno)}});
  }
}

}  // namespace mq
