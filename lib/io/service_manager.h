// What systemd wants to hear from a service of Type=notify: sd_notify(3) without libsystemd.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "io/loop.h"

namespace mq {

// Says nothing when nobody has asked, with $NOTIFY_SOCKET. With $WATCHDOG_USEC it gives a sign of
// life from the loop twice in that time: a loop that does not turn any more gets the service
// restarted. Takes both out of the environment, so that no child speaks for us.
class ServiceManager {
 public:
  explicit ServiceManager(Loop& loop);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  // `status` is a line for `systemctl status`.
  void ready(std::string_view status);
  // ready() has to follow, whatever came of it.
  void reloading();
  void stopping();

 private:
  void send(std::string_view text) const;
  void alive(Now now);

  Loop& loop_;
  int fd_ = -1;
  std::string address_;  // a sockaddr_un
  Duration interval_{};  // between signs of life; 0: none
  Timer watchdog_;
};

}  // namespace mq
