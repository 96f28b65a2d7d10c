// Protocol Buffers without their schema, as `protoc --decode_raw` shows them.
#pragma once

#include <cstddef>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/result.h"

namespace mq {

// Messages within messages; what is deeper is shown as a string. A byte is looked at once for each
// level, and a line is at most so much indented.
inline constexpr size_t kProtobufDepthMax = 32;
// The text of one message can be fifty times as long as the message.
inline constexpr size_t kProtobufSizeMax = 1024 * 1024;

// Appends a line for each field, "NUMBER: VALUE": varints in decimal, fixed-size values in
// hexadecimal, and what has a length as the message that it could be, else as a string:
//
//   1: 150
//   2: "testing"
//   3 {
//     1: 0x0000000a
//   }
//
// An error is a clause, "is not ...", and nothing is appended then.
Result<void> protobuf_to_text(Bytes message, Buffer& out);

}  // namespace mq
