#include "io/http_proxy_filter.h"

#include <algorithm>
#include <string_view>

#include <fmt/core.h>

#include "base/base64.h"

namespace mq {
namespace {

class HttpProxyFilter final : public Filter {
 public:
  HttpProxyFilter(const Proxy& proxy, const Address& to) : proxy_(proxy), to_(to) {}

  Result<void> from_wire(Bytes in, Buffer& plain, Buffer& wire) override;
  Result<void> to_wire(Bytes plain, Buffer& wire) override {
    wire.append(plain);
    return {};
  }
  void finish(Buffer&) override {}
  bool open() const override { return open_; }

 private:
  Result<void> ask(Buffer& wire);
  Result<void> on_head(std::string_view head);
  tl::unexpected<Error> failure(ErrorCode code, std::string_view why) const {
    return fail(code, fmt::format("the proxy {} {}", proxy_.address.text(), why));
  }

  Proxy proxy_;
  Address to_;
  Buffer answer_;  // as much of the head as has come
  bool asked_ = false;
  bool open_ = false;
};

Result<void> HttpProxyFilter::from_wire(Bytes in, Buffer& plain, Buffer& wire) {
  if (open_) {
    plain.append(in);
    return {};
  }
  if (!asked_) MQ_CHECK(ask(wire));
  answer_.append(in);
  const std::string_view text = to_string_view(answer_.bytes());
  constexpr std::string_view kEnd = "\r\n\r\n";
  const size_t end = text.substr(0, kProxyAnswerMax).find(kEnd);
  if (end == std::string_view::npos) {
    if (text.size() < kProxyAnswerMax) return {};
    return failure(ErrorCode::kProtocol, "does not speak HTTP");
  }
  MQ_CHECK(on_head(text.substr(0, end)));
  open_ = true;
  plain.append(answer_.bytes().subspan(end + kEnd.size()));
  answer_.clear();
  return {};
}

Result<void> HttpProxyFilter::ask(Buffer& wire) {
  asked_ = true;
  const auto is_odd = [](char c) { return static_cast<uint8_t>(c) <= ' ' || c == 0x7F; };
  if (std::ranges::any_of(to_.host, is_odd)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no host name", to_.host));
  }
  wire.append(fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", to_.text()));
  if (proxy_.user_name) {
    const std::string pair = fmt::format("{}:{}", *proxy_.user_name, proxy_.password);
    wire.append(fmt::format("Proxy-Authorization: Basic {}\r\n", encode_base64(to_bytes(pair))));
  }
  wire.append("\r\n");
  return {};
}

// "HTTP/1.1 200 Connection established" and headers that do not matter.
Result<void> HttpProxyFilter::on_head(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t blank = line.find(' ');
  if (!line.starts_with("HTTP/1.") || blank == std::string_view::npos) {
    return failure(ErrorCode::kProtocol, "does not speak HTTP");
  }
  const std::string_view status = line.substr(blank + 1);
  if (status.starts_with('2')) return {};
  if (status.starts_with("407")) {
    return failure(ErrorCode::kNotAuthorized,
                   proxy_.user_name ? "does not take the user name and password"
                                    : "wants a user name and password: give them in its URL");
  }
  return failure(ErrorCode::kRefused, fmt::format("cannot connect to {}: {}", to_.text(), status));
}

}  // namespace

std::unique_ptr<Filter> http_proxy_filter(const Proxy& proxy, const Address& to) {
  return std::make_unique<HttpProxyFilter>(proxy, to);
}

}  // namespace mq
