#include "io/proxy_filter.h"

#include <optional>
#include <utility>

#include "io/proxy_header.h"

namespace mq {
namespace {

class ProxyFilter final : public Filter {
 public:
  explicit ProxyFilter(const ProxyOptions& options) : options_(options) {}

  Result<void> from_wire(Bytes in, Buffer& plain, Buffer&) override {
    if (open_) {
      plain.append(in);
      return {};
    }
    head_.append(in);
    MQ_TRY(std::optional<ProxyHeader> header, parse_proxy_header(head_.bytes()));
    if (!header) return {};
    MQ_CHECK(check(*header));
    open_ = true;
    peer_ = std::move(header->client);
    if (options_.tells_identity && !header->common_name.empty()) {
      identity_ =
          std::make_unique<PeerIdentity>(PeerIdentity{header->common_name, header->common_name});
    }
    plain.append(head_.bytes().subspan(header->size));
    head_.release();
    return {};
  }

  Result<void> to_wire(Bytes plain, Buffer& wire) override {
    wire.append(plain);
    return {};
  }
  void finish(Buffer&) override {}
  bool open() const override { return open_; }
  const PeerIdentity* peer_identity() const override { return identity_.get(); }
  std::string_view peer() const override { return peer_; }

 private:
  Result<void> check(const ProxyHeader& header) const {
    const auto refuse = [](const char* why) { return fail(ErrorCode::kProtocol, why); };
    if (header.is_v2 ? !options_.v2 : !options_.v1) {
      return refuse(header.is_v2 ? "the PROXY header is of version 2, and 1 is what is taken here"
                                 : "the PROXY header is of version 1, and 2 is what is taken here");
    }
    if (options_.require_tls && !header.tls) {
      return refuse("the client's connection to the proxy was without TLS");
    }
    if (options_.require_certificate && !header.verified) {
      return refuse("the client gave the proxy no certificate that it accepts");
    }
    return {};
  }

  const ProxyOptions options_;
  bool open_ = false;
  Buffer head_;
  std::string peer_;
  std::unique_ptr<PeerIdentity> identity_;
};

}  // namespace

std::unique_ptr<Filter> make_proxy_filter(const ProxyOptions& options) {
  return std::make_unique<ProxyFilter>(options);
}

}  // namespace mq
