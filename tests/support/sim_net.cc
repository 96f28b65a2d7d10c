#include "support/sim_net.h"

#include <algorithm>
#include <utility>

namespace mq {
namespace {

// However finely the weather splits, one write makes no more segments than about this many.
constexpr size_t kSegmentsPerWrite = 24;
// How long a cut may go unnoticed by an end that hears nothing of it.
constexpr Duration kSilence = std::chrono::seconds(600);

}  // namespace

SimLink::SimLink(Random& random, const Weather& weather) : random_(random), weather_(weather) {
  // Small numbers are as likely as large ones: a cut inside CONNECT matters as much as a late one.
  if (random_.chance(weather_.cut_chance)) {
    bytes_until_cut_ = random_.below(1 + random_.below(weather_.cut_bytes_max));
  }
}

Duration SimLink::up_to(Duration most) {
  return Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>(most.count()) + 1)));
}

void SimLink::write(End from, const OutBatch& batch, Time now) {
  std::vector<uint8_t> bytes;
  bytes.reserve(batch.size());
  for (const OutBatch::Piece& piece : batch.pieces()) {
    bytes.insert(bytes.end(), piece.bytes.begin(), piece.bytes.end());
  }
  write(from, bytes, now);
}

void SimLink::write(End from, Bytes bytes, Time now) {
  Pipe& pipe = pipe_from(from);
  pipe.on_the_way += bytes.size();
  if (pipe.lost) return;
  const size_t most = std::max(weather_.split_max, 2 * bytes.size() / kSegmentsPerWrite);
  for (auto at = bytes.begin(); at != bytes.end();) {
    const auto left = static_cast<size_t>(bytes.end() - at);
    const auto n = static_cast<std::ptrdiff_t>(std::min(left, 1 + random_.below(most)));
    pipe.last = std::max(pipe.last, now + up_to(weather_.delay_max));
    pipe.segments.push_back({pipe.last, {at, at + n}});
    at += n;
  }
}

void SimLink::lose_tail(Pipe& pipe) {
  size_t bytes = 0;
  for (const Segment& segment : pipe.segments) bytes += segment.bytes.size();
  size_t kept = random_.below(bytes + 1);
  for (Segment& segment : pipe.segments) {
    const size_t n = std::min(kept, segment.bytes.size());
    segment.bytes.resize(n);
    kept -= n;
  }
  std::erase_if(pipe.segments, [](const Segment& segment) { return segment.bytes.empty(); });
}

void SimLink::cut(Time now) {
  bytes_until_cut_ = UINT64_MAX;
  for (Pipe& pipe : pipes_) {
    if (pipe.lost || pipe.unread) continue;
    lose_tail(pipe);
    pipe.lost = true;
    const Duration notice =
        random_.chance(weather_.silent_chance) ? kSilence : up_to(weather_.notice_max);
    pipe.end = std::max(pipe.last, now) + notice;
  }
}

void SimLink::clear_up(Time now) {
  bytes_until_cut_ = UINT64_MAX;
  for (Pipe& pipe : pipes_) {
    if (pipe.lost) pipe.end = std::min(pipe.end, std::max(pipe.last, now));
  }
}

void SimLink::close(End by, Time now) {
  Pipe& out = pipe_from(by);
  Pipe& in = pipe_from(other(by));
  if (!in.segments.empty() && random_.chance(0.5)) lose_tail(out);
  in.segments.clear();
  in.lost = in.unread = true;
  if (out.lost) return;
  out.lost = true;
  out.last = std::max(out.last, now + up_to(weather_.delay_max));
  out.end = out.last;
}

Time SimLink::next(End at) const {
  const Pipe& pipe = pipe_from(other(at));
  if (pipe.unread) return kNever;
  return pipe.segments.empty() ? pipe.end : pipe.segments.front().at;
}

std::optional<SimLink::Arrival> SimLink::take(End at, Time now) {
  if (next(at) > now) return std::nullopt;
  Pipe& pipe = pipe_from(other(at));
  if (pipe.segments.empty()) {
    pipe.end = kNever;
    return Arrival{{}, true};
  }
  Arrival arrival;
  do {
    std::vector<uint8_t>& segment = pipe.segments.front().bytes;
    const size_t n = std::min<uint64_t>(segment.size(), bytes_until_cut_);
    const auto middle = segment.begin() + static_cast<std::ptrdiff_t>(n);
    arrival.bytes.insert(arrival.bytes.end(), segment.begin(), middle);
    pipe.on_the_way -= n;
    if (bytes_until_cut_ != UINT64_MAX) bytes_until_cut_ -= n;
    if (n < segment.size()) {
      segment.erase(segment.begin(), middle);
      cut(now);
      break;
    }
    pipe.segments.pop_front();
    // What has arrived by now may be read in one go or not.
  } while (!pipe.segments.empty() && pipe.segments.front().at <= now && random_.chance(0.5));
  if (arrival.bytes.empty()) return std::nullopt;
  return arrival;
}

}  // namespace mq
