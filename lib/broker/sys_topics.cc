#include "broker/sys_topics.h"

#include <cmath>
#include <cstdio>

namespace mq {
namespace {

constexpr std::array<std::string_view, 3> kSpans = {"1min", "5min", "15min"};
constexpr std::array<double, 3> kMinutes = {1, 5, 15};

std::string two_decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

}  // namespace

void SysTopics::put(std::vector<Entry>& entries, std::string topic, std::string value) {
  entries.push_back({"$SYS/broker/" + std::move(topic), std::move(value)});
}

std::vector<SysTopics::Entry> SysTopics::update(const Counters& counters, const SysGauges& gauges,
                                                Now now) {
  std::vector<Entry> all;
  const auto number = [&](std::string topic, uint64_t value) {
    put(all, std::move(topic), std::to_string(value));
  };

  put(all, "version", "mqbroker version " MQKIT_VERSION);
  const auto up = std::chrono::floor<std::chrono::seconds>(now.mono - start_).count();
  put(all, "uptime", std::to_string(up) + " seconds");

  const uint32_t away = gauges.sessions - counters.clients_connected;
  number("clients/total", gauges.sessions);
  number("clients/connected", counters.clients_connected);
  number("clients/active", counters.clients_connected);
  number("clients/disconnected", away);
  number("clients/inactive", away);
  number("clients/maximum", counters.clients_maximum);
  number("clients/expired", counters.clients_expired);
  number("connections/socket/count", gauges.connections);
  number("messages/received", counters.messages_received);
  number("messages/sent", counters.messages_sent);
  number("messages/stored", gauges.stored_messages);
  number("store/messages/count", gauges.stored_messages);
  number("store/messages/bytes", gauges.stored_bytes);
  number("publish/messages/received", counters.publishes_received);
  number("publish/messages/sent", counters.publishes_sent);
  number("publish/messages/dropped", counters.publishes_dropped);
  number("publish/bytes/received", counters.publish_bytes_received);
  number("publish/bytes/sent", counters.publish_bytes_sent);
  number("bytes/received", counters.bytes_received);
  number("bytes/sent", counters.bytes_sent);
  number("subscriptions/count", gauges.subscriptions);
  number("shared_subscriptions/count", gauges.shared_subscriptions);
  number("retained messages/count", gauges.retained_messages);

  for (const LimitName& limit : kLimitNames) {
    number("limits/" + std::string(limit.name) + "/hit", counters.*limit.count);
  }
  number("packet/out/count", gauges.packets_out);
  number("packet/out/bytes", gauges.packet_bytes_out);
  number("heap/current", heap_bytes_);
  number("heap/maximum", heap_bytes_max_);
  put(all, "loop/lag_ms_p99", two_decimals(static_cast<double>(lag_ns_.percentile(99)) / 1e6));
  lag_ns_ = Histogram(lag_ns_.digits());
  number("slow_consumers/count", counters.slow_consumers);
  if (gauges.commit_ms_p99) {
    put(all, "store/commit_ms_p99", two_decimals(*gauges.commit_ms_p99));
  }

  const double minutes = seconds(now.mono - last_) / 60;
  if (minutes > 0) {
    for (Load& load : loads_) {
      const uint64_t current = counters.*load.counter;
      const double rate = static_cast<double>(current - load.previous) / minutes;
      load.previous = current;
      for (size_t i = 0; i < kSpans.size(); ++i) {
        const double keep = std::exp(-minutes / kMinutes[i]);
        load.average[i] = load.average[i] * keep + rate * (1 - keep);
      }
    }
    last_ = now.mono;
  }
  for (const Load& load : loads_) {
    for (size_t i = 0; i < kSpans.size(); ++i) {
      put(all, "load/" + std::string(load.name) + "/" + std::string(kSpans[i]),
          two_decimals(load.average[i]));
    }
  }

  // The list always has the same topics in the same order, so a value is compared by its place.
  std::vector<Entry> changed;
  for (size_t i = 0; i < all.size(); ++i) {
    if (shown_.empty() || shown_[i].value != all[i].value) changed.push_back(all[i]);
  }
  shown_ = std::move(all);
  return changed;
}

}  // namespace mq
