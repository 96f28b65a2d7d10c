#include "support/vectors.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "codec/property.h"

namespace mq::test {
namespace {

using Json = nlohmann::ordered_json;

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

// Text that is UTF-8 by its type stays a string. Payloads and binary properties are one when they
// are printable ASCII.
Json binary(std::string_view bytes) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (std::all_of(bytes.begin(), bytes.end(), printable)) return bytes;
  return {{"hex", to_hex(bytes)}};
}

Json binary(Bytes bytes) {
  return binary(to_string_view(bytes));
}

Json list_of(const Properties& properties) {
  Json list = Json::array();
  for (const Property& property : properties) {
    Json item = Json::array({name(property.id)});
    switch (type_of(property.id)) {
      case PropertyType::kUtf8: item.push_back(property.text); break;
      case PropertyType::kBinary: item.push_back(binary(property.text)); break;
      case PropertyType::kUtf8Pair:
        item.push_back(property.text);
        item.push_back(property.value);
        break;
      default: item.push_back(property.number);
    }
    list.push_back(std::move(item));
  }
  return list;
}

// Sets a field unless it has its default.
template <class T>
void set(Json& json, const char* key, const T& value, const T& by_default) {
  if (!(value == by_default)) json[key] = value;
}
void set(Json& json, const char* key, bool value) {
  set(json, key, value, false);
}
void set(Json& json, const char* key, Qos value) {
  set(json, key, static_cast<int>(value), 0);
}
void set(Json& json, ReasonCode value) {
  if (value != ReasonCode::kSuccess) json["reason"] = text(value);
}
void set(Json& json, const Properties& properties) {
  if (!properties.empty()) json["properties"] = list_of(properties);
}

// One overload a packet fills in what is behind "type".
const char* fill(Json& json, const Connect& packet) {
  json["client_id"] = packet.client_id;
  json["clean_start"] = packet.clean_start;
  json["keep_alive_s"] = packet.keep_alive_s;
  set(json, "bridge", packet.bridge);
  if (packet.will) {
    Json& will = json["will"];
    will["topic"] = packet.will->topic;
    will["payload"] = binary(packet.will->payload);
    set(will, "qos", packet.will->qos);
    set(will, "retain", packet.will->retain);
    set(will, packet.will->properties);
  }
  if (packet.user_name) json["user_name"] = *packet.user_name;
  if (packet.password) json["password"] = binary(*packet.password);
  set(json, packet.properties);
  return "CONNECT";
}

const char* fill(Json& json, const Connack& packet) {
  set(json, "session_present", packet.session_present);
  set(json, packet.reason);
  set(json, packet.properties);
  return "CONNACK";
}

const char* fill(Json& json, const Publish& packet) {
  json["topic"] = packet.topic;
  json["payload"] = binary(packet.payload);
  set(json, "dup", packet.dup);
  set(json, "qos", packet.qos);
  set(json, "retain", packet.retain);
  set(json, "packet_id", packet.packet_id, uint16_t{0});
  set(json, packet.properties);
  return "PUBLISH";
}

const char* fill(Json& json, const Ack& packet) {
  json["packet_id"] = packet.packet_id;
  set(json, packet.reason);
  set(json, packet.properties);
  return name(packet.type).data();
}

const char* fill(Json& json, const Subscribe& packet) {
  json["packet_id"] = packet.packet_id;
  for (const Subscription& subscription : packet.filters) {
    Json item{{"filter", subscription.filter}};
    set(item, "qos", subscription.options.qos);
    set(item, "no_local", subscription.options.no_local);
    set(item, "retain_as_published", subscription.options.retain_as_published);
    set(item, "retain_handling", static_cast<int>(subscription.options.retain_handling), 0);
    json["filters"].push_back(std::move(item));
  }
  set(json, packet.properties);
  return "SUBSCRIBE";
}

const char* fill(Json& json, const Unsubscribe& packet) {
  json["packet_id"] = packet.packet_id;
  for (const Subscription& subscription : packet.filters) {
    json["filters"].push_back(subscription.filter);
  }
  set(json, packet.properties);
  return "UNSUBSCRIBE";
}

template <class T>
void fill_codes(Json& json, const T& packet) {
  json["packet_id"] = packet.packet_id;
  for (const uint8_t code : packet.codes) json["codes"].push_back(code);
  set(json, packet.properties);
}
const char* fill(Json& json, const Suback& packet) {
  return fill_codes(json, packet), "SUBACK";
}
const char* fill(Json& json, const Unsuback& packet) {
  return fill_codes(json, packet), "UNSUBACK";
}

const char* fill(Json&, const Pingreq&) {
  return "PINGREQ";
}
const char* fill(Json&, const Pingresp&) {
  return "PINGRESP";
}

const char* fill(Json& json, const Disconnect& packet) {
  set(json, packet.reason);
  set(json, packet.properties);
  return "DISCONNECT";
}

const char* fill(Json& json, const Auth& packet) {
  set(json, packet.reason);
  set(json, packet.properties);
  return "AUTH";
}

// Sorted by key, so that two descriptions are equal when the packets are.
std::string sorted_text(const Json& json) {
  return nlohmann::json(json).dump();
}

// Writes the short notations of long texts out.
void expand(Json& json) {
  if (json.is_object() && json.contains("repeat")) {
    const std::string character = json.at("repeat");
    json = std::string(json.at("times").get<size_t>(), character.at(0));
  } else if (json.is_structured()) {
    for (Json& item : json) expand(item);
  }
}

ReasonCode reason_by_text(std::string_view wanted) {
  for (int code = 0; code < 256; ++code) {
    if (text(static_cast<ReasonCode>(code)) == wanted) return static_cast<ReasonCode>(code);
  }
  throw std::runtime_error(fmt::format("no reason code is called \"{}\"", wanted));
}

WireVector read_vector(const std::string& file, Json json) {
  WireVector vector;
  const int version = json.at("version");
  const std::string from = json.at("from");
  vector.name =
      fmt::format("{}: {} ({}, {})", file, json.at("name").get<std::string>(), version, from);
  vector.version = static_cast<Version>(version);
  vector.from = from == "client" ? Side::kClient : Side::kServer;
  vector.statement = json.value("statement", "");
  vector.bytes = from_hex(json.at("hex").get<std::string>());
  if (json.contains("error")) {
    vector.fault = {reason_by_text(json["error"].get<std::string>()), json.at("offset")};
    return vector;
  }
  vector.canonical = from_hex(json.value("canonical", json["hex"].get<std::string>()));
  expand(json.at("packet"));
  vector.fields = sorted_text(json["packet"]);
  return vector;
}

}  // namespace

std::vector<uint8_t> from_hex(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < hex.size();) {
    if (hex[i] == ' ') {
      ++i;
    } else if (hex[i] == '*') {
      size_t digits = 0;
      const auto times = std::stoul(std::string(hex.substr(i + 1)), &digits);
      bytes.insert(bytes.end(), times - 1, bytes.back());
      i += 1 + digits;
    } else {
      bytes.push_back(static_cast<uint8_t>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
      i += 2;
    }
  }
  return bytes;
}

std::string describe(const Packet& packet) {
  Json json;
  json["type"] = std::visit([&json](const auto& typed) { return fill(json, typed); }, packet);
  return sorted_text(json);
}

std::vector<WireVector> load_vectors() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(MQKIT_TESTS_DIR "/vectors")) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<WireVector> vectors;
  for (const auto& path : paths) {
    const std::string file = path.filename().string();
    size_t index = 0;
    try {
      for (Json& json : Json::parse(std::ifstream(path))) {
        ++index;
        vectors.push_back(read_vector(file, std::move(json)));
      }
    } catch (const std::exception& error) {
      throw std::runtime_error(fmt::format("{}, vector {}: {}", file, index, error.what()));
    }
  }
  return vectors;
}

}  // namespace mq::test
