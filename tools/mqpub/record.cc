#include "mqpub/record.h"

#include <ctime>

#include <charconv>
#include <chrono>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "codec/limits.h"
#include "common/invalid.h"

namespace mq {
namespace {

using Json = nlohmann::ordered_json;

// "2026-11-22T13:14:24.204360+0000", the fraction of any length.
std::optional<WallTime> parse_stamp(const std::string& text) {
  std::tm parts{};
  const char* at = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (at == nullptr) return std::nullopt;
  double fraction = 0;
  const char* end = text.data() + text.size();
  if (*at == '.') {
    const auto [stop, error] = std::from_chars(at, end, fraction, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    at = stop;
  }
  std::tm zone{};
  if (std::string_view(at) != "Z" && strptime(at, "%z", &zone) != end) return std::nullopt;
  const std::time_t seconds = timegm(&parts) - zone.tm_gmtoff;
  return WallTime(std::chrono::seconds(seconds)) +
         std::chrono::microseconds(static_cast<int64_t>(fraction * 1e6 + 0.5));
}

// A field's bytes: KEY as text, or KEY_b64.
Result<std::optional<std::string>> bytes_of(const Json& object, const std::string& key) {
  if (const auto coded = object.find(key + "_b64"); coded != object.end()) {
    Buffer bytes;
    if (!coded->is_string() ||
        !from_text(Notation::kBase64, coded->get_ref<const std::string&>(), bytes)) {
      return invalid(fmt::format("\"{}_b64\" is not base64", key));
    }
    return std::string(to_string_view(bytes.bytes()));
  }
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  return found->dump();  // the payload of -J: the JSON that it is
}

Result<void> add_user_properties(const Json& list, PropertyList& to) {
  for (const Json& entry : list) {
    if (!entry.is_object()) return invalid("\"user-properties\" is not a list of objects");
    for (const auto& [name, value] : entry.items()) {
      if (!value.is_string()) return invalid("a user property is not a string");
      const std::string& text = value.get_ref<const std::string&>();
      if (name.size() > kStringMax || text.size() > kStringMax || !is_utf8(name) ||
          !is_utf8(text)) {
        return invalid("a user property is too long or has U+0000");
      }
      to.add_user(name, text);
    }
  }
  return {};
}

// What the server adds when it passes a message on is not for a client to send: aliases belong to a
// connection, and subscription identifiers to a receiver [MQTT-3.3.4-6].
bool is_publishers(PropertyId id) {
  return is_allowed(id, PropertiesIn::kPublish) && id != PropertyId::kTopicAlias &&
         id != PropertyId::kSubscriptionIdentifier;
}

Result<void> add_property(const Json& object, std::string key, PropertyList& to) {
  if (key == "user-properties") return add_user_properties(object[key], to);
  if (key.ends_with("_b64")) key.resize(key.size() - 4);
  const auto id = property_by_name(key);
  if (!id) return invalid(fmt::format("there is no property \"{}\"", key));
  if (!is_publishers(*id)) return {};
  const PropertyType type = type_of(*id);
  if (type == PropertyType::kUtf8 || type == PropertyType::kBinary) {
    MQ_TRY(const std::optional<std::string> text, bytes_of(object, key));
    const bool fits =
        text && text->size() <= kStringMax && (type == PropertyType::kBinary || is_utf8(*text));
    if (!fits) return invalid(fmt::format("property \"{}\" cannot be sent", key));
    to.add(*id, *text);
    return {};
  }
  const Json& value = object[key];
  const uint64_t max = type == PropertyType::kByte ? 1 : UINT32_MAX;
  if (!value.is_number_unsigned() || value.get<uint64_t>() > max) {
    return invalid(fmt::format("property \"{}\" is out of range", key));
  }
  to.add(*id, value.get<uint32_t>());
  return {};
}

}  // namespace

Result<InputRecord> RecordParser::parse(Bytes line) {
  InputRecord record;
  if (format_.json) {
    MQ_TRY(record, parse_json(line));
  } else if (!format_.topic_separator.empty()) {
    const std::string_view text = to_string_view(line);
    const size_t at = text.find(format_.topic_separator);
    if (at == std::string_view::npos) return invalid("it has no topic separator");
    record.topic = text.substr(0, at);
    if (record.topic.empty()) return invalid("it has no topic");
    record.payload = line.subspan(at + format_.topic_separator.size());
  } else {
    record.payload = line;
  }
  if (format_.encode) {
    encoded_.clear();
    if (auto made = from_text(*format_.encode, to_string_view(record.payload), encoded_); !made) {
      return invalid(fmt::format("it {}", made.error().text));
    }
    record.payload = encoded_.bytes();
  }
  if (format_.keep_newline) {
    if (record.payload.data() != payload_.data() || record.payload.empty()) {
      payload_.clear();
      payload_.append(record.payload);
    }
    payload_.append(format_.delimiter);
    record.payload = payload_.bytes();
  }
  return record;
}

Result<InputRecord> RecordParser::parse_json(Bytes line) {
  const Json object = Json::parse(line.begin(), line.end(), nullptr, false);
  if (!object.is_object()) return invalid("it is not a JSON object");
  InputRecord record;
  if (const auto topic = object.find("topic"); topic != object.end()) {
    if (!topic->is_string()) return invalid("\"topic\" is not a string");
    topic_ = topic->get<std::string>();
    record.topic = topic_;
  }
  MQ_TRY(const std::optional<std::string> payload, bytes_of(object, "payload"));
  payload_.clear();
  if (payload) payload_.append(*payload);
  record.payload = payload_.bytes();
  if (const auto qos = object.find("qos"); qos != object.end()) {
    if (!qos->is_number_unsigned() || qos->get<uint64_t>() > 2)
      return invalid("\"qos\" is not 0, 1 or 2");
    record.qos = static_cast<Qos>(qos->get<uint8_t>());
  }
  if (const auto retain = object.find("retain"); retain != object.end()) {
    // mosquitto's older clients wrote 0 and 1.
    if (!retain->is_boolean() && !retain->is_number_unsigned())
      return invalid("\"retain\" is no boolean");
    record.retain = retain->is_boolean() ? retain->get<bool>() : retain->get<uint64_t>() != 0;
  }
  if (const auto properties = object.find("properties"); properties != object.end()) {
    if (!properties->is_object()) return invalid("\"properties\" is not an object");
    properties_ = PropertyList();
    for (const auto& item : properties->items()) {
      MQ_CHECK(add_property(*properties, item.key(), properties_));
    }
    record.properties = properties_.view();
  }
  if (const auto stamp = object.find("tst"); stamp != object.end() && stamp->is_string()) {
    record.received = parse_stamp(stamp->get_ref<const std::string&>());
  }
  return record;
}

}  // namespace mq
