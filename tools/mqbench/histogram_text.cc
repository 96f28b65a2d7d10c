#include "mqbench/histogram_text.h"

#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/bytes.h"

namespace mq {
namespace {

constexpr uint32_t kCookieCompressedV2 = 0x1c849314;
// The largest table that Histogram::decode() takes, nine bytes a count.
constexpr size_t kBodyMax = 48 * 1024 * 1024;

// A zlib stream; nothing when it is none or larger than it may be.
std::optional<std::vector<uint8_t>> inflated(Bytes from) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return std::nullopt;
  stream.next_in = const_cast<Bytef*>(from.data());  // zlib's interface is older than const
  stream.avail_in = static_cast<uInt>(from.size());
  std::vector<uint8_t> to;
  int status = Z_OK;
  while (status == Z_OK && to.size() < kBodyMax) {
    const size_t had = to.size();
    to.resize(std::min(std::max<size_t>(had * 2, 4096), kBodyMax));
    stream.next_out = to.data() + had;
    stream.avail_out = static_cast<uInt>(to.size() - had);
    status = inflate(&stream, Z_NO_FLUSH);
    to.resize(to.size() - stream.avail_out);
    if (status == Z_OK && stream.avail_out > 0 && stream.avail_in == 0) break;  // cut off
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) return std::nullopt;
  return to;
}

tl::unexpected<Error> malformed(const char* what) {
  return fail(ErrorCode::kMalformed, what);
}

// Why such bytes are not read.
const char* what_else(uint32_t cookie) {
  constexpr uint32_t kWordSize = 0xf0;  // bits that older encodings have it in
  if ((cookie & ~kWordSize) == (kCookieCompressedV2 & ~kWordSize)) {
    return "histogram: in the compressed V2 encoding, but of another word size";
  }
  if ((cookie & ~kWordSize) == 0x1c849302 || (cookie & ~kWordSize) == 0x1c849309) {
    return "histogram: in the encoding V0 or V1, which are older; only V2 is read";
  }
  if (cookie == 0x0c72124f) {
    return "histogram: of real numbers (DoubleHistogram), which are not read";
  }
  return "histogram: not in the compressed V2 encoding";
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
  return encode_base64(envelope.bytes());
}

Result<Histogram> from_base64(std::string_view text) {
  const auto envelope = decode_base64(text);
  if (!envelope) return malformed("histogram: not in base64, or cut off");
  if (envelope->size() < 8) return malformed("histogram: shorter than its header");
  const uint32_t cookie = load_be32(envelope->data());
  if (cookie != kCookieCompressedV2) return malformed(what_else(cookie));
  const size_t size = load_be32(envelope->data() + 4);
  if (size > envelope->size() - 8) return malformed("histogram: cut off");
  const auto body = inflated(Bytes(*envelope).subspan(8, size));
  if (!body) return malformed("histogram: cannot be decompressed, or is too large");
  return Histogram::decode(*body);
}

}  // namespace mq
