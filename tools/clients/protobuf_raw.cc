#include "clients/protobuf_raw.h"

#include <optional>
#include <string_view>

#include <fmt/core.h>

namespace mq {
namespace {

enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kLength = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

constexpr uint64_t kFieldMax = (1 << 29) - 1;

struct Field {
  uint64_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t value = 0;  // of a varint or fixed-size field
  Bytes bytes;         // of one with a length
};

std::optional<uint64_t> take_varint(Bytes& in) {
  uint64_t value = 0;
  for (size_t i = 0; i < in.size() && i < 10; ++i) {
    if (i == 9 && in[i] > 1) return std::nullopt;  // over 64 bits
    value |= uint64_t{in[i] & 0x7FU} << (7 * i);
    if (in[i] < 0x80) {
      in = in.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> take_fixed(Bytes& in, size_t size) {
  if (in.size() < size) return std::nullopt;
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= uint64_t{in[i]} << (8 * i);
  in = in.subspan(size);
  return value;
}

// The field at the front of `in`; of a group only its start or end.
std::optional<Field> take_field(Bytes& in) {
  const auto key = take_varint(in);
  if (!key || *key >> 3 == 0 || *key >> 3 > kFieldMax || (*key & 7) > 5) return std::nullopt;
  Field field{.number = *key >> 3, .type = static_cast<WireType>(*key & 7), .bytes = {}};
  std::optional<uint64_t> value = 0;
  switch (field.type) {
    case WireType::kVarint:
    case WireType::kLength: value = take_varint(in); break;
    case WireType::kFixed64: value = take_fixed(in, 8); break;
    case WireType::kFixed32: value = take_fixed(in, 4); break;
    case WireType::kStartGroup:
    case WireType::kEndGroup: break;
  }
  if (!value) return std::nullopt;
  field.value = *value;
  if (field.type == WireType::kLength) {
    if (field.value > in.size()) return std::nullopt;
    field.bytes = in.first(static_cast<size_t>(field.value));
    in = in.subspan(static_cast<size_t>(field.value));
  }
  return field;
}

// Whether all of `in` is fields, whose groups are well nested and no deeper than may be.
bool is_message(Bytes in, size_t depth) {
  uint64_t open[kProtobufDepthMax];
  size_t groups = 0;
  while (!in.empty()) {
    const auto field = take_field(in);
    if (!field) return false;
    if (field->type == WireType::kStartGroup) {
      if (depth + groups >= kProtobufDepthMax) return false;
      open[groups++] = field->number;
    } else if (field->type == WireType::kEndGroup) {
      if (groups == 0 || open[--groups] != field->number) return false;
    }
  }
  return groups == 0;
}

// With C's escapes, octal ones as protoc has them.
void append_string(Bytes bytes, Buffer& out) {
  out.put_u8('"');
  for (const uint8_t byte : bytes) {
    switch (byte) {
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      case '"': out.append("\\\""); break;
      case '\'': out.append("\\'"); break;
      case '\\': out.append("\\\\"); break;
      default:
        if (byte >= 0x20 && byte < 0x7F) {
          out.put_u8(byte);
        } else {
          const uint8_t octal[] = {'\\', static_cast<uint8_t>('0' + (byte >> 6)),
                                   static_cast<uint8_t>('0' + (byte >> 3 & 7)),
                                   static_cast<uint8_t>('0' + (byte & 7))};
          out.append(Bytes(octal));
        }
    }
  }
  out.put_u8('"');
}

void append_indent(size_t depth, Buffer& out) {
  for (size_t i = 0; i < depth; ++i) out.append("  ");
}

// REQUIRES: is_message(in, depth)
void append_message(Bytes in, size_t depth, Buffer& out) {
  while (!in.empty()) {
    const Field field = *take_field(in);
    if (field.type == WireType::kEndGroup) {
      append_indent(--depth, out);
      out.append("}\n");
      continue;
    }
    append_indent(depth, out);
    out.append(fmt::format("{}", field.number));
    const bool nests = field.type == WireType::kLength && !field.bytes.empty() &&
                       depth + 1 < kProtobufDepthMax && is_message(field.bytes, depth + 1);
    if (nests) {
      out.append(" {\n");
      append_message(field.bytes, depth + 1, out);
      append_indent(depth, out);
      out.append("}\n");
      continue;
    }
    switch (field.type) {
      case WireType::kVarint: out.append(fmt::format(": {}\n", field.value)); break;
      case WireType::kFixed64: out.append(fmt::format(": 0x{:016x}\n", field.value)); break;
      case WireType::kFixed32: out.append(fmt::format(": 0x{:08x}\n", field.value)); break;
      case WireType::kLength:
        out.append(": ");
        append_string(field.bytes, out);
        out.put_u8('\n');
        break;
      case WireType::kStartGroup:
        out.append(" {\n");
        ++depth;
        break;
      case WireType::kEndGroup: break;  // above
    }
  }
}

}  // namespace

Result<void> protobuf_to_text(Bytes message, Buffer& out) {
  if (message.size() > kProtobufSizeMax) {
    return fail(
        ErrorCode::kTooLarge,
        fmt::format("is too large to be shown as Protocol Buffers: it has {} bytes, over {}",
                    message.size(), kProtobufSizeMax));
  }
  if (!is_message(message, 0)) return fail(ErrorCode::kMalformed, "is not Protocol Buffers");
  const size_t start = out.size();
  append_message(message, 0, out);
  // The last line ends as those of other notations do.
  if (out.size() > start) out.truncate(out.size() - 1);
  return {};
}

}  // namespace mq
