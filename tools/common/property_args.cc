#include "common/property_args.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>

#include <fmt/core.h>

#include "base/base64.h"
#include "base/utf8.h"
#include "codec/limits.h"
#include "common/argv.h"
#include "common/invalid.h"
#include "common/options.h"

namespace mq {
namespace {

struct Command {
  std::string_view name;
  PropertiesIn packet;
  bool supported;  // a client of ours says nothing of its own in the others
};

constexpr Command kCommands[] = {
    {"connect", PropertiesIn::kConnect, true},
    {"publish", PropertiesIn::kPublish, true},
    {"subscribe", PropertiesIn::kSubscribe, true},
    {"unsubscribe", PropertiesIn::kUnsubscribe, true},
    {"disconnect", PropertiesIn::kDisconnect, true},
    {"will", PropertiesIn::kWill, true},
    {"puback", PropertiesIn::kPuback, false},
    {"pubrec", PropertiesIn::kPubrec, false},
    {"pubrel", PropertiesIn::kPubrel, false},
    {"pubcomp", PropertiesIn::kPubcomp, false},
    {"suback", PropertiesIn::kSuback, false},
    {"unsuback", PropertiesIn::kUnsuback, false},
    {"auth", PropertiesIn::kAuth, false},
};

const Command* find_command(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto found =
      std::find_if(std::begin(kCommands), std::end(kCommands),
                   [&lower](const Command& command) { return command.name == lower; });
  return found == std::end(kCommands) ? nullptr : found;
}

uint32_t number_max(PropertyType type) {
  switch (type) {
    case PropertyType::kByte: return 0xFF;
    case PropertyType::kTwoByte: return 0xFFFF;
    case PropertyType::kVarint: return kVarintMax;
    default: return 0xFFFF'FFFF;
  }
}

Result<GivenProperty> parse_value(PropertyId id, std::string_view text) {
  GivenProperty property{id, 0, {}, {}};
  const PropertyType type = type_of(id);
  if (type == PropertyType::kUtf8 || type == PropertyType::kBinary) {
    if (text.size() > kStringMax) {
      return invalid(fmt::format("Property {} is longer than {} bytes.", name(id), kStringMax));
    }
    if (type == PropertyType::kUtf8 && !is_utf8(text)) {
      return invalid(fmt::format("Property {} is not valid UTF-8.", name(id)));
    }
    property.text = text;
    return property;
  }
  const std::optional<uint64_t> number = parse_number(text);
  if (!number || *number > number_max(type)) {
    return invalid(
        fmt::format("Property value ({}) out of range for property {}.", text, name(id)));
  }
  property.number = static_cast<uint32_t>(*number);
  return property;
}

std::optional<std::string> from_hex(std::string_view text) {
  std::string bytes;
  if (text.size() % 2 != 0) return std::nullopt;
  for (; !text.empty(); text.remove_prefix(2)) {
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, byte, 16);
    if (error != std::errc() || end != text.data() + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// The bytes that "hex:00ff", "b64:AP8=" or "@FILE" stand for; other text stands for itself.
Result<std::string> decoded(std::string_view text) {
  if (text.starts_with("hex:")) {
    const auto bytes = from_hex(text.substr(4));
    if (!bytes) {
      return invalid(
          fmt::format("Invalid prop value given: {}, it must be pairs of hexadecimal "
                      "digits.",
                      text));
    }
    return *bytes;
  }
  if (text.starts_with("b64:")) {
    const auto bytes = decode_base64(text.substr(4));
    if (!bytes)
      return invalid(fmt::format("Invalid prop value given: {}, it must be base64.", text));
    return std::string(bytes->begin(), bytes->end());
  }
  if (!text.starts_with('@')) return std::string(text);
  const std::string path(text.substr(1));
  std::ifstream file(path, std::ios::binary);
  std::string content(kStringMax + 1, '\0');  // one more than there may be
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.is_open() || file.bad()) {
    return invalid(fmt::format("Unable to read file \"{}\": {}.", path, std::strerror(errno)));
  }
  content.resize(static_cast<size_t>(file.gcount()));
  return content;
}

}  // namespace

void append(PropertyList& list, const GivenProperty& property) {
  switch (type_of(property.id)) {
    case PropertyType::kUtf8Pair: list.add_user(property.text, property.value); break;
    case PropertyType::kUtf8:
    case PropertyType::kBinary: list.add(property.id, property.text); break;
    default: list.add(property.id, property.number); break;
  }
}

Result<GivenProperties> GivenProperties::parse(const std::vector<std::string>& given,
                                               const std::vector<std::string>& encoded) {
  GivenProperties properties;
  for (const std::string& words : given) MQ_CHECK(properties.add(words));
  for (const std::string& text : encoded) MQ_CHECK(properties.add_encoded(text));
  for (const Command& command : kCommands) {
    if (!command.supported) continue;
    const PropertyList list = properties.list(command.packet);
    const Bytes bytes = list.view().encoded();
    if (const auto fault = check_properties(bytes, command.packet)) {
      const auto id = static_cast<PropertyId>(bytes[fault->offset]);
      return invalid(fmt::format("Property {} for {}: {}.", name(id), command.name, fault->what));
    }
  }
  return properties;
}

bool GivenProperties::empty() const {
  return std::all_of(lists_.begin(), lists_.end(), [](const auto& list) { return list.empty(); });
}

const std::vector<GivenProperty>& GivenProperties::of(PropertiesIn packet) const {
  return lists_[static_cast<size_t>(packet)];
}

PropertyList GivenProperties::list(PropertiesIn packet) const {
  PropertyList list;
  for (const GivenProperty& property : of(packet)) append(list, property);
  return list;
}

Result<void> GivenProperties::add(std::string_view words) {
  const auto take = [&words] {
    const size_t end = std::min(words.find(kWordSeparator), words.size());
    const std::string_view word = words.substr(0, end);
    words.remove_prefix(std::min(end + 1, words.size()));
    return word;
  };
  const std::string_view command = take();
  const std::string_view property = take();
  const std::string_view value = take();
  return add(command, property, value, take());
}

Result<void> GivenProperties::add_encoded(std::string_view text) {
  const size_t dot = text.find('.'), equals = text.find('=');
  if (dot == std::string_view::npos || equals == std::string_view::npos || equals < dot) {
    return invalid(fmt::format("Invalid prop given: {}, it must be COMMAND.NAME=VALUE.", text));
  }
  const std::string_view property = text.substr(dot + 1, equals - dot - 1);
  if (property == name(PropertyId::kUserProperty)) {
    return invalid("--prop is for a property with one value: give a user-property with -D.");
  }
  MQ_TRY(const std::string value, decoded(text.substr(equals + 1)));
  return add(text.substr(0, dot), property, value, "");
}

Result<void> GivenProperties::add(std::string_view command_name, std::string_view property_name,
                                  std::string_view value, std::string_view second_value) {
  const Command* command = find_command(command_name);
  if (command == nullptr) {
    return invalid(fmt::format("Invalid command {} given in --property argument.", command_name));
  }
  const std::optional<PropertyId> id = property_by_name(property_name);
  if (!id) {
    return invalid(
        fmt::format("Invalid property name {} given in --property argument.", property_name));
  }
  // A server adds Subscription Identifiers to what it forwards; a client must not [MQTT-3.3.4-6].
  const bool by_server =
      command->packet == PropertiesIn::kPublish && *id == PropertyId::kSubscriptionIdentifier;
  if (!command->supported || by_server) {
    return invalid(fmt::format("{} property not supported for {} in --property argument.",
                               property_name, command->name));
  }
  if (!is_allowed(*id, command->packet)) {
    return invalid(fmt::format("{} property not allowed for {} in --property argument.",
                               property_name, command->name));
  }

  std::vector<GivenProperty>& list = lists_[static_cast<size_t>(command->packet)];
  if (*id == PropertyId::kUserProperty) {
    GivenProperty property{*id, 0, std::string(value), std::string(second_value)};
    for (const std::string* text : {&property.text, &property.value}) {
      if (text->size() > kStringMax || !is_utf8(*text)) {
        return invalid(fmt::format("Property user-property is not valid UTF-8 of at most {} bytes.",
                                   kStringMax));
      }
    }
    list.push_back(std::move(property));
    return {};
  }
  const bool given = std::any_of(list.begin(), list.end(),
                                 [&id](const GivenProperty& other) { return other.id == *id; });
  if (given) {
    return invalid(fmt::format("Duplicate property {} for {} in --property argument.",
                               property_name, command->name));
  }
  MQ_TRY(GivenProperty property, parse_value(*id, value));
  list.push_back(std::move(property));
  return {};
}

}  // namespace mq
