#include "store/stored_message.h"

#include <vector>

#include "codec/topic.h"

namespace mq {

bool is_sound(const StoredMessage& stored) {
  if (stored.topic.size() > kTopicMax || topic_name_fault(stored.topic, UINT32_MAX) != nullptr ||
      stored.payload.size() > kPacketMax || stored.qos > Qos::kExactlyOnce ||
      !is_sound(stored.expires)) {
    return false;
  }
  return !check_properties(stored.properties, PropertiesIn::kPublish);
}

Ref<const Message> make_message(const StoredMessage& stored, Now now) {
  MessageFields fields;
  fields.topic = stored.topic;
  fields.payload = stored.payload;
  fields.properties = Properties(stored.properties);
  fields.qos = stored.qos;
  fields.retain = stored.retain;
  if (stored.expires != WallTime::max()) fields.expires = now.mono + (stored.expires - now.wall);
  // A Message leaves out what its properties say of subscriptions: that was another hop's, except
  // where it comes from the store.
  std::vector<uint32_t> ids;
  for (const Property& property : fields.properties) {
    if (property.id == PropertyId::kSubscriptionIdentifier) ids.push_back(property.number);
  }
  fields.subscription_ids = ids;
  return Message::make(fields);
}

}  // namespace mq
