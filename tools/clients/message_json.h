// A message as one line of JSON.
#pragma once

#include <cstdint>

#include "base/buffer.h"
#include "base/time.h"
#include "codec/packet.h"

namespace mq {

enum class JsonPayload : uint8_t {
  kText,    // always a string
  kJson,    // the JSON that it is; the message cannot be printed when it is none
  kEither,  // the JSON that it is, else a string
};

struct JsonStyle {
  JsonPayload payload = JsonPayload::kText;
  bool pretty = false;  // indented
};

// {"tst":...,"topic":...,"qos":...,"retain":...,"payloadlen":...,"mid":...,"properties":{...},
// "payload":...} with the fields and their order of mosquitto's %j. `mid` is there above QoS 0,
// `properties` if there are any. An empty payload is null. One that is not UTF-8 is null, too,
// and follows as "payload_b64". False, and nothing appended, when the payload does not fit.
bool append_json(Buffer& out, const Publish& publish, WallTime received, JsonStyle style = {});

// The properties alone, {} when there are none.
void append_properties_json(Buffer& out, const Properties& properties);

}  // namespace mq
