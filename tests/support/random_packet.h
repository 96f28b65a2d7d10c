// Valid packets out of a seed.
#pragma once

#include <deque>
#include <string>

#include "base/buffer.h"
#include "base/random.h"
#include "codec/packet.h"

namespace mq::test {

// Makes packets that `from` may send at `version`, small ones mostly, with every field and
// property taking its turn. A packet is valid until the next call.
class RandomPackets {
 public:
  explicit RandomPackets(uint64_t seed) : random_(seed) {}

  Packet next(Version version, Side from);

 private:
  Connect connect(Version version);
  Connack connack(Version version);
  Publish publish(Version version, Side from);
  Ack ack(Version version);
  Subscribe subscribe(Version version);
  Suback suback(Version version);
  Unsubscribe unsubscribe(Version version);
  Unsuback unsuback(Version version);
  Disconnect disconnect(Version version, Side from);
  Auth auth();

  bool flip() { return random_.chance(0.5); }
  uint16_t packet_id() { return static_cast<uint16_t>(1 + random_.below(65535)); }
  Qos qos() { return static_cast<Qos>(random_.below(3)); }
  size_t length();           // of a string or a list, often at an edge
  std::string_view text();   // any UTF-8
  std::string_view topic();  // a name, and therefore a filter
  Bytes bytes();
  ReasonCode reason(ReasonIn packet);
  Bytes codes(Version version, ReasonIn packet);
  FilterList filters(Version version, bool with_options);
  Properties properties(Version version, PropertiesIn where, Side from);
  void add_property(PropertyId id, PropertyWriter& to);
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  Random random_;
  std::deque<std::string> texts_;  // what the views of the last packet show
  std::deque<Buffer> lists_;
};

}  // namespace mq::test
