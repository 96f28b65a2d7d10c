// Every message that a client of the simulation published, and what became of it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/time.h"
#include "client/client_options.h"
#include "codec/packet.h"

namespace mq::sim {

// One publish() or one will. Its number stands at the start of the payload, so that it is
// recognised wherever it turns up.
struct Publication {
  uint32_t number = 0;
  size_t peer = 0;
  std::string topic;
  std::string payload;
  PropertyList properties;
  std::optional<uint32_t> expiry_s;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  bool will = false;
  uint32_t sessions_lost = 0;  // of its publisher, when it was published

  // What became of it.
  bool given_up = false;       // publish() did not take it
  bool seen = false;           // has reached the broker
  uint32_t accepted = 0;       // times the broker took it for a new message
  Time accepted_at{};          // the last of these
  ReasonCode answer{};         // of the broker, to the last of these
  uint32_t acked = 0;          // Acked events
};

class Ledger {
 public:
  // Takes what the message is about and makes its number and its payload: number and filler, or
  // nothing at all for one that clears a retained message.
  Publication& add(Publication message, size_t filler, bool empty);
  Publication& operator[](uint32_t number) { return messages_[number]; }
  uint32_t size() const { return static_cast<uint32_t>(messages_.size()); }

  // The message with that payload; null for one that is empty or that no client sent.
  Publication* find(Bytes payload);

 private:
  std::deque<Publication> messages_{1};  // number 0 is none
};

}  // namespace mq::sim
