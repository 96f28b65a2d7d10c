// PUBACK, PUBREC, PUBREL and PUBCOMP: both ends of the QoS 1 and QoS 2 exchanges.
#include "broker/broker.h"
#include "codec/decode.h"

namespace mq {

void Broker::on_ack(Connection& c, const Frame& frame, Now now) {
  const auto packet = decode_ack(frame, c.version);
  if (!packet) return fail(c, packet.error(), now);
  Session& session = *c.session;
  const auto unknown = c.version == Version::kV5 ? ReasonCode::kPacketIdentifierNotFound
                                                 : ReasonCode::kSuccess;

  if (packet->type == PacketType::kPubrel) {
    // The publisher's QoS 2: after PUBCOMP the identifier means a new message [MQTT-4.3.3-12].
    const bool known = session.inbound_qos2.erase(packet->packet_id);
    if (c.received_qos2 > 0) --c.received_qos2;
    if (known && session.stored) {
      change().drop_inbound(session.client_id, packet->packet_id);
      hold(c);
    }
    c.out.push_ack(PacketType::kPubcomp, packet->packet_id,
                   known ? ReasonCode::kSuccess : unknown);
    return mark_dirty(c);
  }

  using State = InflightEntry::State;
  InflightEntry* const entry = session.inflight.find(packet->packet_id);
  if (entry == nullptr) {
    // Late or repeated. Only PUBREC has to be answered, or its sender would wait for ever.
    if (packet->type == PacketType::kPubrec) {
      c.out.push_ack(PacketType::kPubrel, packet->packet_id, unknown);
      mark_dirty(c);
    }
    return;
  }
  const bool exactly_once = entry->qos() == Qos::kExactlyOnce;
  if (!entry->sent) {
    return fail(c, ReasonCode::kProtocolError, "acknowledgement of a packet that was not sent",
                now);
  }
  switch (packet->type) {
    case PacketType::kPuback:
      if (exactly_once) {
        return fail(c, ReasonCode::kProtocolError, "PUBACK for a QoS 2 PUBLISH", now);
      }
      forget(session, packet->packet_id);  // whatever the code: [MQTT-4.4.0-2]
      break;
    case PacketType::kPubrec:
      if (!exactly_once) {
        return fail(c, ReasonCode::kProtocolError, "PUBREC for a QoS 1 PUBLISH", now);
      }
      if (is_error(packet->reason)) {
        // Refused: no PUBREL, unless the client had taken it before.
        if (entry->state == State::kPublishSent) forget(session, packet->packet_id);
        break;
      }
      if (entry->state == State::kPublishSent) {
        release_bytes(session, *entry);
        entry->state = State::kPubrelSent;
        if (session.stored) {
          const uint32_t index = session.inflight.index_of(packet->packet_id);
          change().release_queued(session.client_id, session.first_sequence + index);
          hold(c);
          no_longer_awaited(*entry);
        }
      }
      c.out.push_ack(PacketType::kPubrel, packet->packet_id, ReasonCode::kSuccess);
      mark_dirty(c);
      break;  // its bytes are free for the next one
    default:  // PUBCOMP
      if (entry->state != State::kPubrelSent) {
        return fail(c, ReasonCode::kProtocolError, "PUBCOMP before PUBREC", now);
      }
      forget(session, packet->packet_id);
      break;
  }
  fill_window(c);
}

}  // namespace mq
