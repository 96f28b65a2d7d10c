// What -d prints: a line for each packet of a connection, in the words of mosquitto's clients.
#pragma once

#include <optional>
#include <string>

#include "codec/frame_reader.h"
#include "codec/packet.h"
#include "common/connect_args.h"
#include "common/console.h"
#include "io/client_runner.h"

namespace mq {

// Reads along with a connection, so it shows what is on the wire, repetitions and pings included.
class PacketTrace final : public WireTap {
 public:
  PacketTrace(const Console& console, Version version, std::string client_id);

  void opened() override;
  void received(Bytes bytes) override { follow(received_, bytes, Side::kServer); }
  void sent(Bytes bytes) override { follow(sent_, bytes, Side::kClient); }

 private:
  void follow(FrameReader& reader, Bytes bytes, Side from);
  void note_names(const Packet& packet);

  const Console& console_;
  Version version_;
  std::string client_id_;
  FrameReader received_, sent_;
};

// A trace when the user asked for one. REQUIRES: `connection` outlives it
std::optional<PacketTrace> make_trace(const ConnectOptions& connection);
// The options of `connection` with that trace, if there is one.
RunnerOptions with_trace(const ConnectOptions& connection, std::optional<PacketTrace>& trace);

// "PUBLISH (d0, q1, r0, m5, 'topic', ... (12 bytes))", a line for each filter of a SUBSCRIBE.
// `by_us` words it the way mosquitto does for packets that it sends.
std::string packet_text(const Packet& packet, Version version, bool by_us);

}  // namespace mq
