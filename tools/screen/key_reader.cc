#include "screen/key_reader.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace mq {
namespace {

constexpr char kEsc = '\x1B';
constexpr size_t kSequenceMax = 32;  // what is longer is no key

// The key of a whole sequence, without its ESC: "[A" (or "OA" where a terminal was told so).
std::optional<KeyName> key_of(std::string_view sequence) {
  static constexpr std::pair<std::string_view, KeyName> kKeys[] = {
      {"A", KeyName::kUp},        {"B", KeyName::kDown},  {"H", KeyName::kHome},
      {"F", KeyName::kEnd},       {"1~", KeyName::kHome}, {"7~", KeyName::kHome},
      {"4~", KeyName::kEnd},      {"8~", KeyName::kEnd},  {"5~", KeyName::kPageUp},
      {"6~", KeyName::kPageDown},
  };
  for (const auto& [text, name] : kKeys) {
    if (sequence.substr(1) == text) return name;
  }
  return std::nullopt;
}

}  // namespace

void KeyReader::read(Bytes bytes) {
  for (const char byte : to_string_view(bytes)) take(byte);
}

void KeyReader::settle() {
  if (std::exchange(sequence_, {}).size() == 1) tell(KeyName::kEscape);
}

void KeyReader::take(char byte) {
  if (!sequence_.empty()) return take_in_sequence(byte);
  switch (byte) {
    case kEsc: sequence_ = kEsc; break;
    case '\r':
    case '\n': tell(KeyName::kEnter); break;
    case '\b':
    case '\x7F': tell(KeyName::kBackspace); break;
    case '\x15': tell(KeyName::kErase); break;
    case '\x0C': tell(KeyName::kRedraw); break;
    case '\x10': tell(KeyName::kUp); break;    // Ctrl-P, as in shells and editors
    case '\x0E': tell(KeyName::kDown); break;  // Ctrl-N
    default:
      if (static_cast<uint8_t>(byte) >= 0x20) take_in_text(byte);
      break;
  }
}

// ESC [ PARAMETERS FINAL, ESC O FINAL, or Alt with a key (ECMA-48, 5.4).
void KeyReader::take_in_sequence(char byte) {
  if (byte == kEsc) {
    settle();
    sequence_ = kEsc;
    return;
  }
  sequence_ += byte;
  if (sequence_.size() == 2 && (byte == '[' || byte == 'O')) return;
  const bool ends = sequence_.size() == 2 || (byte >= 0x40 && byte <= 0x7E);
  if (!ends && sequence_.size() < kSequenceMax) return;
  const std::string whole = std::exchange(sequence_, {});
  if (const auto name = key_of(std::string_view(whole).substr(1))) tell(*name);
}

void KeyReader::take_in_text(char byte) {
  const auto bits = static_cast<uint8_t>(byte);
  if (bits < 0x80 || (bits & 0xC0) == 0xC0) character_.clear();
  character_ += byte;
  const auto first = static_cast<uint8_t>(character_[0]);
  const size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (character_.size() < size) return;
  std::string character = std::exchange(character_, {});
  if (is_utf8(character)) on_key_({KeyName::kText, std::move(character)});
}

}  // namespace mq
