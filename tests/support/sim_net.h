// A network in memory that a seed makes as bad as it likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "session/out_batch.h"

namespace mq {

// What the network does to the connections that are made in it.
struct Weather {
  Duration delay_max{};        // a segment is on its way for up to this long
  size_t split_max = 1 << 16;  // bytes of a segment
  size_t room = 1 << 16;       // bytes on their way over which a writer has to wait
  double cut_chance = 0;       // that a connection is cut by itself
  uint64_t cut_bytes_max = 1;  // it then is after at most so many bytes, of both directions
  Duration notice_max{};       // after a cut, until an end notices it
  double silent_chance = 0;    // that an end does not notice for a long time
};

// One connection between two ends. Each direction is a pipe that keeps the order of its bytes, cuts
// them into segments and delays these. Writing is accepted as long as writable(), as a socket does:
// the last write may go over the limit.
//
// A cut takes an independent part of what is on its way in each direction, and each end learns of
// it at a time of its own. What an end writes until then is lost without a word.
class SimLink {
 public:
  enum class End : uint8_t { kClient, kServer };

  SimLink(Random& random, const Weather& weather);

  bool writable(End from) const { return pipe_from(from).on_the_way < weather_.room; }
  void write(End from, const OutBatch& batch, Time now);
  void write(End from, Bytes bytes, Time now);
  // Orderly: what was written before still arrives, unless the other end has sent something that
  // nobody will read any more, which resets a connection. The end must not be used afterwards.
  void close(End by, Time now);
  void cut(Time now);
  // From here on nothing is cut, and what was cut before is noticed at once.
  void clear_up(Time now);

  // What has reached an end: bytes, or the end of the connection.
  struct Arrival {
    std::vector<uint8_t> bytes;
    bool closed = false;
  };
  // When the next arrival is due; kNever at an end that was closed.
  Time next(End at) const;
  std::optional<Arrival> take(End at, Time now);
  // Nothing is on its way, not even the news of a cut.
  bool idle() const { return next(End::kClient) == kNever && next(End::kServer) == kNever; }

 private:
  struct Segment {
    Time at;
    std::vector<uint8_t> bytes;
  };
  struct Pipe {
    std::deque<Segment> segments;
    size_t on_the_way = 0;  // bytes, lost ones included
    Time last{};            // when the last segment arrives
    Time end = kNever;      // when the reader learns that no more comes
    bool lost = false;      // what is written now goes nowhere
    bool unread = false;    // the reader has closed
  };

  static size_t index(End end) { return static_cast<size_t>(end); }
  static End other(End end) { return end == End::kClient ? End::kServer : End::kClient; }
  Pipe& pipe_from(End end) { return pipes_[index(end)]; }
  const Pipe& pipe_from(End end) const { return pipes_[index(end)]; }
  Duration up_to(Duration most);
  void lose_tail(Pipe& pipe);

  Random& random_;
  const Weather& weather_;
  Pipe pipes_[2];  // by the end that writes
  uint64_t bytes_until_cut_ = UINT64_MAX;
};

}  // namespace mq
