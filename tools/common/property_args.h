// -D COMMAND NAME VALUE: properties of MQTT 5.0 on the command line.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/client_options.h"
#include "codec/packet.h"

namespace mq {

// A property as it was given, checked: it is allowed where it stands and its value fits.
struct GivenProperty {
  PropertyId id;
  uint32_t number = 0;  // of the integer types
  std::string text;     // of the others; the name of a user property
  std::string value;    // the value of a user property
};

// What was given for each packet, in the order given.
class GivenProperties {
 public:
  // Takes the words of every -D, each with kWordSeparator between them, and then every --prop:
  // "COMMAND.NAME=" and hex:DIGITS, b64:BASE64, @FILE or text.
  static Result<GivenProperties> parse(const std::vector<std::string>& given,
                                       const std::vector<std::string>& encoded = {});

  bool empty() const;
  const std::vector<GivenProperty>& of(PropertiesIn packet) const;
  PropertyList list(PropertiesIn packet) const;

 private:
  Result<void> add(std::string_view words);
  Result<void> add_encoded(std::string_view text);
  Result<void> add(std::string_view command, std::string_view name, std::string_view value,
                   std::string_view second_value);

  std::array<std::vector<GivenProperty>, static_cast<size_t>(PropertiesIn::kAuth) + 1> lists_;
};

void append(PropertyList& list, const GivenProperty& property);

}  // namespace mq
