#include "codec/frame_reader.h"

#include <algorithm>

#include "codec/varint.h"

namespace mq {
namespace {

enum class HeaderStatus : uint8_t { kOk, kIncomplete, kMalformed, kTooLarge };

struct Header {
  HeaderStatus status;
  uint8_t size;
  uint32_t remaining_length;
};

inline Header read_header(Bytes in, uint32_t packet_max) {
  if (in.size() < 2) return {HeaderStatus::kIncomplete, 0, 0};
  const Varint varint = load_varint(in.data() + 1, in.size() - 1);
  const auto size = static_cast<uint8_t>(1 + varint.size);
  if (varint.status != VarintStatus::kOk) {
    return {varint.status == VarintStatus::kIncomplete ? HeaderStatus::kIncomplete
                                                       : HeaderStatus::kMalformed,
            size, 0};
  }
  return {varint.value + size > packet_max ? HeaderStatus::kTooLarge : HeaderStatus::kOk, size,
          varint.value};
}

tl::unexpected<DecodeError> error_of(HeaderStatus status) {
  return tl::unexpected(
      status == HeaderStatus::kTooLarge
          ? DecodeError{ReasonCode::kPacketTooLarge, 0, "packet is over the maximum packet size"}
          : DecodeError{ReasonCode::kMalformedPacket, 0, "remaining length is malformed"});
}

}  // namespace

Decoded<std::optional<Frame>> FrameReader::next(Bytes& in) {
  if (returned_) {
    // Idle connections keep no buffers; a new one costs less than the read that needs it.
    partial_.release();
    frame_size_ = 0;
    returned_ = false;
  }
  if (!partial_.empty()) return gather(in);

  const Header header = read_header(in, packet_max_);
  const uint32_t size = header.size + header.remaining_length;
  if (header.status == HeaderStatus::kOk && size <= in.size()) {
    const Frame frame{in[0], header.size, in.subspan(header.size, header.remaining_length)};
    in = in.subspan(size);
    return frame;
  }
  if (header.status <= HeaderStatus::kIncomplete) return gather(in);
  return error_of(header.status);
}

Decoded<std::optional<Frame>> FrameReader::gather(Bytes& in) {
  const auto take = [this, &in](size_t n) {
    partial_.append(in.first(n));
    in = in.subspan(n);
  };
  // Up to the end of the header byte by byte: what follows it may be the next frame.
  while (frame_size_ == 0) {
    const Header header = read_header(partial_.bytes(), packet_max_);
    if (header.status == HeaderStatus::kOk) {
      frame_size_ = header.size + header.remaining_length;
      header_size_ = header.size;
    } else if (header.status != HeaderStatus::kIncomplete) {
      return error_of(header.status);
    } else if (in.empty()) {
      return std::nullopt;
    } else {
      take(1);
    }
  }
  const size_t missing = frame_size_ - partial_.size();
  const size_t n = std::min(in.size(), missing);
  // Grows by doubling, but not beyond the frame once half of it is here.
  if (2 * (partial_.size() + n) >= frame_size_) partial_.reserve(missing);
  take(n);
  if (partial_.size() < frame_size_) return std::nullopt;

  returned_ = true;
  return Frame{partial_.data()[0], header_size_, partial_.bytes().subspan(header_size_)};
}

}  // namespace mq
