#include "sim/ledger.h"

#include <charconv>

#include <fmt/core.h>

namespace mq::sim {

Publication& Ledger::add(Publication message, size_t filler, bool empty) {
  message.number = size();
  if (!empty) {
    message.payload = fmt::format("{}.", message.number);
    for (size_t i = 0; i < filler; ++i) {
      message.payload += static_cast<char>(i * 131 + message.number);
    }
  }
  return messages_.emplace_back(std::move(message));
}

Publication* Ledger::find(Bytes payload) {
  const std::string_view text = to_string_view(payload);
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != '.') return nullptr;
  return number < messages_.size() ? &messages_[number] : nullptr;
}

}  // namespace mq::sim
