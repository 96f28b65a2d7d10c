#include "support/store_script.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mq::test {
namespace {

int64_t number(WallTime at) {
  return at == WallTime::max() ? -1 : at.time_since_epoch().count();
}

std::string text(const Ref<const Message>& message) {
  if (!message) return "released";
  return fmt::format("{} \"{}\" qos{} {} {}", message->topic(), to_string_view(message->payload()),
                     static_cast<int>(message->qos()), message->retain_flag(),
                     fmt::join(message->properties().encoded(), ","));
}

class Recorder final : public StoreSink {
 public:
  std::vector<std::string> lines;

  void put_session(const SessionRecord& r) override {
    std::string will = "none";
    if (r.will != nullptr) {
      will = fmt::format("{} {} {} {} {} {} {}", r.will->topic, to_string_view(r.will->payload),
                         fmt::join(r.will->properties, ","), static_cast<int>(r.will->qos),
                         r.will->retain, r.will->delay_s, number(r.will->due));
    }
    lines.push_back(fmt::format("session {} user={}{} expiry={} connected={} expires={} will={}",
                                r.client_id, r.user_name, r.name_proven ? "!" : "", r.expiry_s,
                                r.connected, number(r.expires), will));
  }
  void put_subscription(const SubscriptionRecord& r) override {
    lines.push_back(fmt::format("subscription {} {} {} {}", r.client_id, r.filter,
                                r.options.encoded(), r.subscription_id));
  }
  void put_queued(const QueuedRecord& r) override {
    lines.push_back(fmt::format("queued {} {} {} expires={} id={} byte={} tag={}", r.client_id,
                                r.sequence, text(r.message), r.message ? number(r.expires) : 0,
                                r.subscription_id, r.first_byte, r.share_tag));
    if (!r.message) return;
    lines.back() += fmt::format(" mono={}", r.message->expires().time_since_epoch().count());
  }
  void put_sent(std::string_view id, uint64_t sequence) override {
    lines.push_back(fmt::format("sent {} {}", id, sequence));
  }
  void put_inbound(std::string_view id, uint16_t packet_id) override {
    lines.push_back(fmt::format("inbound {} {}", id, packet_id));
  }
  void put_retained(const Ref<const Message>& m, WallTime expires) override {
    lines.push_back(fmt::format("retained {} {}", text(m), number(expires)));
  }
  void drop_session(std::string_view) override { FAIL("not a state"); }
  void drop_subscription(std::string_view, std::string_view) override { FAIL("not a state"); }
  void release_queued(std::string_view, uint64_t) override { FAIL("not a state"); }
  void drop_queued(std::string_view, uint64_t) override { FAIL("not a state"); }
  void drop_inbound(std::string_view, uint16_t) override { FAIL("not a state"); }
  void drop_retained(std::string_view) override { FAIL("not a state"); }
};

// Sessions come in no order of their own: that of their names.
std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::vector<std::vector<std::string>> blocks(1);
  for (std::string& line : lines) {
    const bool begins = line.starts_with("session ") || line.starts_with("retained ");
    if (begins) blocks.emplace_back();
    blocks.back().push_back(std::move(line));
  }
  std::sort(blocks.begin(), blocks.end());
  std::vector<std::string> all;
  for (auto& block : blocks) all.insert(all.end(), block.begin(), block.end());
  return all;
}

template <class Store>
std::vector<std::string> replay(Store& store) {
  Recorder recorder;
  const auto loaded = store.load(recorder, kNow);
  if (!loaded) return {loaded.error().text};
  return sorted(std::move(recorder.lines));
}

}  // namespace

Ref<const Message> message(std::string_view topic, std::string_view payload, bool retain) {
  MessageFields fields;
  fields.topic = topic;
  fields.payload = to_bytes(payload);
  fields.qos = Qos::kAtLeastOnce;
  fields.retain = retain;
  return Message::make(fields);
}

std::vector<std::string> state_of(SessionStore& store) { return replay(store); }
std::vector<std::string> state_of(SqliteFile& file) { return replay(file); }

std::string RandomChanges::client() { return "client-" + std::to_string(random_.below(4)); }

void RandomChanges::next(const std::vector<StoreSink*>& to) {
  const auto all = [&](auto&& change) {
    for (StoreSink* sink : to) change(*sink);
  };
  const auto payload = [&] { return random_.alphanumeric(random_.below(60)); };
  const std::string id = client();
  if (random_.chance(0.15)) {
    const std::string topic = "retained/" + std::to_string(random_.below(5));
    if (random_.chance(0.3)) return all([&](StoreSink& sink) { sink.drop_retained(topic); });
    const auto retained = message(topic, payload(), true);
    return all([&](StoreSink& sink) { sink.put_retained(retained, WallTime::max()); });
  }
  if (!sessions_.contains(id) || random_.chance(0.05)) {
    sessions_[id];
    SessionRecord record{id, "user", static_cast<uint32_t>(1 + random_.below(1000)),
                         random_.chance(0.5), WallTime::max(), nullptr};
    return all([&](StoreSink& sink) { sink.put_session(record); });
  }
  Session& session = sessions_[id];
  const auto any = [&](const auto& set) {
    return *std::next(set.begin(), static_cast<std::ptrdiff_t>(random_.below(set.size())));
  };
  switch (random_.below(10)) {
    case 0:
      if (random_.chance(0.8)) break;
      sessions_.erase(id);
      return all([&](StoreSink& sink) { sink.drop_session(id); });
    case 1: {
      const std::string filter = "filter/" + std::to_string(random_.below(3));
      if (random_.chance(0.4)) {
        return all([&](StoreSink& sink) { sink.drop_subscription(id, filter); });
      }
      const SubscriptionRecord record{id, filter, {Qos::kAtLeastOnce}, 7};
      return all([&](StoreSink& sink) { sink.put_subscription(record); });
    }
    case 2: return all([&](StoreSink& sink) { sink.put_sent(id, session.next); });
    case 3:
      if (session.queue.empty()) break;
      if (const uint64_t n = any(session.queue); session.released.insert(n).second) {
        // What was released had been sent.
        return all([&](StoreSink& sink) {
          sink.put_sent(id, session.next);
          sink.release_queued(id, n);
        });
      }
      break;
    case 4: {
      const auto packet_id = static_cast<uint16_t>(1 + random_.below(20));
      if (session.inbound.erase(packet_id) > 0) {
        return all([&](StoreSink& sink) { sink.drop_inbound(id, packet_id); });
      }
      session.inbound.insert(packet_id);
      return all([&](StoreSink& sink) { sink.put_inbound(id, packet_id); });
    }
    case 5:
    case 6:
    case 7: {
      if (session.queue.empty()) break;
      const uint64_t n = random_.chance(0.7) ? *session.queue.begin() : any(session.queue);
      session.queue.erase(n);
      session.released.erase(n);
      return all([&](StoreSink& sink) { sink.drop_queued(id, n); });
    }
    default: break;
  }
  // One message for this session or for all.
  const auto queued = message("topic", payload());
  const bool fan_out = random_.chance(0.2);
  for (auto& [name, receiver] : sessions_) {
    if (!fan_out && name != id) continue;
    const uint64_t n = receiver.next++;
    receiver.queue.insert(n);
    const QueuedRecord record{name, n, queued, WallTime::max(), 3, 0x32, 1};
    all([&](StoreSink& sink) { sink.put_queued(record); });
  }
}

}  // namespace mq::test
