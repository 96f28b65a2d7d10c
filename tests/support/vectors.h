// The wire vectors of tests/vectors: packets as bytes and as fields, or as the error they are.
//
// One file a packet type, a JSON array with one object a line:
//   name       what is special about the packet; unique per file, version and sender
//   version    3, 4 or 5
//   from       "client" or "server"
//   statement  the normative statement it shows, if it shows one: of 5.0 in version 5, else of
//              3.1.1
//   hex        the bytes; blanks separate fields, "78*125" is the byte 78 125 times
//   packet     its fields under the names of codec/packet.h, defaults left out
//   canonical  what encode() makes of it, where that differs from hex
//   error      instead of `packet`: the Reason Code's text
//   offset     of the error in the packet's body
// A text is a string, {"repeat": "x", "times": 125} or, where it is not printable ASCII,
// {"hex": "00ff"}.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/decode_error.h"
#include "codec/packet.h"

namespace mq::test {

struct WireVector {
  struct Fault {
    ReasonCode reason;
    uint32_t offset;
  };

  std::string name;  // "connect.json: will at QoS 2 (5, client)"
  Version version;
  Side from;
  std::string statement;  // "MQTT-3.1.2-12" or empty
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> canonical;
  std::string fields;          // as describe() puts it; empty when there is a fault
  std::optional<Fault> fault;  // what FrameReader or decode() must say
};

// All of them; throws std::runtime_error that names the line when one cannot be read.
std::vector<WireVector> load_vectors();

// "10 00ff 61*3" to bytes.
std::vector<uint8_t> from_hex(std::string_view hex);

// The packet as the `packet` of a vector. Fields that decode() picks out of the properties for
// convenience are not in it.
std::string describe(const Packet& packet);

}  // namespace mq::test
