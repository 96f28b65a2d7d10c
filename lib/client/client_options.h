// What a client asks for when it connects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/limits.h"
#include "codec/packet.h"

namespace mq {

// A list of properties that owns its bytes.
class PropertyList {
 public:
  // REQUIRES: what PropertyWriter requires
  PropertyList& add(PropertyId id, uint32_t value);
  PropertyList& add(PropertyId id, std::string_view value);
  PropertyList& add_user(std::string_view name, std::string_view value);
  PropertyList& add(Properties properties);  // all of them

  Properties view() const { return Properties(encoded_); }
  bool empty() const { return encoded_.empty(); }

 private:
  std::vector<uint8_t> encoded_;
};

struct WillOptions {
  std::string topic;
  std::string payload = {};  // any bytes
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  PropertyList properties = {};  // Will Delay Interval among them
};

struct ClientOptions {
  Version version = Version::kV311;
  std::string client_id;  // empty: the server assigns one
  bool clean_start = true;
  uint16_t keep_alive_s = 60;  // 0 is off
  std::optional<WillOptions> will;
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  // 5.0 only. Absent fields are not sent; the standard's defaults hold then.
  std::optional<uint32_t> session_expiry_s;
  std::optional<uint16_t> receive_maximum;
  std::optional<uint32_t> maximum_packet_size;
  std::optional<uint16_t> topic_alias_maximum;  // aliases the server may use
  // Further CONNECT properties, sent after those above in this order. One of those above in here
  // takes the place of its field.
  PropertyList properties;
  // Whether topics are shortened by Topic Aliases when the server allows it.
  bool use_topic_aliases = false;

  // Whether a server that sends more than our Receive Maximum is told so, and left.
  bool enforce_receive_maximum = true;
  // What becomes of a QoS 2 message that the server has confirmed with PUBREC and not yet with
  // PUBCOMP when it turns out to have lost the session. The standard says that it owns the message.
  // But one that passes messages on at PUBREL has lost it, too: with true it is sent anew, at the
  // price that one that had passed it on does so twice.
  bool repeat_unfinished_qos2 = false;

  // For whoever passes messages on. With `hold_acks` a QoS 1 or 2 message is acknowledged only when
  // the owner says acknowledge(); until then, one that a server sends again after a connection was
  // lost is not reported again.
  bool hold_acks = false;
  // The level byte of 3.x says that this is a bridge (0x80, as mosquitto has it): a server that
  // knows this sends us nothing of what we published, and Retain as it was published.
  bool bridge = false;

  // Caps of our own.
  uint32_t inflight_max = 20;  // QoS 1 and 2 unacknowledged at a time; Receive Maximum if less
  // The same with a server that cannot say its Receive Maximum; `inflight_max` if that is less.
  uint32_t inflight_max_v3 = 65535;
  uint32_t packet_max = kPacketMax;       // the largest packet taken from the server, in 3.x too
  uint32_t send_packet_max = kPacketMax;  // the largest it is sent; its own maximum if less
  // Memory of messages that publish() has taken and that are not finished: no more are taken over
  // it. A single message may be larger.
  uint64_t queued_bytes_max = 1024 * 1024 * 1024;
};

// Whether a CONNECT can be made of the options: what the user typed, before a connection is tried.
Result<void> check(const ClientOptions& options);

// The properties of the CONNECT, in their order on the wire; empty in 3.x.
PropertyList connect_properties(const ClientOptions& options);

}  // namespace mq
