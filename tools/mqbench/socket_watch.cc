#include "mqbench/socket_watch.h"

// The kernel's own header: the C library's has not got the times. They exclude each other.
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <cstddef>
#include <cstring>

namespace mq {
namespace {

int64_t nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

void SocketSignals::merge(const SocketSignals& other) {
  sending += other.sending;
  observed += other.observed;
  busy += other.busy;
  rwnd_limited += other.rwnd_limited;
  sndbuf_limited += other.sndbuf_limited;
  segments += other.segments;
  retransmits += other.retransmits;
  rtt_us_sum += other.rtt_us_sum;
  rtt_count += other.rtt_count;
  receiving += other.receiving;
  unread_max += other.unread_max;  // of other sockets
}

std::optional<SendWatch::Counters> SendWatch::counters(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  // An older kernel knows less, and a unix socket nothing.
  if (size < offsetof(tcp_info, tcpi_sndbuf_limited) + sizeof info.tcpi_sndbuf_limited) {
    return std::nullopt;
  }
  return Counters{.busy_us = info.tcpi_busy_time,
                  .rwnd_us = info.tcpi_rwnd_limited,
                  .sndbuf_us = info.tcpi_sndbuf_limited,
                  .segments = info.tcpi_segs_out,
                  .retransmits = info.tcpi_total_retrans,
                  .rtt_us = info.tcpi_rtt};
}

void SendWatch::read(int fd, Time now, SocketSignals& to) {
  const std::optional<Counters> next = counters(fd);
  // Counters of a new connection with an old one's number are smaller, sooner or later.
  if (next && last_ && fd == fd_ && next->segments >= last_->segments &&
      next->busy_us >= last_->busy_us) {
    to.observed += now - at_;
    to.busy += std::chrono::microseconds(next->busy_us - last_->busy_us);
    to.rwnd_limited += std::chrono::microseconds(next->rwnd_us - last_->rwnd_us);
    to.sndbuf_limited += std::chrono::microseconds(next->sndbuf_us - last_->sndbuf_us);
    to.segments += next->segments - last_->segments;
    to.retransmits += next->retransmits - last_->retransmits;
    to.rtt_us_sum += next->rtt_us;
    ++to.rtt_count;
  }
  fd_ = fd;
  at_ = now;
  last_ = next;
}

void ReceiveWatch::about_to_read(int fd) {
  if (fd != fd_) {
    // Of a socket that cannot do it nothing will be recorded.
    const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    static_cast<void>(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags));
    fd_ = fd;
    return;  // what lies there has no time stamp yet
  }
  if (!gap_) return;
  const Time now = loop_.now().mono;
  if (now < next_) return;
  next_ = now + *gap_;
  // libuv reads without what comes beside the bytes, so the first of them is looked at here.
  char byte = 0;
  iovec into{&byte, 1};
  alignas(cmsghdr) char control[256];
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT) <= 0) return;
  timespec read_at{};
  clock_gettime(CLOCK_REALTIME, &read_at);
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPING) continue;
    scm_timestamping stamps{};
    std::memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
    const timespec arrived{stamps.ts[0].tv_sec, stamps.ts[0].tv_nsec};
    if (arrived.tv_sec != 0) wait_.record(nanoseconds(read_at) - nanoseconds(arrived));
  }
}

uint64_t unread_bytes(int fd) {
  int bytes = 0;
  if (fd < 0 || ioctl(fd, SIOCINQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<uint64_t>(bytes);
}

}  // namespace mq
