#include "client/client_options.h"

#include "base/utf8.h"
#include "codec/topic.h"

namespace mq {
namespace {

template <class Add>
void append(std::vector<uint8_t>& to, Add&& add) {
  Buffer encoded;
  PropertyWriter writer(encoded);
  add(writer);
  to.insert(to.end(), encoded.data(), encoded.data() + encoded.size());
}

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

// A UTF-8 Encoded String.
Result<void> check_string(std::string_view text, const std::string& what) {
  if (text.size() > kStringMax) return invalid(what + " is longer than 65535 bytes");
  if (!is_utf8(text)) return invalid(what + " is not UTF-8 or contains U+0000");
  return {};
}

Result<void> check_list(const PropertyList& list, PropertiesIn where, const std::string& what) {
  if (const auto fault = check_properties(list.view().encoded(), where)) {
    const auto id = static_cast<PropertyId>(list.view().encoded()[fault->offset]);
    return invalid(what + " property " + std::string(name(id)) + ": " + fault->what);
  }
  return {};
}

Result<void> check_will(const WillOptions& will, Version version) {
  MQ_CHECK(check_string(will.topic, "the will topic"));  // [MQTT-3.1.3-11]
  if (const char* fault = topic_name_fault(will.topic, UINT32_MAX)) {
    return invalid(std::string("the will topic cannot be used: ") + fault);
  }
  if (will.payload.size() > kStringMax) {
    return invalid("the will payload is longer than 65535 bytes");
  }
  if (version != Version::kV5) return {};
  return check_list(will.properties, PropertiesIn::kWill, "will");
}

}  // namespace

PropertyList& PropertyList::add(PropertyId id, uint32_t value) {
  append(encoded_, [=](PropertyWriter& writer) { writer.add(id, value); });
  return *this;
}

PropertyList& PropertyList::add(PropertyId id, std::string_view value) {
  append(encoded_, [=](PropertyWriter& writer) { writer.add(id, value); });
  return *this;
}

PropertyList& PropertyList::add_user(std::string_view name, std::string_view value) {
  append(encoded_, [=](PropertyWriter& writer) { writer.add_user(name, value); });
  return *this;
}

PropertyList& PropertyList::add(Properties properties) {
  const Bytes encoded = properties.encoded();
  encoded_.insert(encoded_.end(), encoded.begin(), encoded.end());
  return *this;
}

Result<void> check(const ClientOptions& options) {
  const Version version = options.version;
  MQ_CHECK(check_string(options.client_id, "the client identifier"));  // [MQTT-3.1.3-4]
  if (options.client_id.empty() && version == Version::kV31) {
    return invalid("MQTT 3.1 needs a client identifier");
  }
  if (options.client_id.empty() && version == Version::kV311 && !options.clean_start) {
    // [MQTT-3.1.3-7] of 3.1.1
    return invalid("a session that is kept needs a client identifier");
  }
  if (options.will) MQ_CHECK(check_will(*options.will, version));
  // [MQTT-3.1.3-12]
  if (options.user_name) MQ_CHECK(check_string(*options.user_name, "the user name"));
  if (options.password) {
    if (options.password->size() > kStringMax) {
      return invalid("the password is longer than 65535 bytes");
    }
    if (!options.user_name && version != Version::kV5) {  // [MQTT-3.1.2-22] of 3.1.1
      return invalid("a password without a user name needs MQTT 5.0");
    }
  }
  return check_list(connect_properties(options), PropertiesIn::kConnect, "connect");
}

PropertyList connect_properties(const ClientOptions& options) {
  PropertyList list;
  if (options.version != Version::kV5) return list;
  const Properties further = options.properties.view();
  const auto add = [&](PropertyId id, const auto& field) {
    if (field && !further.has(id)) list.add(id, *field);
  };
  add(PropertyId::kSessionExpiryInterval, options.session_expiry_s);
  add(PropertyId::kReceiveMaximum, options.receive_maximum);
  add(PropertyId::kMaximumPacketSize, options.maximum_packet_size);
  add(PropertyId::kTopicAliasMaximum, options.topic_alias_maximum);
  return list.add(further);
}

}  // namespace mq
