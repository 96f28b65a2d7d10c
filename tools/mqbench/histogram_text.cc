#include "mqbench/histogram_text.h"

#include <zlib.h>

#include <cassert>
#include <cstdint>

#include "base/buffer.h"
#include "base/bytes.h"

namespace mq {
namespace {

constexpr uint32_t kCookieCompressedV2 = 0x1c849314;

// RFC 4648 section 4.
std::string base64(Bytes bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = uint32_t{bytes[i]} << 16;
    if (i + 1 < bytes.size()) group |= uint32_t{bytes[i + 1]} << 8;
    if (i + 2 < bytes.size()) group |= bytes[i + 2];
    text += kAlphabet[group >> 18];
    text += kAlphabet[group >> 12 & 63];
    text += i + 1 < bytes.size() ? kAlphabet[group >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
  return text;
}

}  // namespace

std::string to_base64(const Histogram& histogram) {
  Buffer body;
  histogram.encode(body);
  Buffer envelope;
  uLongf size = compressBound(static_cast<uLong>(body.size()));
  envelope.put_be32(kCookieCompressedV2);
  envelope.put_be32(0);
  uint8_t* const to = envelope.grow(size);
  const int status =
      compress2(to, &size, body.data(), static_cast<uLong>(body.size()), Z_BEST_COMPRESSION);
  assert(status == Z_OK);  // the buffer is as large as it can get
  static_cast<void>(status);
  envelope.truncate(8 + size);
  store_be32(envelope.data() + 4, static_cast<uint32_t>(size));
  return base64(envelope.bytes());
}

}  // namespace mq
