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
  // Takes the words of every -D, each with kWordSeparator between them.
  static Result<GivenProperties> parse(const std::vector<std::string>& given);

  bool empty() const;
  const std::vector<GivenProperty>& of(PropertiesIn packet) const;
  PropertyList list(PropertiesIn packet) const;

 private:
  Result<void> add(std::string_view words);

  std::array<std::vector<GivenProperty>, static_cast<size_t>(PropertiesIn::kAuth) + 1> lists_;
};

void append(PropertyList& list, const GivenProperty& property);

}  // namespace mq
