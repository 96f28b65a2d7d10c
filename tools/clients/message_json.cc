#include "clients/message_json.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "clients/local_time.h"
#include "clients/notation.h"

namespace mq {
namespace {

void append_number(Buffer& out, uint64_t number) {
  const fmt::format_int digits(number);
  out.append(std::string_view(digits.data(), digits.size()));
}

// `text` as a JSON string. REQUIRES: it is UTF-8
void append_string(Buffer& out, std::string_view text) {
  constexpr std::string_view kShort = "btn?fr";  // escapes of 0x08 to 0x0D
  out.put_u8('"');
  size_t plain = 0;  // start of what has still to be copied
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<uint8_t>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    out.put_u8('\\');
    if (c >= 0x20) {
      out.put_u8(c);
    } else if (c >= 0x08 && c <= 0x0D && c != 0x0B) {
      out.put_u8(static_cast<uint8_t>(kShort[c - 0x08]));
    } else {
      out.append(fmt::format("u{:04x}", c));
    }
  }
  out.append(text.substr(plain));
  out.put_u8('"');
}

void append_key(Buffer& out, std::string_view key) {
  if (out.bytes().back() != '{') out.put_u8(',');
  out.put_u8('"');
  out.append(key);
  out.append("\":");
}

// "KEY":"text", or "KEY_b64":"..." when it is no text.
void append_text(Buffer& out, std::string_view key, std::string_view text) {
  if (is_utf8(text)) {
    append_key(out, key);
    append_string(out, text);
  } else {
    append_key(out, std::string(key) + "_b64");
    out.put_u8('"');
    append_base64(out, to_bytes(text));
    out.put_u8('"');
  }
}

void append_user_properties(Buffer& out, const Properties& properties) {
  append_key(out, "user-properties");
  char before = '[';
  for (const Property& property : properties) {
    if (property.id != PropertyId::kUserProperty) continue;
    out.put_u8(static_cast<uint8_t>(before));
    before = ',';
    out.put_u8('{');
    append_string(out, property.text);
    out.put_u8(':');
    append_string(out, property.value);
    out.put_u8('}');
  }
  out.put_u8(']');
}

// One is a number, several are an array: overlapping subscriptions that matched together.
void append_subscription_ids(Buffer& out, const Properties& properties) {
  append_key(out, "subscription-identifier");
  std::vector<uint32_t> ids;
  for (const Property& property : properties) {
    if (property.id == PropertyId::kSubscriptionIdentifier) ids.push_back(property.number);
  }
  if (ids.size() > 1) out.put_u8('[');
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) out.put_u8(',');
    append_number(out, ids[i]);
  }
  if (ids.size() > 1) out.put_u8(']');
}

// In the order received; what may come several times stands where it came first.
void append_properties_object(Buffer& out, const Properties& properties) {
  out.put_u8('{');
  bool has_user = false, has_id = false;
  for (const Property& property : properties) {
    switch (type_of(property.id)) {
      case PropertyType::kUtf8Pair:
        if (!std::exchange(has_user, true)) append_user_properties(out, properties);
        break;
      case PropertyType::kVarint:
        if (!std::exchange(has_id, true)) append_subscription_ids(out, properties);
        break;
      case PropertyType::kUtf8:
      case PropertyType::kBinary: append_text(out, name(property.id), property.text); break;
      default:
        append_key(out, name(property.id));
        append_number(out, property.number);
        break;
    }
  }
  out.put_u8('}');
}

// "2026-11-22T13:14:24.204360+0000", quotes included.
void append_stamp(Buffer& out, WallTime at) {
  // Only the fraction changes more than once a second.
  static WallTime second = WallTime::min();
  static std::string before, after;
  if (const auto now = std::chrono::floor<std::chrono::seconds>(at); now != second) {
    second = now;
    before = format_time("\"%FT%T.", at);
    after = format_time("%z\"", at);
  }
  const fmt::format_int digits(1'000'000 + nanoseconds(at) / 1000);
  out.append(before);
  out.append(std::string_view(digits.data() + 1, 6));
  out.append(after);
}

// Everything but the payload and the closing brace.
void append_head(Buffer& out, const Publish& publish, WallTime received) {
  out.put_u8('{');
  append_key(out, "tst");
  append_stamp(out, received);
  append_key(out, "topic");
  append_string(out, publish.topic);
  append_key(out, "qos");
  append_number(out, static_cast<uint64_t>(publish.qos));
  append_key(out, "retain");
  out.append(publish.retain ? "true" : "false");
  append_key(out, "payloadlen");
  append_number(out, publish.payload.size());
  if (publish.qos != Qos::kAtMostOnce) {
    append_key(out, "mid");
    append_number(out, publish.packet_id);
  }
  if (publish.properties.empty()) return;
  append_key(out, "properties");
  append_properties_object(out, publish.properties);
}

// JSON without the white space between its tokens. REQUIRES: `json` is JSON
void append_minified(Buffer& out, std::string_view json) {
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') {
        out.put_u8(static_cast<uint8_t>(c));
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      continue;
    } else if (c == '"') {
      in_string = true;
    }
    out.put_u8(static_cast<uint8_t>(json[i]));
  }
}

// `compact` laid out as cJSON does: members of objects on lines of their own, indented by tabs, and
// a tab behind the colon; arrays in line. Beyond kIndentMax nothing is indented further: a payload
// of some megabytes that is nothing but brackets would take terabytes of tabs. REQUIRES: `compact`
// is JSON without white space
constexpr size_t kIndentMax = 100;

void append_pretty(Buffer& out, std::string_view compact) {
  size_t depth = 0;
  std::string brackets;  // open ones
  const auto new_line = [&] {
    out.put_u8('\n');
    for (size_t i = 0; i < std::min(depth, kIndentMax); ++i) out.put_u8('\t');
  };
  for (size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    switch (c) {
      case '"': {
        size_t end = i + 1;
        while (compact[end] != '"') end += compact[end] == '\\' ? 2 : 1;
        out.append(compact.substr(i, end + 1 - i));
        i = end;
        break;
      }
      case '{':
        brackets += c;
        ++depth;
        out.put_u8('{');
        if (compact[i + 1] != '}') {
          new_line();
        } else {
          out.put_u8('\n');
          for (size_t k = 1; k < std::min(depth, kIndentMax); ++k) out.put_u8('\t');
        }
        break;
      case '}':
        brackets.pop_back();
        --depth;
        if (compact[i - 1] != '{') new_line();
        out.put_u8('}');
        break;
      case '[':
        brackets += c;
        ++depth;
        out.put_u8('[');
        break;
      case ']':
        brackets.pop_back();
        --depth;
        out.put_u8(']');
        break;
      case ',':
        out.put_u8(',');
        if (brackets.back() == '{') {
          new_line();
        } else {
          out.put_u8(' ');
        }
        break;
      case ':': out.append(":\t"); break;
      default: out.put_u8(static_cast<uint8_t>(c)); break;
    }
  }
}

void append_payload_text(Buffer& out, std::string_view payload) {
  if (payload.empty() || !is_utf8(payload)) {
    append_key(out, "payload");
    out.append("null");
  }
  if (!payload.empty()) append_text(out, "payload", payload);
}

void append_compact(Buffer& out, const Publish& publish, WallTime received, JsonPayload payload) {
  const std::string_view text = to_string_view(publish.payload);
  append_head(out, publish, received);
  if (payload != JsonPayload::kText && !text.empty() && nlohmann::json::accept(text)) {
    append_key(out, "payload");
    append_minified(out, text);
  } else {
    append_payload_text(out, text);
  }
  out.put_u8('}');
}

}  // namespace

void append_properties_json(Buffer& out, const Properties& properties) {
  append_properties_object(out, properties);
}

bool append_json(Buffer& out, const Publish& publish, WallTime received, JsonStyle style) {
  const std::string_view text = to_string_view(publish.payload);
  if (style.payload == JsonPayload::kJson && !text.empty() && !nlohmann::json::accept(text)) {
    return false;
  }
  if (!style.pretty) {
    append_compact(out, publish, received, style.payload);
    return true;
  }
  Buffer compact;
  append_compact(compact, publish, received, style.payload);
  append_pretty(out, to_string_view(compact.bytes()));
  return true;
}

}  // namespace mq
