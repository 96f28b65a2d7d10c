#include "common/property_args.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/core.h>

#include "base/utf8.h"
#include "codec/limits.h"
#include "common/argv.h"
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

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
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

}  // namespace

void append(PropertyList& list, const GivenProperty& property) {
  switch (type_of(property.id)) {
    case PropertyType::kUtf8Pair: list.add_user(property.text, property.value); break;
    case PropertyType::kUtf8:
    case PropertyType::kBinary: list.add(property.id, property.text); break;
    default: list.add(property.id, property.number); break;
  }
}

Result<GivenProperties> GivenProperties::parse(const std::vector<std::string>& given) {
  GivenProperties properties;
  for (const std::string& words : given) MQ_CHECK(properties.add(words));
  for (const Command& command : kCommands) {
    if (!command.supported) continue;
    const PropertyList list = properties.list(command.packet);
    const Bytes encoded = list.view().encoded();
    if (const auto fault = check_properties(encoded, command.packet)) {
      const auto id = static_cast<PropertyId>(encoded[fault->offset]);
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
  const std::string_view command_name = take();
  const std::string_view property_name = take();
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
    GivenProperty property{*id, 0, std::string(take()), std::string(take())};
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
  MQ_TRY(GivenProperty property, parse_value(*id, take()));
  list.push_back(std::move(property));
  return {};
}

}  // namespace mq
