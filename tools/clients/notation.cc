#include "clients/notation.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "clients/protobuf_raw.h"

namespace mq {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr size_t kDepthMax = 1000;  // of arrays and objects in each other

tl::unexpected<Error> not_in(std::string_view notation) {
  return fail(ErrorCode::kMalformed, fmt::format("is not {}", notation));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

Result<void> from_hex(std::string_view text, Buffer& out) {
  int high = -1;
  for (const char c : text) {
    if (is_blank(c)) continue;
    const int digit = hex_digit(c);
    if (digit < 0) return not_in("hexadecimal");
    if (high < 0) {
      high = digit;
    } else {
      out.put_u8(static_cast<uint8_t>(high << 4 | digit));
      high = -1;
    }
  }
  if (high >= 0) return not_in("hexadecimal: it has an odd number of digits");
  return {};
}

Result<void> from_base64(std::string_view text, Buffer& out) {
  uint32_t bits = 0;
  size_t digits = 0, padding = 0;
  for (const char c : text) {
    if (is_blank(c)) continue;
    const size_t value = kBase64Digits.find(c);
    if (c == '=') {
      ++padding;
    } else if (value == std::string_view::npos || padding > 0) {
      return not_in("base64");
    } else {
      bits = bits << 6 | static_cast<uint32_t>(value);
      if (++digits % 4 == 0) {
        out.put_u8(static_cast<uint8_t>(bits >> 16));
        out.put_u8(static_cast<uint8_t>(bits >> 8));
        out.put_u8(static_cast<uint8_t>(bits));
      }
    }
  }
  const size_t left = digits % 4;
  // Padding may be left out, but not be wrong.
  if (left == 1 || (padding > 0 && (left + padding) % 4 != 0)) return not_in("base64");
  if (left == 2) out.put_u8(static_cast<uint8_t>(bits >> 4));
  if (left == 3) {
    out.put_u8(static_cast<uint8_t>(bits >> 10));
    out.put_u8(static_cast<uint8_t>(bits >> 2));
  }
  return {};
}

// Builds a document, but no deeper than what walks it recursively can bear: the reader of the
// binary forms, and dump().
class Builder : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  explicit Builder(Json& to) : json_sax_dom_parser(to, false) {}
  bool start_object(size_t size) {
    return ++depth_ <= kDepthMax && json_sax_dom_parser::start_object(size);
  }
  bool end_object() {
    --depth_;
    return json_sax_dom_parser::end_object();
  }
  bool start_array(size_t size) {
    return ++depth_ <= kDepthMax && json_sax_dom_parser::start_array(size);
  }
  bool end_array() {
    --depth_;
    return json_sax_dom_parser::end_array();
  }

 private:
  size_t depth_ = 0;
};

Result<Json> parsed(Bytes bytes, nlohmann::json::input_format_t format, std::string_view notation) {
  Json json;
  Builder builder(json);
  try {
    if (Json::sax_parse(bytes.begin(), bytes.end(), &builder, format)) return json;
  } catch (const nlohmann::json::exception&) {
    // A length that no memory could hold.
  }
  return not_in(notation);
}

void append_json_text(Buffer& out, const Json& json) {
  out.append(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

void append_hex(Buffer& out, Bytes bytes) {
  for (const uint8_t byte : bytes) {
    out.put_u8(static_cast<uint8_t>("0123456789abcdef"[byte >> 4]));
    out.put_u8(static_cast<uint8_t>("0123456789abcdef"[byte & 15]));
  }
}

void append_base64(Buffer& out, Bytes bytes) {
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = std::min<size_t>(bytes.size() - i, 3);
    uint32_t bits = uint32_t{bytes[i]} << 16;
    if (n > 1) bits |= uint32_t{bytes[i + 1]} << 8;
    if (n > 2) bits |= bytes[i + 2];
    uint8_t* to = out.grow(4);
    for (size_t k = 0; k < 4; ++k) {
      to[k] =
          k <= n ? static_cast<uint8_t>(kBase64Digits[(bits >> (18 - 6 * k)) & 63]) : uint8_t{'='};
    }
  }
}

Result<void> from_text(Notation notation, std::string_view text, Buffer& out) {
  using Format = nlohmann::json::input_format_t;
  if (notation == Notation::kHex) return from_hex(text, out);
  if (notation == Notation::kBase64) return from_base64(text, out);
  MQ_TRY(const Json json, parsed(to_bytes(text), Format::json, "JSON"));
  switch (notation) {
    case Notation::kCbor: out.append(Bytes(Json::to_cbor(json))); break;
    case Notation::kMsgpack: out.append(Bytes(Json::to_msgpack(json))); break;
    default: append_json_text(out, json); break;
  }
  return {};
}

namespace {

bool is_printable(std::string_view text) {
  return is_utf8(text) && std::ranges::none_of(text, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte == 0x7F || (byte < 0x20 && c != '\t' && c != '\n' && c != '\r');
         });
}

// Text comes before the binary forms: a letter alone is a number in MessagePack. For the same
// reason these count as such only when they are arrays or objects, which no text begins as.
void append_recognized(Bytes bytes, Buffer& out) {
  using Format = nlohmann::json::input_format_t;
  if (from_text(Notation::kJson, to_string_view(bytes), out)) return;
  if (is_printable(to_string_view(bytes))) return out.append(bytes);
  for (const Format format : {Format::cbor, Format::msgpack}) {
    const auto json = parsed(bytes, format, "");
    if (json && json->is_structured()) return append_json_text(out, *json);
  }
  append_hex(out, bytes);
}

}  // namespace

Result<void> to_text(Notation notation, Bytes bytes, Buffer& out) {
  using Format = nlohmann::json::input_format_t;
  switch (notation) {
    case Notation::kHex: append_hex(out, bytes); return {};
    case Notation::kBase64: append_base64(out, bytes); return {};
    case Notation::kJson: return from_text(notation, to_string_view(bytes), out);
    case Notation::kCbor: {
      MQ_TRY(const Json json, parsed(bytes, Format::cbor, "CBOR (tags are not understood)"));
      append_json_text(out, json);
      return {};
    }
    case Notation::kMsgpack: {
      MQ_TRY(const Json json, parsed(bytes, Format::msgpack, "MessagePack"));
      append_json_text(out, json);
      return {};
    }
    case Notation::kProtobufRaw: return protobuf_to_text(bytes, out);
    case Notation::kAuto: append_recognized(bytes, out); return {};
  }
  return {};
}

}  // namespace mq
