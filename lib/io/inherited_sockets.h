// Listening sockets that whoever started this process has opened for it: systemd's socket
// activation (sd_listen_fds(3)), without its library.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/address.h"

namespace mq {

// Those of this process. What the environment says about them is read once, and taken out of it.
class InheritedSockets {
 public:
  static InheritedSockets& of_process();

  // Where they listen, those that have been taken included.
  std::vector<Address> places() const;
  // The descriptor of the one that listens there, which is then the caller's; -1: there is none.
  int take(const std::string& place);
  // Whether connections to every IPv4 address reach an IPv6 socket at this port.
  bool covers_ipv4(uint16_t port) const;
  // The places of those that nobody has taken.
  std::vector<std::string> left() const;

 private:
  InheritedSockets();

  struct Inherited {
    int fd;
    Address address;
    bool covers_ipv4;
    bool taken = false;
  };
  std::vector<Inherited> sockets_;
};

}  // namespace mq
