#include "mqbench/histogram_text.h"

#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "base/bytes.h"

namespace mq {
namespace {

constexpr uint32_t kCookieCompressedV2 = 0x1c849314;
// The largest table that Histogram::decode() takes, nine bytes a count.
constexpr size_t kBodyMax = 48 * 1024 * 1024;
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 section 4.
std::string base64(Bytes bytes) {
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

std::optional<std::vector<uint8_t>> bytes_of(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::vector<uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0, count = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) bytes.push_back(static_cast<uint8_t>(bits >> (count -= 8)));
  }
  return bytes;
}

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

Result<Histogram> from_base64(std::string_view text) {
  const auto envelope = bytes_of(text);
  if (!envelope) return malformed("histogram: not in base64");
  if (envelope->size() < 8 || load_be32(envelope->data()) != kCookieCompressedV2) {
    return malformed("histogram: not in the compressed V2 encoding");
  }
  const auto body = inflated(Bytes(*envelope).subspan(8));
  if (!body) return malformed("histogram: cannot be decompressed");
  return Histogram::decode(*body);
}

}  // namespace mq
