#include "codec/body_reader.h"

#include "base/utf8.h"
#include "codec/varint.h"

namespace mq {

std::string_view BodyReader::utf8() {
  const std::string_view text = to_string_view(binary());
  const size_t error = utf8_error(text);
  if (error != text.size()) {  // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
    fail_at(static_cast<uint32_t>(offset() - text.size() + error), ReasonCode::kMalformedPacket,
            "string is not UTF-8 or contains U+0000");
  }
  return text;
}

Properties BodyReader::some_properties(PropertiesIn where) {
  const Varint length = load_varint(at_, left());
  if (length.status == VarintStatus::kMalformed) {  // [MQTT-1.5.5-1]
    fail_at(offset(), ReasonCode::kMalformedPacket, "property length is malformed");
    return {};
  }
  if (length.status == VarintStatus::kIncomplete || left() - length.size < length.value) {
    truncated();
    return {};
  }
  at_ += length.size;
  const Bytes list(at_, length.value);
  if (const auto fault = check_properties(list, where)) {
    fail_at(static_cast<uint32_t>(offset() + fault->offset), fault->reason, fault->what);
    return {};
  }
  at_ += length.value;
  return Properties(list);
}

}  // namespace mq
