#include "codec/frame_reader.h"

#include <algorithm>

#include "codec/varint.h"

namespace mq {
namespace {

struct Header {
  uint8_t size = 0;  // 0 when bytes are missing
  uint32_t remaining_length = 0;
};

Decoded<Header> read_header(Bytes in, uint32_t packet_max) {
  if (in.size() < 2) return Header{};
  const Varint varint = load_varint(in.data() + 1, in.size() - 1);
  if (varint.status == VarintStatus::kIncomplete) return Header{};
  if (varint.status == VarintStatus::kMalformed) {
    return tl::unexpected(
        DecodeError{ReasonCode::kMalformedPacket, 0, "remaining length is malformed"});
  }
  const auto size = static_cast<uint8_t>(1 + varint.size);
  if (varint.value + size > packet_max) {
    return tl::unexpected(
        DecodeError{ReasonCode::kPacketTooLarge, 0, "packet is over the maximum packet size"});
  }
  return Header{size, varint.value};
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

  const Decoded<Header> header = read_header(in, packet_max_);
  if (!header) return tl::unexpected(header.error());
  const size_t size = size_t{header->size} + header->remaining_length;
  if (header->size == 0 || in.size() < size) return gather(in);
  const Frame frame{in[0], header->size, in.subspan(header->size, header->remaining_length)};
  in = in.subspan(size);
  return frame;
}

Decoded<std::optional<Frame>> FrameReader::gather(Bytes& in) {
  const auto take = [this, &in](size_t n) {
    partial_.append(in.first(n));
    in = in.subspan(n);
  };
  // Up to the end of the header byte by byte: what follows it may be the next frame.
  while (frame_size_ == 0) {
    const Decoded<Header> header = read_header(partial_.bytes(), packet_max_);
    if (!header) return tl::unexpected(header.error());
    if (header->size != 0) {
      frame_size_ = size_t{header->size} + header->remaining_length;
    } else if (in.empty()) {
      return std::nullopt;
    } else {
      take(1);
    }
  }
  const size_t n = std::min(in.size(), frame_size_ - partial_.size());
  // Grows by doubling, but not beyond the frame once half of it is here.
  if (2 * (partial_.size() + n) >= frame_size_) partial_.reserve(frame_size_ - partial_.size());
  take(n);
  if (partial_.size() < frame_size_) return std::nullopt;

  returned_ = true;
  const Header header = *read_header(partial_.bytes(), packet_max_);
  return Frame{partial_.data()[0], header.size, partial_.bytes().subspan(header.size)};
}

}  // namespace mq
