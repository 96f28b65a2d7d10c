// Ways to write a payload as text: what --encode makes bytes of, and --decode makes of bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace mq {

enum class Notation : uint8_t {
  kHex,      // "00ff", blanks between the digits allowed
  kBase64,   // RFC 4648 section 4
  kJson,     // JSON on one line
  kCbor,     // RFC 8949, written as JSON
  kMsgpack,  // MessagePack, written as JSON
  // These are for showing only.
  kProtobufRaw,  // protobuf_raw.h
  kAuto,         // JSON, text, CBOR, MessagePack, else hexadecimal: the first that fits
};

// Appends the bytes that `text` stands for. An error is a clause: "is not ...". REQUIRES: a
// notation that is not for showing only
Result<void> from_text(Notation notation, std::string_view text, Buffer& out);
// Appends `bytes` as text.
Result<void> to_text(Notation notation, Bytes bytes, Buffer& out);

void append_hex(Buffer& out, Bytes bytes);
void append_base64(Buffer& out, Bytes bytes);

}  // namespace mq
