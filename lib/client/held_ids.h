// Packet identifiers under which the server may hold messages that this process did not send.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>

namespace mq {

// A program that takes up its session after it was killed knows nothing of the QoS 2 messages that
// it had sent and the server had not been told to forget. The server has to take a new message
// under such an identifier for a repetition [MQTT-4.3.3-10], and it would be lost with every
// acknowledgement in place. So a PUBREL goes first: whatever the server has there, it is done with
// when PUBCOMP comes (section 3.7.2.1: Packet Identifier not found is no error).
class HeldIds {
 public:
  // The session is taken up, and nothing is known of it.
  void assume_all() {
    left_ = kIds;
    reset();
  }
  // The session is new, or its server cannot be asked.
  void forget() {
    left_ = 0;
    reset();
  }

  bool may_hold(uint16_t id) const { return left_ > 0 && !(ids_ && ids_->released.test(id)); }
  uint32_t asked() const { return asked_; }
  // A PUBREL for it is queued. REQUIRES: may_hold(id)
  void ask(uint16_t id) {
    if (!ids_) ids_ = std::make_unique<Ids>();
    ids_->asked.set(id);
    ++asked_;
  }
  // False when the PUBCOMP is for nothing that was asked.
  bool answered(uint16_t id) {
    if (asked_ == 0 || !ids_->asked.test(id)) return false;
    ids_->asked.reset(id);
    ids_->released.set(id);
    --asked_;
    unanswered_ = 0;
    if (--left_ == 0) reset();
    return true;
  }
  // The connection is gone. A server that ends it twice in place of an answer cannot be asked: it
  // takes an unknown identifier for an error, and would not take a message for ever.
  void closed() {
    if (asked_ == 0) return;
    ids_->asked.reset();
    asked_ = 0;
    if (++unanswered_ == kUnansweredMax) forget();
  }

 private:
  static constexpr uint32_t kIds = 65'535;
  static constexpr uint32_t kUnansweredMax = 2;

  void reset() {
    ids_.reset();
    asked_ = unanswered_ = 0;
  }

  struct Ids {
    std::bitset<kIds + 1> released, asked;
  };
  uint32_t left_ = 0;         // that may be held
  uint32_t asked_ = 0;        // of them, and not answered yet
  uint32_t unanswered_ = 0;   // connections that ended with something asked, one after the other
  std::unique_ptr<Ids> ids_;  // as soon as one has been asked for
};

}  // namespace mq
