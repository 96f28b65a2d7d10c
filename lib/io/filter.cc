#include "io/filter.h"

namespace mq {
namespace {

class FilterPair final : public Filter {
 public:
  FilterPair(std::unique_ptr<Filter> lower, std::unique_ptr<Filter> upper)
      : lower_(std::move(lower)), upper_(std::move(upper)) {}

  Result<void> from_wire(Bytes in, Buffer& plain, Buffer& wire) override {
    Buffer middle, answer;
    // An error of the lower layer is reported after what came before it was handed on.
    const Result<void> lower = lower_->from_wire(in, middle, wire);
    // The upper one speaks first only once the lower one can carry it.
    if (!lower_->open()) return lower;
    const Result<void> upper = upper_->from_wire(middle.bytes(), plain, answer);
    if (!lower) return lower;
    if (!answer.empty()) MQ_CHECK(lower_->to_wire(answer.bytes(), wire));
    return upper;
  }

  Result<void> to_wire(Bytes plain, Buffer& wire) override {
    Buffer middle;
    MQ_CHECK(upper_->to_wire(plain, middle));
    return lower_->to_wire(middle.bytes(), wire);
  }

  void finish(Buffer& wire) override {
    if (!lower_->open()) return lower_->finish(wire);
    Buffer middle;
    upper_->finish(middle);
    // Nobody is left to be told of an error here.
    if (!middle.empty()) static_cast<void>(lower_->to_wire(middle.bytes(), wire));
    lower_->finish(wire);
  }

  bool open() const override { return lower_->open() && upper_->open(); }
  const PeerIdentity* peer_identity() const override {
    const PeerIdentity* const upper = upper_->peer_identity();
    return upper != nullptr ? upper : lower_->peer_identity();
  }
  TlsHandshake tls_handshake() const override {
    const TlsHandshake upper = upper_->tls_handshake();
    return upper != TlsHandshake::kNone ? upper : lower_->tls_handshake();
  }
  std::string_view peer() const override { return lower_->peer(); }
  std::string_view limit() const override {
    const std::string_view upper = upper_->limit();
    return upper.empty() ? lower_->limit() : upper;
  }

 private:
  std::unique_ptr<Filter> lower_, upper_;
};

}  // namespace

std::unique_ptr<Filter> stack(std::unique_ptr<Filter> lower, std::unique_ptr<Filter> upper) {
  return std::make_unique<FilterPair>(std::move(lower), std::move(upper));
}

}  // namespace mq
