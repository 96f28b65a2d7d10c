#include "mqbench/merge.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>
#include <string>

#include <fmt/core.h>

#include "mqbench/missing_shards.h"

namespace mq {
namespace {

// Shards that begin further apart than both did not load the broker together.
constexpr double kApartMin_s = 1, kApartShare = 0.1;  // of what was measured

// The plan gives each publisher the same.
bool same_rate(const Record& a, const Record& b) {
  if (!a.rate || !b.rate || a.pubs == 0 || b.pubs == 0) return true;
  const double of_a = *a.rate / static_cast<double>(a.pubs);
  const double of_b = *b.rate / static_cast<double>(b.pubs);
  return std::abs(of_a - of_b) <= 1e-6 * std::max(of_a, of_b);
}

// Why the two are not parts of one load; null when they are.
const char* difference(const Record& a, const Record& b) {
  if (a.pattern != b.pattern) return "their patterns differ";
  if (a.qos != b.qos || a.sub_qos != b.sub_qos) return "their qualities of service differ";
  if (a.size_bytes != b.size_bytes) return "their payload sizes differ";
  if (a.payload != b.payload) return "their payloads differ";
  if (a.verify != b.verify) return "they were verified in different ways";
  if (a.open_loop() != b.open_loop()) return "one is open loop and the other is not";
  if (a.shards != b.shards) return "they are shards of loads of different numbers of them";
  if (a.shards > 1 && a.run_name != b.run_name) return "they are shards of different runs";
  if (a.shards > 1 && !same_rate(a, b)) return "their rates for a publisher differ";
  if (!a.open_loop() && a.inflight != b.inflight) return "their windows of --inflight differ";
  if (!std::ranges::equal(a.stages, b.stages, {}, &RateStage::length, &RateStage::length)) {
    return "their stages differ";
  }
  if (a.arrival.arrival != b.arrival.arrival || a.arrival.phase != b.arrival.phase) {
    return "their messages come in different ways";
  }
  if (!a.groups.empty() || !b.groups.empty()) return "scenarios have no shards";
  if (a.protocol != b.protocol) return "their versions of MQTT differ";
  if (a.warm_up_s != b.warm_up_s) return "their warm-ups differ";
  // Only what was measured at the same time adds up to a rate.
  if (std::abs(a.window_s - b.window_s) > 0.02 * std::max(a.window_s, b.window_s)) {
    return "their durations differ";
  }
  return nullptr;
}

void add(const std::vector<Interval>& from, std::vector<Interval>& to) {
  for (size_t i = 0; i < from.size(); ++i) {
    if (i == to.size()) {
      to.push_back(from[i]);
      continue;
    }
    to[i].sent += from[i].sent;
    to[i].received += from[i].received;
    to[i].backlog += from[i].backlog;
    to[i].client_cpu = std::max(to[i].client_cpu, from[i].client_cpu);
    to[i].length_s = std::max(to[i].length_s, from[i].length_s);
    Histogram sum = to[i].histogram();
    if (!sum.merge(from[i].histogram())) continue;  // checked with the others before
    Buffer encoded;
    sum.encode(encoded);
    to[i].response.assign(encoded.bytes().begin(), encoded.bytes().end());
  }
}

// What makes of shards less than the load that the broker had.
void judge_wholeness(const std::vector<Record>& records, const std::set<uint32_t>& shards,
                     Verdict& verdict) {
  const uint32_t of = records.front().shards;
  if (of > 1 && shards.size() < of) {
    verdict.valid = false;
    verdict.reasons.push_back(fmt::format(
        "of {} shards there {} only {}; not {}: the broker may have had a larger load", of,
        shards.size() == 1 ? "is" : "are", shards.size(), missing_shards(shards, of)));
  }
  const auto [first, last] = std::ranges::minmax(records, {}, &Record::started_s);
  const double apart_s = last.started_s - first.started_s;
  if (apart_s > std::max(kApartMin_s, kApartShare * first.window_s)) {
    verdict.valid = false;
    verdict.reasons.push_back(
        fmt::format("they began {:.1f} s apart, by their clocks: rates do not add up", apart_s));
  }
}

// 0 for the best.
int badness(const Verdict& verdict) {
  return verdict.valid ? static_cast<int>(verdict.limited_by != Verdict::LimitedBy::kNone) : 2;
}

void keep_larger(const std::optional<double>& from, std::optional<double>& to) {
  if (from && (!to || *from > *to)) to = from;
}

// Shards may share a machine or not: of each signal the worst counts.
void add(const HostSignals& from, HostSignals& to) {
  to.own_cpu = std::max(to.own_cpu, from.own_cpu);
  keep_larger(from.broker_cpu, to.broker_cpu);
  keep_larger(from.foreign_cpu, to.foreign_cpu);
  keep_larger(from.steal, to.steal);
  keep_larger(from.cpu_pressure, to.cpu_pressure);
  to.involuntary_switches += from.involuntary_switches;
  if (from.listen_overflows) {
    to.listen_overflows = std::max(to.listen_overflows.value_or(0), *from.listen_overflows);
  }
  to.shared_with_broker = to.shared_with_broker || from.shared_with_broker;
}

// Of all histograms of a record, the intervals' too.
bool same_configuration(const Record& a, const Record& b) {
  const auto same = [](const Histogram& x, const Histogram& y) { return x.same_configuration(y); };
  const auto same_steps = [&](const ConnectTally& x, const ConnectTally& y) {
    return same(x.tcp, y.tcp) && same(x.tls_full, y.tls_full) &&
           same(x.tls_resumed, y.tls_resumed) && same(x.upgrade, y.upgrade) &&
           same(x.connack, y.connack);
  };
  const auto intervals_fit = [&](const Record& record) {
    return std::ranges::all_of(record.intervals, [&](const Interval& interval) {
      return same(interval.histogram(), a.tally.response);
    });
  };
  return same(a.tally.response, b.tally.response) && same(a.tally.service, b.tally.service) &&
         same(a.tally.send_lag, b.tally.send_lag) && same(a.tally.ack, b.tally.ack) &&
         same(a.tally.connect, b.tally.connect) && same(a.tally.recv_wait, b.tally.recv_wait) &&
         same(a.tally.suback, b.tally.suback) && same_steps(a.tally.steps, b.tally.steps) &&
         intervals_fit(a) && intervals_fit(b);
}

}  // namespace

Result<Record> merge(const std::vector<Record>& records) {
  assert(!records.empty());
  Record sum = records.front();
  std::set<uint32_t> shards{sum.shard};
  for (auto& reason : sum.verdict.reasons) {
    if (sum.shards > 1) reason = fmt::format("shard {}: {}", sum.shard, reason);
  }
  for (size_t i = 1; i < records.size(); ++i) {
    const Record& next = records[i];
    const char* fault = difference(sum, next);
    if (fault == nullptr && !same_configuration(sum, next)) fault = "their histograms differ";
    if (fault == nullptr && next.shards > 1 && !shards.insert(next.shard).second) {
      fault = "they are the same shard";
    }
    if (fault != nullptr) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("results {} and {} cannot be merged: {}", 1, i + 1, fault));
    }
    sum.pubs += next.pubs;
    sum.subs += next.subs;
    sum.pairs += next.pairs;
    sum.threads += next.threads;
    if (sum.rate) *sum.rate += *next.rate;
    for (size_t s = 0; s < sum.stages.size(); ++s) sum.stages[s].rate += next.stages[s].rate;
    sum.window_s = std::max(sum.window_s, next.window_s);
    sum.drain_s = std::max(sum.drain_s, next.drain_s);
    sum.blocked_share = std::max(sum.blocked_share, next.blocked_share);
    sum.rate_ratio = std::min(sum.rate_ratio, next.rate_ratio);
    sum.threads_busy.insert(sum.threads_busy.end(), next.threads_busy.begin(),
                            next.threads_busy.end());
    add(next.counts, sum.counts);
    add(next.host, sum.host);
    sum.tally.merge(next.tally);
    sum.connecting_s = std::max(sum.connecting_s, next.connecting_s);
    add(next.intervals, sum.intervals);
    if (badness(next.verdict) > badness(sum.verdict)) {  // the worst counts
      sum.verdict = next.verdict;
      for (auto& reason : sum.verdict.reasons) {
        reason = fmt::format("shard {}: {}", next.shard, reason);
      }
    }
  }
  judge_wholeness(records, shards, sum.verdict);
  if (records.size() > 1) {
    sum.shard = 0;
    sum.shards = 1;
  }
  return sum;
}

}  // namespace mq
