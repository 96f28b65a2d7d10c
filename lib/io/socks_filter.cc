#include "io/socks_filter.h"

#include <netinet/in.h>

#include <fmt/core.h>

#include "io/socket_address.h"

namespace mq {
namespace {

constexpr uint8_t kVersion = 5;
constexpr uint8_t kNoAuthentication = 0;
constexpr uint8_t kUserNamePassword = 2;
constexpr uint8_t kAuthenticationVersion = 1;  // RFC 1929 section 2
constexpr uint8_t kConnect = 1;
constexpr uint8_t kIpV4 = 1, kDomainName = 3, kIpV6 = 4;
constexpr size_t kTextMax = 255;

// RFC 1928 section 6.
const char* reply_text(uint8_t reply) {
  switch (reply) {
    case 1: return "general failure";
    case 2: return "its rules do not allow the connection";
    case 3: return "network unreachable";
    case 4: return "host unreachable";
    case 5: return "connection refused";
    case 6: return "time to live expired";
    case 7: return "it does not know the command";
    case 8: return "it does not know the type of address";
    default: return "unknown reply";
  }
}

class SocksFilter final : public Filter {
 public:
  SocksFilter(const Proxy& proxy, const Address& to) : proxy_(proxy), to_(to) {}

  Result<void> from_wire(Bytes in, Buffer& plain, Buffer& wire) override;
  Result<void> to_wire(Bytes plain, Buffer& wire) override {
    wire.append(plain);
    return {};
  }
  void finish(Buffer&) override {}
  bool open() const override { return state_ == State::kOpen; }

 private:
  enum class State : uint8_t { kStart, kMethod, kAuthentication, kReply, kOpen };

  // Whether a whole answer was there; it is used up then.
  Result<bool> step(Buffer& wire);
  Result<bool> on_method(Buffer& wire);
  Result<bool> on_authentication(Buffer& wire);
  Result<bool> on_reply();
  void ask(Buffer& wire);
  tl::unexpected<Error> failure(ErrorCode code, std::string_view why) const {
    return fail(code, fmt::format("the proxy {} {}", proxy_.address.text(), why));
  }

  Proxy proxy_;
  Address to_;
  State state_ = State::kStart;
  Buffer answer_;  // as much of the next one as has come
};

Result<void> SocksFilter::from_wire(Bytes in, Buffer& plain, Buffer& wire) {
  if (state_ == State::kOpen) {
    plain.append(in);
    return {};
  }
  if (state_ == State::kStart) {
    if (to_.host.size() > kTextMax) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no host name", to_.host));
    }
    wire.put_u8(kVersion);
    wire.put_u8(proxy_.user_name ? 2 : 1);
    wire.put_u8(kNoAuthentication);
    if (proxy_.user_name) wire.put_u8(kUserNamePassword);
    state_ = State::kMethod;
  }
  answer_.append(in);
  while (state_ != State::kOpen) {
    MQ_TRY(const bool stepped, step(wire));
    if (!stepped) return {};
  }
  plain.append(answer_.bytes());  // what the server has said already
  answer_.release();
  return {};
}

Result<bool> SocksFilter::step(Buffer& wire) {
  switch (state_) {
    case State::kMethod: return on_method(wire);
    case State::kAuthentication: return on_authentication(wire);
    default: return on_reply();
  }
}

Result<bool> SocksFilter::on_method(Buffer& wire) {
  if (answer_.size() < 2) return false;
  const uint8_t version = answer_.data()[0], method = answer_.data()[1];
  answer_.consume(2);
  if (version != kVersion) return failure(ErrorCode::kProtocol, "does not speak SOCKS 5");
  if (method == kNoAuthentication) {
    ask(wire);
    return true;
  }
  if (method != kUserNamePassword || !proxy_.user_name) {
    return failure(ErrorCode::kNotAuthorized,
                   "wants a user name and password: give them in its URL");
  }
  wire.put_u8(kAuthenticationVersion);
  for (const std::string& text : {*proxy_.user_name, proxy_.password}) {
    wire.put_u8(static_cast<uint8_t>(text.size()));
    wire.append(text);
  }
  state_ = State::kAuthentication;
  return true;
}

Result<bool> SocksFilter::on_authentication(Buffer& wire) {
  if (answer_.size() < 2) return false;
  const uint8_t status = answer_.data()[1];
  answer_.consume(2);
  if (status != 0) {
    return failure(ErrorCode::kNotAuthorized, "does not take the user name and password");
  }
  ask(wire);
  return true;
}

void SocksFilter::ask(Buffer& wire) {
  wire.put_u8(kVersion);
  wire.put_u8(kConnect);
  wire.put_u8(0);
  const auto numeric = numeric_address(to_.host, to_.port);
  if (!numeric) {
    wire.put_u8(kDomainName);
    wire.put_u8(static_cast<uint8_t>(to_.host.size()));
    wire.append(to_.host);
  } else if (numeric->family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(numeric->storage);
    wire.put_u8(kIpV4);
    wire.append(Bytes(reinterpret_cast<const uint8_t*>(&v4.sin_addr), 4));
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(numeric->storage);
    wire.put_u8(kIpV6);
    wire.append(Bytes(v6.sin6_addr.s6_addr, 16));
  }
  wire.put_be16(to_.port);
  state_ = State::kReply;
}

// The address in it, of the proxy's own end, is of no use to us.
Result<bool> SocksFilter::on_reply() {
  if (answer_.size() < 5) return false;
  const uint8_t* data = answer_.data();
  if (data[0] != kVersion) return failure(ErrorCode::kProtocol, "does not speak SOCKS 5");
  if (data[1] != 0) {
    return failure(data[1] == 5 ? ErrorCode::kRefused : ErrorCode::kUnreachable,
                   fmt::format("cannot connect to {}: {}", to_.text(), reply_text(data[1])));
  }
  size_t size = 4 + 2;
  switch (data[3]) {
    case kIpV4: size += 4; break;
    case kIpV6: size += 16; break;
    case kDomainName: size += 1 + size_t{data[4]}; break;
    default: return failure(ErrorCode::kProtocol, "sent an address of an unknown type");
  }
  if (answer_.size() < size) return false;
  answer_.consume(size);
  state_ = State::kOpen;
  return true;
}

}  // namespace

std::unique_ptr<Filter> socks_filter(const Proxy& proxy, const Address& to) {
  return std::make_unique<SocksFilter>(proxy, to);
}

}  // namespace mq
