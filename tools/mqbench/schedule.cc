#include "mqbench/schedule.h"

#include <cassert>
#include <cmath>

namespace mq {
namespace {

constexpr uint64_t kUnknown = UINT64_MAX;

// The step of splitmix64.
uint64_t mixed(uint64_t z) {
  z += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// In (0, 1], a function of its arguments: a generator for each of a million publishers would be
// memory for nothing.
double random_unit(uint64_t seed, uint32_t publisher, uint64_t n) {
  const uint64_t bits = mixed(mixed(mixed(seed) ^ publisher) ^ n);
  return static_cast<double>((bits >> 11) + 1) * 0x1.0p-53;
}

}  // namespace

std::string_view name(Arrival arrival) {
  return arrival == Arrival::kUniform ? "uniform" : "poisson";
}

std::string_view name(Phase phase) {
  switch (phase) {
    case Phase::kEven: return "even";
    case Phase::kRandom: return "random";
    case Phase::kSync: return "sync";
  }
  return "unknown";
}

Schedule::Schedule(Time start, RateCurve curve, std::optional<uint64_t> messages,
                   uint32_t publishers, ArrivalOptions arrival)
    : start_(start),
      curve_(std::move(curve)),
      messages_(messages),
      publishers_(publishers),
      arrival_(arrival) {
  assert(publishers > 0);
  assert(messages || arrival.arrival == Arrival::kPoisson);
}

Turns::Turns(const Schedule& schedule, uint32_t publisher)
    : schedule_(&schedule),
      publisher_(publisher),
      evenly_(schedule.goes_round()),
      first_(schedule.arrival_.phase == Phase::kEven ? publisher : 0),
      count_(schedule.messages_ ? schedule.messages_of(publisher) : kUnknown) {
  if (schedule.arrival_.arrival == Arrival::kPoisson) random_ = random_step();
  if (const auto first = number()) next_ = when(*first);
}

// How far the next random arrival is: where their number is not known, the time of a process with
// one event by unit; else the share of all the time, as if so many numbers from 0 to 1 were sorted.
double Turns::random_step() {
  const double unit = random_unit(schedule_->arrival_.seed, publisher_, taken_);
  if (count_ == kUnknown) return random_ - std::log(unit);
  if (taken_ >= count_) return 1;
  return 1 - (1 - random_) * std::pow(unit, 1 / static_cast<double>(count_ - taken_));
}

// Of the curve.
std::optional<double> Turns::number() const {
  if (taken_ >= count_) return std::nullopt;
  const Schedule& s = *schedule_;
  const auto publishers = static_cast<double>(s.publishers_);
  if (count_ == kUnknown) {
    const double number = random_ * publishers;
    return number < s.curve_.messages() ? std::optional(number) : std::nullopt;
  }
  const auto n = static_cast<double>(taken_);
  // All of its messages lie within the time of the curve, whatever their phase is.
  const auto of_share = [&](double share) {
    return share * std::min(static_cast<double>(*s.messages_), s.curve_.messages());
  };
  if (s.arrival_.arrival == Arrival::kPoisson) return of_share(random_);
  if (evenly_) return n * publishers + first_;
  const double phase = 1 - random_unit(s.arrival_.seed, publisher_, 0);
  return of_share((n + phase) / static_cast<double>(count_));
}

// What is not known to be evenly spaced, or has come to its end.
void Turns::take_other() {
  if (schedule_->arrival_.arrival == Arrival::kPoisson) random_ = random_step();
  const auto next = number();
  next_ = next ? when(*next) : kNever;
}

Pacer::Pacer(const Schedule& schedule, const std::vector<uint32_t>& publishers)
    : goes_round_(schedule.goes_round()) {
  turns_.reserve(publishers.size());
  for (const uint32_t publisher : publishers) turns_.emplace_back(schedule, publisher);
  if (goes_round_) {
    if (!turns_.empty()) next_ = turns_.front().next();
    return;
  }
  for (size_t i = 0; i < turns_.size(); ++i) {
    if (turns_[i].next() != kNever) queue_.emplace(turns_[i].next(), i);
  }
  if (!queue_.empty()) std::tie(next_, at_) = queue_.top();
}

// Where they go round, a publisher without a message in this round has none in later ones, nor have
// those after it: only the last round can be incomplete.
void Pacer::step() {
  turns_[at_].take();
  if (goes_round_) {
    if (++at_ == turns_.size()) at_ = 0;
    next_ = turns_[at_].next();
    return;
  }
  queue_.pop();
  if (turns_[at_].next() != kNever) queue_.emplace(turns_[at_].next(), at_);
  next_ = kNever;
  if (!queue_.empty()) std::tie(next_, at_) = queue_.top();
}

}  // namespace mq
