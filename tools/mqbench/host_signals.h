// What this machine did besides the run: whether its figures are disturbed by others.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "io/address.h"

namespace mq {

// Over the measured part. CPU times are shares of one processor: 1.5 is one and a half of them.
// What the system does not tell is missing.
struct HostSignals {
  double own_cpu = 0;                 // mqbench's
  std::optional<double> broker_cpu;   // 0 when it is on another machine
  std::optional<double> foreign_cpu;  // everybody else's
  std::optional<double> steal;        // taken by the hypervisor, a share of all processors
  std::optional<double>
      cpu_pressure;                   // share of the time in which something waited for a processor
  uint64_t involuntary_switches = 0;  // of mqbench's threads
  // Connections that found the accept queue full, of all servers here.
  std::optional<uint64_t> listen_overflows;
  bool shared_with_broker = false;
};

// The processes of a server on this machine. `pids` is empty for one that cannot be seen: of
// another user, or in a container.
struct BrokerProcess {
  bool is_local = false;
  std::vector<int> pids;
};

// Who listens there. Looks a name up.
BrokerProcess find_broker(const Address& address);

// Counters of the system, read at one moment.
struct HostSnapshot {
  Time at{};
  struct Cpu {
    uint64_t busy = 0, steal = 0, all = 0;  // ticks
  };
  std::optional<Cpu> cpu;
  double own_s = 0;
  std::optional<double> broker_s;
  std::optional<uint64_t> pressure_us;
  uint64_t involuntary_switches = 0;
  std::optional<uint64_t> listen_overflows;
};

HostSnapshot read_host(const BrokerProcess& broker, Time now);
HostSignals difference(const HostSnapshot& from, const HostSnapshot& to,
                       const BrokerProcess& broker);

// Parts of files in /proc; nothing when they say something else.
std::optional<HostSnapshot::Cpu> parse_proc_stat(std::string_view text);
std::optional<uint64_t> parse_pressure_us(std::string_view text);       // /proc/pressure/cpu
std::optional<uint64_t> parse_listen_overflows(std::string_view text);  // /proc/net/netstat
// Inodes of the sockets that listen on a port, in /proc/net/tcp and tcp6.
std::vector<uint64_t> parse_listeners(std::string_view text, uint16_t port);
// The same for a path, in /proc/net/unix.
std::vector<uint64_t> parse_unix_listeners(std::string_view text, std::string_view path);

}  // namespace mq
