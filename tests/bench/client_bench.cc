// Client session: what a message costs between publish() and its acknowledgement, without a
// network. The argument is the number of messages between two writes.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "client/client_session.h"

using namespace mq;

namespace {

constexpr Now kNow{Time(std::chrono::hours(1)), {}};
constexpr uint8_t kPuback = 0x40, kPubrec = 0x50, kPubcomp = 0x70;

class Exchange {
 public:
  explicit Exchange(Version version) : session_(options(version)) {
    session_.opened(kNow);
    produce();
    if (version == Version::kV5) {
      receive({0x20, 3, 0, 0, 0});
    } else {
      receive({0x20, 2, 0, 0});
    }
  }

  void publish(Qos qos) {
    const auto taken = session_.publish(
        {.topic = "bench/topic/name", .payload = to_bytes(payload_), .qos = qos}, kNow);
    if (!taken) std::abort();
  }

  void produce() {
    do {
      batch_.clear();
      session_.produce(batch_, kNow);
    } while (!batch_.empty());
  }

  void receive(const std::vector<uint8_t>& bytes) {
    Bytes in = bytes;
    for (;;) {
      const auto event = session_.receive(in, kNow);
      if (!event) std::abort();
      if (!event->has_value()) return;
    }
  }

  // One acknowledgement for each of the next `count` identifiers.
  void acknowledge(uint8_t type, int64_t count) {
    acks_.clear();
    uint16_t id = next_id_;
    for (int64_t i = 0; i < count; ++i, id = Inflight::id_after(id)) {
      acks_.insert(acks_.end(), {type, 2, static_cast<uint8_t>(id >> 8), static_cast<uint8_t>(id)});
    }
    receive(acks_);
    last_acknowledged_ = id;
  }
  void next_identifiers() { next_id_ = last_acknowledged_; }
  bool done() const { return session_.queued() == 0; }

 private:
  static ClientOptions options(Version version) {
    ClientOptions options;
    options.version = version;
    options.inflight_max = 65'535;
    return options;
  }

  ClientSession session_;
  OutBatch batch_;
  std::vector<uint8_t> acks_;
  std::string payload_ = std::string(64, 'x');
  uint16_t next_id_ = 1, last_acknowledged_ = 1;
};

void publish(benchmark::State& state, Version version, Qos qos) {
  const int64_t count = state.range(0);
  Exchange exchange(version);
  for (auto _ : state) {
    for (int64_t i = 0; i < count; ++i) exchange.publish(qos);
    exchange.produce();
    if (qos == Qos::kAtLeastOnce) exchange.acknowledge(kPuback, count);
    if (qos == Qos::kExactlyOnce) {
      exchange.acknowledge(kPubrec, count);
      exchange.produce();
      exchange.acknowledge(kPubcomp, count);
    }
    exchange.next_identifiers();
    if (!exchange.done()) std::abort();
  }
  state.SetItemsProcessed(state.iterations() * count);
}

}  // namespace

BENCHMARK_CAPTURE(publish, v311_qos0, Version::kV311, Qos::kAtMostOnce)->Arg(1)->Arg(64)->Arg(1000);
BENCHMARK_CAPTURE(publish, v311_qos1, Version::kV311, Qos::kAtLeastOnce)
    ->Arg(1)
    ->Arg(64)
    ->Arg(1000);
BENCHMARK_CAPTURE(publish, v311_qos2, Version::kV311, Qos::kExactlyOnce)
    ->Arg(1)
    ->Arg(64)
    ->Arg(1000);
BENCHMARK_CAPTURE(publish, v5_qos0, Version::kV5, Qos::kAtMostOnce)->Arg(64);
BENCHMARK_CAPTURE(publish, v5_qos1, Version::kV5, Qos::kAtLeastOnce)->Arg(64);
BENCHMARK_MAIN();
