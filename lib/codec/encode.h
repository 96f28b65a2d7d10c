// From a packet to bytes, appended to a Buffer.
//
// What `version` does not have (properties, reason codes of 3.x acknowledgements) is left out.
// Acknowledgements, DISCONNECT and AUTH take their shortest form. The caller has checked lengths:
// no string over kStringMax, no packet over kPacketMax.
#pragma once

#include "base/buffer.h"
#include "codec/packet.h"
#include "codec/version.h"

namespace mq {

void encode(const Connect& packet, Buffer& to);  // at packet.version
void encode(const Connack& packet, Version version, Buffer& to);
void encode(const Publish& packet, Version version, Buffer& to);
void encode(const Ack& packet, Version version, Buffer& to);
void encode(const Subscribe& packet, Version version, Buffer& to);
void encode(const Suback& packet, Version version, Buffer& to);
void encode(const Unsubscribe& packet, Version version, Buffer& to);
void encode(const Unsuback& packet, Version version, Buffer& to);
void encode(const Pingreq& packet, Version version, Buffer& to);
void encode(const Pingresp& packet, Version version, Buffer& to);
void encode(const Disconnect& packet, Version version, Buffer& to);
void encode(const Auth& packet, Version version, Buffer& to);
void encode(const Packet& packet, Version version, Buffer& to);

}  // namespace mq
