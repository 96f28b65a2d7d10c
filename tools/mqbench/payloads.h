// What the messages of a run carry, and where in it their stamps are.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "codec/packet.h"
#include "mqbench/payload_pool.h"
#include "mqbench/payload_template.h"
#include "mqbench/size_spec.h"
#include "mqbench/stamp.h"

namespace mq {

class LoadPlan;

// Where the stamp travels.
enum class StampPlace : uint8_t {
  kPayload,      // at its beginning
  kTemplate,     // where the template has {stamp}, in base64
  kCorrelation,  // Correlation Data, where the payload has no room for it or is the user's
  kNone,         // the same with MQTT 3: messages can only be counted
};

// Which bytes a message has follows from this and its stamp, so that a subscriber can tell whether
// they are what was sent. Does not change while threads use it.
struct Payloads {
  SizeSpec sizes;                                    // of random bytes
  std::shared_ptr<const PayloadPool> pool;           // taken in turn, in place of those
  bool pool_is_random = false;                       // so stamps are written into it
  std::shared_ptr<const PayloadTemplate> blueprint;  // in place of both
  uint64_t seed = 0;                                 // of sizes and blanks that are drawn
  std::string described = "random";                  // for the report: "random", "the user's", ...
  // What follows a stamp is a function of it, where both are the tool's own.
  bool verifiable = false;

  // Whether nothing may be written into them.
  bool are_given() const { return blueprint || (pool && !pool_is_random); }
  size_t largest() const;  // of a template about
  double mean() const;
  // What place there is for a stamp.
  StampPlace stamp_place(bool has_properties) const;
  // Whether one can be told from another one by its bytes, with --verify strict.
  bool can_be_verified(StampPlace place) const;

  // The bytes that begin with the stamp, `room` in use for those that are coded. Nothing where
  // there is none.
  Bytes stamped_bytes(StampPlace place, const Publish& publish,
                      std::array<uint8_t, kStampSize>& room) const;
  // Whether it is what was sent with this stamp; the stamp's bytes are given, too. REQUIRES:
  // can_be_verified()
  bool is_intact(StampPlace place, const LoadPlan& plan, const Stamp& stamp, Bytes stamped,
                 Bytes payload) const;
};

// Makes the payloads of one publisher.
class PayloadWriter {
 public:
  // All outlive it. `room` is in use within write() and may be that of others, too.
  PayloadWriter(const Payloads& payloads, StampPlace place, const LoadPlan& plan,
                uint32_t publisher, std::vector<uint8_t>& room);
  PayloadWriter(const PayloadWriter&) = delete;
  PayloadWriter& operator=(const PayloadWriter&) = delete;

  // What the message with this stamp carries, until the next call. `correlation` has
  // kCompactStampSize bytes where the stamp belongs there.
  Bytes write(const Stamp& stamp, std::span<uint8_t> correlation);

 private:
  Bytes random_payload(const Stamp& stamp, std::span<uint8_t> correlation);
  Bytes filled_in(const Stamp& stamp);

  const Payloads& payloads_;
  const StampPlace place_;
  std::vector<uint8_t>& room_;
  std::string client_id_;  // of the template
  TemplateValues values_;
  std::string text_;
};

}  // namespace mq
