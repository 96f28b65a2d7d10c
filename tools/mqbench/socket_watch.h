// What the kernel knows of the sockets of a run: whether the peer reads, whether the network loses,
// and whether we read in time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/histogram.h"
#include "base/time.h"
#include "io/loop.h"
#include "io/stream.h"

namespace mq {

// Sums over the sockets that were looked at, over the measured part.
struct SocketSignals {
  uint32_t sending = 0;        // sockets of publishers
  Duration observed{0};        // time of all of them together, and parts of it:
  Duration busy{0};            // there was something to send
  Duration rwnd_limited{0};    // the peer's window was closed: it did not read
  Duration sndbuf_limited{0};  // our buffer was full
  uint64_t segments = 0, retransmits = 0;
  uint64_t rtt_us_sum = 0, rtt_count = 0;  // round trips, as the kernel smooths them
  uint32_t receiving = 0;                  // sockets of subscribers
  uint64_t unread_max = 0;  // bytes that lay there for us, all of them together, at most

  void merge(const SocketSignals& other);
  double rwnd_limited_share() const { return share(rwnd_limited); }
  double sndbuf_limited_share() const { return share(sndbuf_limited); }
  double busy_share() const { return share(busy); }
  double retransmit_share() const {
    return segments == 0 ? 0 : static_cast<double>(retransmits) / static_cast<double>(segments);
  }
  double rtt_us() const {
    return rtt_count == 0 ? 0 : static_cast<double>(rtt_us_sum) / static_cast<double>(rtt_count);
  }

 private:
  double share(Duration part) const {
    return observed == Duration::zero() ? 0 : std::min(seconds(part) / seconds(observed), 1.0);
  }
};

// No more sockets of each kind are looked at.
inline constexpr size_t kWatchedSocketsMax = 64;

// One that publishes, read again and again.
class SendWatch {
 public:
  // What has changed since the last call is added, unless the connection is another one.
  void read(int fd, Time now, SocketSignals& to);

 private:
  struct Counters {
    uint64_t busy_us, rwnd_us, sndbuf_us, segments, retransmits;
    uint32_t rtt_us;
  };
  static std::optional<Counters> counters(int fd);

  int fd_ = -1;
  Time at_{};
  std::optional<Counters> last_;
};

// How long what a subscriber reads has waited for it: from the kernel's time stamp of its first
// packet. Looks at some of the reads. Each socket has a watch of its own, with a gap of its own
// between looks: of several sockets that wait, the first to be read has waited less than the last.
class ReceiveWatch final : public ReadWatch {
 public:
  // Both outlive it.
  ReceiveWatch(const Loop& loop, Histogram& wait) : loop_(loop), wait_(wait) {}

  // From now on: one read in `gap` at most.
  void measure(Duration gap) { gap_ = gap; }
  void stop() { gap_.reset(); }
  void about_to_read(int fd) override;

 private:
  const Loop& loop_;
  Histogram& wait_;
  std::optional<Duration> gap_;
  int fd_ = -1;
  Time next_{};
};

// Bytes that lie there unread; 0 when nobody knows.
uint64_t unread_bytes(int fd);

}  // namespace mq
