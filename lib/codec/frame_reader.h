// Cuts packets out of a byte stream.
#pragma once

#include <optional>

#include "base/buffer.h"
#include "codec/decode_error.h"
#include "codec/limits.h"
#include "codec/packet.h"

namespace mq {

// A frame that lies whole in the input is returned in place; one that is split is gathered in the
// reader, whose memory follows the bytes that arrived and never the length that was announced.
class FrameReader {
 public:
  // The largest packet that is taken, fixed header included [MQTT-3.2.2-15]; a larger one is
  // kPacketTooLarge as soon as its length is known.
  void set_packet_max(uint32_t bytes) { packet_max_ = bytes; }

  // Takes bytes from the front of `in`. Nothing means that `in` is used up and more is needed.
  // The frame borrows from `in` or from the reader, until the next call. After an error the
  // reader is of no further use: the stream has lost its frame boundaries.
  Decoded<std::optional<Frame>> next(Bytes& in);

  // Bytes held of a packet that is not complete yet.
  size_t pending() const { return returned_ ? 0 : partial_.size(); }
  // Bytes of memory held; none between whole frames.
  size_t memory() const { return partial_.capacity(); }

 private:
  Decoded<std::optional<Frame>> gather(Bytes& in);

  Buffer partial_;           // the start of a split frame, or a split frame just returned
  uint32_t frame_size_ = 0;  // of the frame in partial_ once its header is complete, else 0
  uint32_t packet_max_ = kPacketMax;
  uint8_t header_size_ = 0;  // of the frame in partial_, known together with frame_size_
  bool returned_ = false;    // partial_ holds the frame of the last call: drop it first
};

}  // namespace mq
