#include "mqbench/metrics_server.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "common/options.h"
#include "io/transport.h"

namespace mq {
namespace {

std::string_view reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 431: return "Request Header Fields Too Large";
    default: return "Bad Request";
  }
}

std::string response(int status, std::string_view text) {
  const std::string body =
      status == 200 ? std::string(text) : fmt::format("{} {}\n", status, reason(status));
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
      "Content-Length: {}\r\nConnection: close\r\n{}\r\n{}",
      status, reason(status), body.size(), status == 405 ? "Allow: GET\r\n" : "", body);
}

}  // namespace

std::optional<int> HttpRequest::receive(Bytes bytes) {
  head_ += to_string_view(bytes.first(std::min(bytes.size(), kSizeMax + 1 - head_.size())));
  const size_t end = head_.find("\r\n\r\n");
  if (end == std::string::npos) {
    return head_.size() > kSizeMax ? std::optional(431) : std::nullopt;
  }
  const std::string_view line = std::string_view(head_).substr(0, head_.find("\r\n"));
  const size_t first = line.find(' ');
  const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1.")) {
    return 400;
  }
  if (line.substr(0, first) != "GET") return 405;
  const std::string_view target = line.substr(first + 1, second - first - 1);
  return target.substr(0, target.find('?')) == "/metrics" ? 200 : 404;
}

class MetricsServer::Connection final : private Transport::Owner, private BeforeSleep {
 public:
  Connection(MetricsServer& server, uint64_t id, UvStream stream)
      : server_(server),
        id_(id),
        transport_(std::move(stream)),
        patience_(server.loop_, [this](Now) { drop(); }) {
    patience_.set(server.loop_.now().mono + kPatience);
    transport_.start(*this);
  }

 private:
  void received(Bytes bytes, Now) override {
    if (answered_) return;
    const std::optional<int> status = request_.receive(bytes);
    if (!status) return;
    answered_ = true;
    const std::string text = response(*status, *status == 200 ? server_.text_() : "");
    out_.append(to_bytes(text));
    server_.loop_.once(*this);
  }
  void writable(Now) override { server_.loop_.once(*this); }
  void before_sleep(Now) override {
    if (transport_.closing()) return;
    OutBatch& batch = server_.loop_.batch();
    while (!out_.empty() && !transport_.busy()) {
      const size_t n = std::min(out_.size(), batch.scratch_left());
      batch.append(out_.bytes().first(n));
      out_.consume(n);
      transport_.write(batch);
    }
    if (out_.empty()) transport_.close();
  }
  void closed(const Error&, Now) override { drop(); }
  void drop() { server_.connections_.erase(id_); }  // destroys this

  MetricsServer& server_;
  const uint64_t id_;
  Transport transport_;
  Timer patience_;
  HttpRequest request_;
  Buffer out_;
  bool answered_ = false;
};

MetricsServer::MetricsServer(Loop& loop, Text text) : loop_(loop), text_(std::move(text)) {}
MetricsServer::~MetricsServer() = default;

Result<std::unique_ptr<MetricsServer>> MetricsServer::open(Loop& loop, const Address& address,
                                                           Text text) {
  std::unique_ptr<MetricsServer> server(new MetricsServer(loop, std::move(text)));
  MQ_TRY(server->listeners_, listen_on(loop, address, [to = server.get()](UvStream stream) {
           to->accepted(std::move(stream));
         }));
  return server;
}

std::string MetricsServer::url() const {
  return fmt::format("http://{}/metrics", listeners_.front()->text());
}

void MetricsServer::accepted(UvStream stream) {
  if (connections_.size() >= kConnectionsMax) return;  // the stream closes
  const uint64_t id = ++last_connection_;
  connections_.emplace(id, std::make_unique<Connection>(*this, id, std::move(stream)));
}

Result<Address> parse_metrics_address(std::string_view text) {
  const auto invalid = [text] {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("Invalid address of --prom given: {}, it must be [ADDRESS:]PORT.", text));
  };
  const size_t colon = text.rfind(':');
  const auto port = parse_number(colon == std::string_view::npos ? text : text.substr(colon + 1));
  if (!port || *port > 65535) return invalid();
  Address address;
  address.host = "127.0.0.1";
  address.port = static_cast<uint16_t>(*port);
  if (colon == std::string_view::npos) return address;
  const Result<Address> given = parse_host_port(text, 0);
  if (!given || given->host.empty()) return invalid();
  return *given;
}

}  // namespace mq
