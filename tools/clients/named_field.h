// What %{NAME} stands for in a format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/time.h"
#include "codec/packet.h"

namespace mq {

// Where messages come from.
struct Origin {
  std::string host, client_id;
};

//   topic:N     level N of the topic, the last ones are -1, -2 ...
//   json:PATH   what is at A.B.0 in a payload that is JSON
//   b64  escaped  the payload in base64, with C's escapes
//   seq         number of the message, the first is 1
//   age         seconds since it was published, by the user property "timestamp" (mqpub --stamp)
//   delta       seconds since the message before, 0 for the first
//   utc  ms     time of arrival: ISO 8601, milliseconds since 1970
//   dup         0 or 1
//   subids      subscription identifiers, with commas
//   props       properties as a JSON object
//   host  id    the broker, as it was named, and this client's identifier
class NamedField {
 public:
  // Where in a run of messages it stands.
  struct Place {
    uint64_t number = 1;
    std::optional<WallTime> before;  // arrival of the one before
    std::shared_ptr<const Origin> origin = nullptr;
  };

  // Of what stands between the braces; nothing when there is no such field.
  static std::optional<NamedField> parse(std::string_view text);
  // The names, for messages.
  static std::string_view names();

  // What is not there is nothing.
  void append(Buffer& out, const Publish& publish, WallTime received, const Place& place) const;

 private:
  enum class Kind : uint8_t {
    kTopic,
    kJson,
    kBase64,
    kEscaped,
    kNumber,
    kAge,
    kDelta,
    kUtc,
    kMilliseconds,
    kDup,
    kSubscriptionIds,
    kProperties,
    kHost,
    kClientId
  };

  Kind kind_ = Kind::kNumber;
  int32_t level_ = 0;              // of kTopic
  std::vector<std::string> path_;  // of kJson
};

}  // namespace mq
