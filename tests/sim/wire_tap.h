// Listens at one end of a connection and holds both streams against the protocol.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "codec/decode.h"
#include "codec/frame_reader.h"

namespace mq::sim {

// The QoS 1 and QoS 2 messages that one end has sent in its session and that are not finished,
// by packet identifier. Outlives connections as the session does.
struct SentMessages {
  struct Entry {
    Qos qos;
    size_t payload;         // a hash: the same identifier has to mean the same message
    bool released = false;  // PUBREC has come: only PUBREL may follow
  };
  std::map<uint16_t, Entry> entries;
  // Of a client: the server has accepted that it keep the session.
  bool kept = false;
  // Of a client: the server's session was there before it.
  bool anothers = false;
};

// Every packet must decode, and what this end sends must be what the standard allows it to send
// after what it has received. Throws Failure.
class WireTap {
 public:
  WireTap(Side side, std::string name) : side_(side), name_(std::move(name)) {}

  // The session whose messages this end sends; at a server known only after CONNECT.
  void set_session(SentMessages* sent) { sent_messages_ = sent; }

  // Cuts packets out of what this end has sent or received, checks them and shows each to
  // `visit(packet, frame)`, topic aliases resolved. After a false from it this end does not read
  // any more.
  template <class Visit>
  void sent(Bytes bytes, Visit&& visit) {
    while (const auto frame = next(sent_reader_, bytes)) {
      Packet packet = read(*frame, side_);
      check_sent(packet, frame->size());
      if (!visit(packet, *frame)) return;
    }
  }
  template <class Visit>
  void received(Bytes bytes, Visit&& visit) {
    while (const auto frame = next(received_reader_, bytes)) {
      Packet packet = read(*frame, side_ == Side::kClient ? Side::kServer : Side::kClient);
      if (!visit(packet, *frame)) return;
      note_received(packet);
    }
  }

  Version version() const { return version_; }

 private:
  // Topic aliases of one direction.
  struct Aliases {
    uint32_t maximum = 0;
    std::map<uint16_t, std::string> topics;
  };

  std::optional<Frame> next(FrameReader& reader, Bytes& bytes);
  Packet read(const Frame& frame, Side from);
  void resolve(Publish& publish, Aliases& aliases);
  void check_sent(const Packet& packet, size_t size);
  void check_publish(const Publish& publish);
  void check_ack(const Ack& ack);
  void note_received(const Packet& packet);
  void note_session(const Connack& connack);
  void note_ack(const Ack& ack);
  void expect_next(std::deque<uint16_t>& due, uint16_t id, const char* what);
  [[noreturn]] void fail(const std::string& what) const;

  const Side side_;
  const std::string name_;
  Version version_ = Version::kV311;
  SentMessages* sent_messages_ = nullptr;

  FrameReader sent_reader_, received_reader_;
  bool first_sent_ = false;
  bool said_goodbye_ = false;  // DISCONNECT or a refusing CONNACK was sent
  bool keeps_session_without_flag_ = false;  // 3.1: CONNACK cannot say that the session is there
  bool keeps_session_ = false;               // what this end's CONNECT asked for

  // What the other end has announced.
  uint32_t peer_receive_maximum_ = kReceiveMaximumDefault;
  uint32_t peer_packet_max_ = kPacketMax;
  Aliases aliases_out_, aliases_in_;

  std::set<uint16_t> on_the_way_;      // our PUBLISH packets that count against its maximum
  std::set<uint16_t> sent_here_;       // PUBLISH identifiers sent by this connection, unfinished
  std::set<uint16_t> asked_;           // released without a message of ours, unanswered
  // Answers that are due, in the order in which their causes came.
  std::deque<uint16_t> pubacks_due_, pubrecs_due_, pubrels_due_, pubcomps_due_, subacks_due_,
      unsubacks_due_;
  uint32_t pingresps_due_ = 0;
};

}  // namespace mq::sim
