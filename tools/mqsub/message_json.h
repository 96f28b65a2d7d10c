// A message as one line of JSON.
#pragma once

#include "base/buffer.h"
#include "base/time.h"
#include "codec/packet.h"

namespace mq {

// {"tst":...,"topic":...,"qos":...,"retain":...,"payloadlen":...,"mid":...,"properties":{...},
// "payload":...} with the fields and their order of mosquitto's %j. `mid` is there above QoS 0,
// `properties` if there are any. An empty payload is null. One that is not UTF-8 is null, too,
// and follows as "payload_b64".
void append_json(const Publish& publish, WallTime received, Buffer& out);

// The same with the payload as the JSON that it is, white space taken out. False, and nothing
// appended, when it is not JSON.
bool append_json_with_json(const Publish& publish, WallTime received, Buffer& out);

}  // namespace mq
