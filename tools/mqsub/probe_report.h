// What mqsub --probe found out, as text and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "codec/packet.h"

namespace mq {

struct CheckOutcome {
  enum class Kind : uint8_t { kWorks, kFails, kNotOffered };

  std::string_view name;
  Kind kind;
  Duration time{};       // of a round trip that works
  std::string why = {};  // it fails
};

struct ProbeReport {
  bool is_connected = false;
  std::string broker;
  Version version = Version::kV5;
  std::string client_id;
  bool is_assigned_id = false;
  Duration connect_time{};  // from the look-up of the name to CONNACK

  // Of CONNACK, or what holds without: in 3.x nothing is said, and everything may be there.
  Qos qos_max = Qos::kExactlyOnce;
  bool retains = true, has_wildcards = true, shares = true, has_subscription_ids = true;
  std::optional<uint32_t> packet_max;  // without: as large as can be
  uint32_t receive_max = 65535, topic_alias_max = 0;
  std::optional<uint32_t> session_expiry_s;  // without: as asked for
  uint16_t keep_alive_s = 0;
  std::vector<std::pair<std::string, std::string>> more;  // texts and user properties

  std::vector<CheckOutcome> checks;

  void read(const Properties& connack, uint16_t keep_alive);
  bool failed() const;
  std::string text() const;
  std::string json() const;  // one line
};

}  // namespace mq
