// Answers GET /metrics, and nothing else: an end point for Prometheus.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/buffer.h"
#include "base/result.h"
#include "io/address.h"
#include "io/listener.h"
#include "io/loop.h"

namespace mq {

// What of an HTTP request has come, and what is to be answered.
class HttpRequest {
 public:
  static constexpr size_t kSizeMax = 8 * 1024;  // of a request's head

  // Nothing until the head is complete, then the status: 200 for GET /metrics, else an error.
  std::optional<int> receive(Bytes bytes);

 private:
  std::string head_;
};

// One request a connection. Whoever sends nothing, too much or something else gets an error or is
// closed; a connection more than the most is closed at once.
class MetricsServer {
 public:
  static constexpr size_t kConnectionsMax = 16;
  static constexpr Duration kPatience = std::chrono::seconds(5);  // for a connection, in all

  using Text = std::function<std::string()>;

  static Result<std::unique_ptr<MetricsServer>> open(Loop& loop, const Address& address, Text text);
  ~MetricsServer();

  // "http://127.0.0.1:9090/metrics"
  std::string url() const;

 private:
  class Connection;

  MetricsServer(Loop& loop, Text text);
  void accepted(UvStream stream);

  Loop& loop_;
  const Text text_;
  Listeners listeners_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  uint64_t last_connection_ = 0;
};

// "[ADDRESS:]PORT", the loopback address without one.
Result<Address> parse_metrics_address(std::string_view text);

}  // namespace mq
