#include "mqbench/host_signals.h"

#include <dirent.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <fmt/core.h>

namespace mq {
namespace {

// Of a machine with very many processes or connections the rest is not looked at.
constexpr size_t kFileMax = 64 * 1024 * 1024;
constexpr size_t kProcessesMax = 100'000;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  char part[16 * 1024];
  while (text.size() < kFileMax && (file.read(part, sizeof part), file.gcount() > 0)) {
    text.append(part, static_cast<size_t>(file.gcount()));
  }
  return text;
}

std::optional<uint64_t> number(std::string_view text, int base = 10) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view next_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::string_view next_word(std::string_view& line) {
  const size_t start = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(start);
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::string_view word = next_word(line); !word.empty(); word = next_word(line)) {
    words.push_back(word);
  }
  return words;
}

double ticks_per_s() {
  return static_cast<double>(std::max(sysconf(_SC_CLK_TCK), 1L));
}

double as_seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

// CPU time of a process with all its threads; finer than the ticks of /proc/PID/stat.
double cpu_s(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// A packet to an address of this machine would leave from the very same.
bool is_own_address(const addrinfo& peer) {
  const int fd = socket(peer.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  const bool known = connect(fd, peer.ai_addr, peer.ai_addrlen) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0;
  close(fd);
  if (!known || own.ss_family != peer.ai_addr->sa_family) return false;
  if (own.ss_family == AF_INET) {
    return reinterpret_cast<const sockaddr_in&>(own).sin_addr.s_addr ==
           reinterpret_cast<const sockaddr_in*>(peer.ai_addr)->sin_addr.s_addr;
  }
  return std::memcmp(&reinterpret_cast<const sockaddr_in6&>(own).sin6_addr,
                     &reinterpret_cast<const sockaddr_in6*>(peer.ai_addr)->sin6_addr,
                     sizeof(in6_addr)) == 0;
}

bool is_here(const Address& address) {
  if (address.kind == TransportKind::kUnix || is_loopback(address.host)) return true;
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const std::string port = std::to_string(address.port);
  if (getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, freeaddrinfo);
  return is_own_address(*list);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// The processes, except this one, that have one of these sockets.
std::vector<int> owners_of(const std::vector<uint64_t>& inodes) {
  std::vector<std::string> names;
  for (const uint64_t inode : inodes) names.push_back(fmt::format("socket:[{}]", inode));
  std::vector<int> pids;
  const Directory processes(opendir("/proc"));
  if (!processes || names.empty()) return pids;
  size_t seen = 0;
  while (const dirent* process = readdir(processes.get())) {
    const auto pid = number(process->d_name);
    if (!pid || static_cast<pid_t>(*pid) == getpid()) continue;
    if (++seen > kProcessesMax) break;
    const std::string path = fmt::format("/proc/{}/fd", *pid);
    const Directory descriptors(opendir(path.c_str()));
    if (!descriptors) continue;
    while (const dirent* descriptor = readdir(descriptors.get())) {
      char target[64];
      const ssize_t size =
          readlinkat(dirfd(descriptors.get()), descriptor->d_name, target, sizeof target);
      if (size <= 0) continue;
      const std::string_view name(target, static_cast<size_t>(size));
      if (std::ranges::find(names, name) == names.end()) continue;
      pids.push_back(static_cast<int>(*pid));
      break;
    }
  }
  return pids;
}

}  // namespace

std::optional<HostSnapshot::Cpu> parse_proc_stat(std::string_view text) {
  // cpu user nice system idle iowait irq softirq steal; guests are in user and nice already.
  std::string_view line = next_line(text);
  if (next_word(line) != "cpu") return std::nullopt;
  uint64_t values[8];
  for (uint64_t& value : values) {
    const auto parsed = number(next_word(line));
    if (!parsed) return std::nullopt;
    value = *parsed;
  }
  HostSnapshot::Cpu cpu;
  for (const uint64_t value : values) cpu.all += value;
  cpu.busy = values[0] + values[1] + values[2] + values[5] + values[6];
  cpu.steal = values[7];
  return cpu;
}

std::optional<uint64_t> parse_pressure_us(std::string_view text) {
  const std::string_view line = next_line(text);
  if (!line.starts_with("some ")) return std::nullopt;
  constexpr std::string_view kTotal = "total=";
  const size_t at = line.find(kTotal);
  if (at == std::string_view::npos) return std::nullopt;
  return number(line.substr(at + kTotal.size()));
}

std::optional<uint64_t> parse_listen_overflows(std::string_view text) {
  // Two lines belong together: names, then values.
  while (!text.empty()) {
    const std::vector<std::string_view> names = words_of(next_line(text));
    const std::vector<std::string_view> values = words_of(next_line(text));
    const auto found = std::ranges::find(names, "ListenOverflows");
    if (found == names.end()) continue;
    const auto at = static_cast<size_t>(found - names.begin());
    return at < values.size() ? number(values[at]) : std::nullopt;
  }
  return std::nullopt;
}

std::vector<uint64_t> parse_listeners(std::string_view text, uint16_t port) {
  constexpr std::string_view kListens = "0A";
  std::vector<uint64_t> inodes;
  while (!text.empty()) {
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
    const std::vector<std::string_view> words = words_of(next_line(text));
    if (words.size() < 10 || words[3] != kListens) continue;
    const size_t colon = words[1].rfind(':');
    if (colon == std::string_view::npos || number(words[1].substr(colon + 1), 16) != port) continue;
    if (const auto inode = number(words[9])) inodes.push_back(*inode);
  }
  return inodes;
}

std::vector<uint64_t> parse_unix_listeners(std::string_view text, std::string_view path) {
  constexpr std::string_view kListens = "00010000";
  std::vector<uint64_t> inodes;
  while (!text.empty()) {
    // Num RefCount Protocol Flags Type St Inode Path
    const std::vector<std::string_view> words = words_of(next_line(text));
    if (words.size() != 8 || words[3] != kListens || words[7] != path) continue;
    if (const auto inode = number(words[6])) inodes.push_back(*inode);
  }
  return inodes;
}

BrokerProcess find_broker(const Address& address) {
  BrokerProcess broker;
  broker.is_local = is_here(address);
  if (!broker.is_local) return broker;
  std::vector<uint64_t> inodes;
  if (address.kind == TransportKind::kUnix) {
    inodes = parse_unix_listeners(read_file("/proc/net/unix"), address.host);
  } else {
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
      std::ranges::move(parse_listeners(read_file(table), address.port),
                        std::back_inserter(inodes));
    }
  }
  broker.pids = owners_of(inodes);
  return broker;
}

HostSnapshot read_host(const BrokerProcess& broker, Time now) {
  HostSnapshot to;
  to.at = now;
  to.cpu = parse_proc_stat(read_file("/proc/stat"));
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  to.own_s = as_seconds(own.ru_utime) + as_seconds(own.ru_stime);
  to.involuntary_switches = static_cast<uint64_t>(std::max(own.ru_nivcsw, 0L));
  if (!broker.is_local) {
    to.broker_s = 0;
  } else if (!broker.pids.empty()) {
    double sum = 0;
    // One that has ended in the meantime counts with nothing: the difference is not used then.
    for (const int pid : broker.pids) sum += cpu_s(pid);
    to.broker_s = sum;
  }
  to.pressure_us = parse_pressure_us(read_file("/proc/pressure/cpu"));
  to.listen_overflows = parse_listen_overflows(read_file("/proc/net/netstat"));
  return to;
}

HostSignals difference(const HostSnapshot& from, const HostSnapshot& to,
                       const BrokerProcess& broker) {
  HostSignals signals;
  signals.shared_with_broker = broker.is_local;
  const double time_s = seconds(to.at - from.at);
  if (!(time_s > 0)) return signals;
  const double own_s = to.own_s - from.own_s;
  signals.own_cpu = own_s / time_s;
  signals.involuntary_switches = to.involuntary_switches - from.involuntary_switches;
  if (from.broker_s && to.broker_s && *to.broker_s >= *from.broker_s) {
    signals.broker_cpu = (*to.broker_s - *from.broker_s) / time_s;
  }
  if (from.cpu && to.cpu && to.cpu->all > from.cpu->all && to.cpu->busy >= from.cpu->busy &&
      to.cpu->steal >= from.cpu->steal) {
    const auto all = static_cast<double>(to.cpu->all - from.cpu->all);
    signals.steal = static_cast<double>(to.cpu->steal - from.cpu->steal) / all;
    if (signals.broker_cpu) {
      const double busy = static_cast<double>(to.cpu->busy - from.cpu->busy) / ticks_per_s();
      // Ticks are coarse: what is a little less than nothing is nothing.
      signals.foreign_cpu = std::max(busy / time_s - signals.own_cpu - *signals.broker_cpu, 0.0);
    }
  }
  if (from.pressure_us && to.pressure_us && *to.pressure_us >= *from.pressure_us) {
    signals.cpu_pressure =
        std::min(static_cast<double>(*to.pressure_us - *from.pressure_us) / 1e6 / time_s, 1.0);
  }
  if (broker.is_local && from.listen_overflows && to.listen_overflows &&
      *to.listen_overflows >= *from.listen_overflows) {
    signals.listen_overflows = *to.listen_overflows - *from.listen_overflows;
  }
  return signals;
}

}  // namespace mq
