// Keys out of the bytes that a terminal sends.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"

namespace mq {

enum class KeyName : uint8_t {
  kText,  // a character
  kEnter,
  kEscape,
  kBackspace,
  kErase,   // all that was typed: Ctrl-U
  kRedraw,  // Ctrl-L
  kUp,
  kDown,
  kPageUp,
  kPageDown,
  kHome,
  kEnd,
};

struct Key {
  KeyName name = KeyName::kText;
  std::string text;  // of kText: one character in UTF-8

  bool operator==(const Key&) const = default;
};

// Knows the sequences that terminals have for the keys above; those of other keys are passed over
// whole, so that none of their letters is taken for one that was typed.
class KeyReader {
 public:
  explicit KeyReader(std::function<void(const Key&)> on_key) : on_key_(std::move(on_key)) {}

  void read(Bytes bytes);
  // What was read so far may be the Escape key or the begin of another one: only time tells. After
  // some without a further byte, settle() takes it for the Escape key.
  bool undecided() const { return !sequence_.empty(); }
  void settle();

 private:
  void take(char byte);
  void take_in_sequence(char byte);
  void take_in_text(char byte);
  void tell(KeyName name) { on_key_({name, {}}); }

  std::function<void(const Key&)> on_key_;
  std::string sequence_;   // begins with ESC
  std::string character_;  // its first bytes
};

}  // namespace mq
