#include "clients/format.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <fmt/format.h>

#include "clients/escape.h"
#include "clients/local_time.h"
#include "clients/message_json.h"
#include "clients/notation.h"

namespace mq {
namespace {

constexpr std::string_view kConversions = "%tpxXbeldfqrmjJIUACDEFPRS";
constexpr std::string_view kSeparators = " !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~";
constexpr uint32_t kWidthMax = 100'000;

std::string_view utf8_character(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (static_cast<uint8_t>(text[size]) & 0xC0) == 0x80) ++size;
  return text.substr(0, size);
}

std::optional<char> unescaped(char letter) {
  switch (letter) {
    case '\\': return '\\';
    case '0': return '\0';
    case 'a': return '\a';
    case 'e': return '\x1B';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return std::nullopt;
  }
}

void append_padding(Buffer& out, char pad, size_t count) {
  if (count > 0) std::memset(out.grow(count), pad, count);
}

tl::unexpected<Error> no_fit(std::string text) {
  return fail(ErrorCode::kMalformed, std::move(text));
}

}  // namespace

// Goes through the text once, from the left.
class Format::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<std::vector<Piece>> parse() {
    while (!rest_.empty()) {
      const char c = take();
      if (c == '%') {
        MQ_CHECK(conversion());
      } else if (c == '@') {
        MQ_CHECK(time());
      } else if (c == '\\') {
        MQ_CHECK(escape());
      } else {
        text() += c;
      }
    }
    return std::move(pieces_);
  }

 private:
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  bool take_if(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // The piece that plain text is added to.
  std::string& text() {
    if (pieces_.empty() || pieces_.back().kind != Piece::Kind::kText) pieces_.emplace_back();
    return pieces_.back().text;
  }
  Result<void> incomplete(std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("Incomplete {} specifier.", what));
  }
  Result<void> invalid(std::string_view what) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("Invalid {} specifier '{}'.", what, utf8_character(rest_)));
  }

  std::optional<uint32_t> number() {
    std::optional<uint32_t> value;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value = std::min(value.value_or(0) * 10 + static_cast<uint32_t>(take() - '0'), kWidthMax);
    }
    return value;
  }

  Result<void> conversion() {
    Piece piece;
    piece.kind = Piece::Kind::kConversion;
    piece.left = take_if('-');
    if (take_if('0')) piece.pad = '0';
    piece.width = number().value_or(0);
    bool separates = false;
    if (take_if('.')) {
      piece.precision = static_cast<int32_t>(number().value_or(0));
      if (!named() && !rest_.empty() && kSeparators.find(rest_.front()) != std::string_view::npos) {
        piece.separator = take();
        separates = true;
      }
    }
    if (rest_.empty()) return incomplete("format");
    const char letter = rest_.front();
    if (letter == '{' && !separates) return name(std::move(piece));
    const bool is_known = kConversions.find(letter) != std::string_view::npos;
    if (!is_known || (separates && letter != 'x' && letter != 'X')) return invalid("format");
    piece.letter = take();
    if (piece.letter == '%') {
      text() += '%';
    } else {
      pieces_.push_back(std::move(piece));
    }
    return {};
  }

  // What %{NAME} at the front stands for. A brace may also separate groups of digits.
  std::optional<NamedField> named() const {
    const size_t end = rest_.find('}');
    if (!rest_.starts_with('{') || end == std::string_view::npos) return std::nullopt;
    return NamedField::parse(rest_.substr(1, end - 1));
  }
  Result<void> name(Piece piece) {
    const size_t end = rest_.find('}');
    if (end == std::string_view::npos) return incomplete("format");
    const std::optional<NamedField> field = named();
    if (!field) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("Invalid format specifier '{}', there are {{{}}}.",
                              rest_.substr(0, end + 1), NamedField::names()));
    }
    piece.kind = Piece::Kind::kNamed;
    piece.named = *field;
    rest_.remove_prefix(end + 1);
    pieces_.push_back(std::move(piece));
    return {};
  }

  Result<void> time() {
    if (rest_.empty()) return incomplete("format");
    const char letter = take();
    if (letter == '@') {
      text() += '@';
      return {};
    }
    Piece piece;
    piece.kind = Piece::Kind::kTime;
    piece.letter = letter;
    pieces_.push_back(std::move(piece));
    return {};
  }

  Result<void> escape() {
    if (rest_.empty()) return incomplete("escape");
    const std::optional<char> c = unescaped(rest_.front());
    if (!c) return invalid("escape");
    take();
    text() += *c;
    return {};
  }

  std::string_view rest_;
  std::vector<Piece> pieces_;
};

namespace {

// Writes one conversion's value with its width.
class Field {
 public:
  Field(Buffer& out, uint32_t width, bool left, char pad)
      : out_(out), width_(width), left_(left), pad_(pad) {}

  void text(std::string_view value, int32_t precision = -1) {
    if (precision >= 0) value = value.substr(0, static_cast<size_t>(precision));
    padded(value, ' ');
  }
  void number(uint64_t value) { padded(fmt::format_int(value).str(), left_ ? ' ' : pad_); }
  // What is not there is as wide as it would be.
  void blank() { padded({}, pad_); }
  void padded(std::string_view value, char pad) {
    const size_t padding = value.size() < width_ ? width_ - value.size() : 0;
    if (!left_) append_padding(out_, pad, padding);
    out_.append(value);
    if (left_) append_padding(out_, ' ', padding);
  }

 private:
  Buffer& out_;
  size_t width_;
  bool left_;
  char pad_;
};

std::string in_hex(Bytes bytes, bool upper, int32_t group, char separator) {
  const std::string_view digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 3);
  int32_t in_group = 0;
  const auto add = [&](char digit) {
    if (group > 0 && in_group == group) {
      text += separator;
      in_group = 0;
    }
    text += digit;
    ++in_group;
  };
  for (const uint8_t byte : bytes) {
    add(digits[byte >> 4]);
    add(digits[byte & 15]);
  }
  return text;
}

// The payload as T, as it is in memory.
template <class T>
Result<std::string> in_decimal(const Publish& publish, bool zeros, uint32_t width,
                               int32_t precision) {
  T value;
  if (publish.payload.size() != sizeof value) {
    return no_fit(
        fmt::format("Message payload of {} bytes on topic {} is not a number of {} "
                    "bytes.",
                    publish.payload.size(), publish.topic, sizeof value));
  }
  std::memcpy(&value, publish.payload.data(), sizeof value);
  const int digits = precision < 0 ? 6 : precision;
  // Zeros go between sign and digits.
  return zeros ? fmt::format("{:0{}.{}f}", value, width, digits)
               : fmt::format("{:.{}f}", value, digits);
}

Result<void> not_json(const Publish& publish) {
  return no_fit(fmt::format("Message payload is not valid JSON on topic {}.", publish.topic));
}

void append_user_properties(const Publish& publish, Buffer& out) {
  bool first = true;
  for (const Property& property : publish.properties) {
    if (property.id != PropertyId::kUserProperty) continue;
    if (!std::exchange(first, false)) out.put_u8(' ');
    out.append(property.text);
    out.put_u8(':');
    out.append(property.value);
  }
}

PropertyId property_of(char letter) {
  switch (letter) {
    case 'A': return PropertyId::kTopicAlias;
    case 'C': return PropertyId::kContentType;
    case 'D': return PropertyId::kCorrelationData;
    case 'E': return PropertyId::kMessageExpiryInterval;
    case 'F': return PropertyId::kPayloadFormatIndicator;
    case 'R': return PropertyId::kResponseTopic;
    default: return PropertyId::kSubscriptionIdentifier;  // S
  }
}

void print_property(char letter, const Publish& publish, Field field, int32_t precision,
                    Buffer& out) {
  const PropertyId id = property_of(letter);
  if (letter == 'D') {
    if (const auto text = publish.properties.text(id)) out.append(*text);
  } else if (type_of(id) == PropertyType::kUtf8) {
    if (const auto text = publish.properties.text(id)) {
      field.text(*text, precision);
    } else if (letter == 'C') {
      field.blank();
    }
  } else if (const auto number = publish.properties.number(id)) {
    field.number(*number);
  } else {
    field.blank();
  }
}

}  // namespace

Result<void> Format::print_conversion(const Piece& piece, bool pretty, const Publish& publish,
                                      WallTime received, Buffer& out) {
  Field field(out, piece.width, piece.left, piece.pad);
  // A width cuts a payload off as well as it fills it up.
  const Bytes payload =
      piece.width > 0 ? publish.payload.first(std::min<size_t>(publish.payload.size(), piece.width))
                      : publish.payload;
  switch (piece.letter) {
    case 't': field.text(publish.topic, piece.precision); return {};
    case 'p': field.padded(to_string_view(payload), piece.pad); return {};
    case 'x':
    case 'X':
      field.padded(in_hex(payload, piece.letter == 'X', piece.precision, piece.separator),
                   piece.pad);
      return {};
    case 'l': field.number(publish.payload.size()); return {};
    case 'm': field.number(publish.packet_id); return {};
    case 'q': out.put_u8(static_cast<uint8_t>('0' + static_cast<int>(publish.qos))); return {};
    case 'r': out.put_u8(publish.retain ? '1' : '0'); return {};
    case 'd':
    case 'f': {
      const bool zeros = piece.pad == '0' && !piece.left;
      MQ_TRY(const std::string number,
             piece.letter == 'd' ? in_decimal<double>(publish, zeros, piece.width, piece.precision)
                                 : in_decimal<float>(publish, zeros, piece.width, piece.precision));
      field.text(number);
      return {};
    }
    case 'j': append_json(out, publish, received, {JsonPayload::kText, pretty}); return {};
    case 'J':
      if (!append_json(out, publish, received, {JsonPayload::kJson, pretty})) {
        return not_json(publish);
      }
      return {};
    case 'b': append_base64(out, publish.payload); return {};
    case 'e': append_escaped(out, to_string_view(publish.payload)); return {};
    case 'I': field.text(format_time("%FT%T%z", received), piece.precision); return {};
    case 'U':
      out.append(fmt::format(
          "{}.{:09}", std::chrono::floor<std::chrono::seconds>(received).time_since_epoch().count(),
          nanoseconds(received)));
      return {};
    case 'P': append_user_properties(publish, out); return {};
    default: print_property(piece.letter, publish, field, piece.precision, out); return {};
  }
}

void Format::print_named(const Piece& piece, const Publish& publish, WallTime received,
                         const NamedField::Place& place, Buffer& out) {
  if (piece.width == 0 && piece.precision < 0) {
    return piece.named.append(out, publish, received, place);
  }
  Buffer value;
  piece.named.append(value, publish, received, place);
  Field(out, piece.width, piece.left, piece.pad)
      .text(to_string_view(value.bytes()), piece.precision);
}

Result<Format> Format::parse(std::string_view text, bool pretty) {
  Format format;
  format.pretty_ = pretty;
  MQ_TRY(format.pieces_, Parser(text).parse());
  return format;
}

Result<void> Format::print(const Publish& publish, WallTime received, Buffer& out) const {
  const size_t start = out.size();
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Piece::Kind::kText: out.append(piece.text); break;
      case Piece::Kind::kConversion:
        if (auto printed = print_conversion(piece, pretty_, publish, received, out); !printed) {
          out.truncate(start);
          return printed;
        }
        break;
      case Piece::Kind::kNamed: print_named(piece, publish, received, place_, out); break;
      case Piece::Kind::kTime:
        if (piece.letter == 'N') {
          out.append(fmt::format("{:09}", nanoseconds(received)));
        } else {
          const char format[] = {'%', piece.letter, '\0'};
          out.append(format_time(format, received));
        }
        break;
    }
  }
  ++place_.number;
  place_.before = received;
  return {};
}

}  // namespace mq
