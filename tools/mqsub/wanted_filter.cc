#include "mqsub/wanted_filter.h"

#include <fmt/core.h>

#include "codec/limits.h"
#include "common/options.h"

namespace mq {
namespace {

// False when the option is not one that there is.
bool apply(std::string_view option, WantedFilter& to) {
  const size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : option.substr(equals + 1);
  if (name == "qos" && value.size() == 1 && value[0] >= '0' && value[0] <= '2') {
    to.options.qos = static_cast<Qos>(value[0] - '0');
  } else if (option == "nl") {
    to.options.no_local = true;
  } else if (option == "rap") {
    to.options.retain_as_published = true;
  } else if (option == "rh=always") {
    to.options.retain_handling = RetainHandling::kSend;
  } else if (option == "rh=new") {
    to.options.retain_handling = RetainHandling::kSendIfNew;
  } else if (option == "rh=never") {
    to.options.retain_handling = RetainHandling::kDoNotSend;
  } else if (name == "id") {
    const std::optional<uint64_t> number = parse_number(value);
    if (!number || *number == 0 || *number > kVarintMax) return false;  // section 3.8.2.1.2
    to.id = static_cast<uint32_t>(*number);
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<WantedFilter> parse_wanted(std::string_view text, SubscribeOptions defaults) {
  size_t end = text.find(';');
  WantedFilter wanted{std::string(text.substr(0, end)), defaults};
  while (end != std::string_view::npos) {
    text.remove_prefix(end + 1);
    end = text.find(';');
    const std::string_view option = text.substr(0, end);
    if (!apply(option, wanted)) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("Invalid option '{}' of --sub given, it must be one of qos=0|1|2, nl, "
                      "rap, rh=always|new|never, id=NUMBER.",
                      option));
    }
  }
  return wanted;
}

bool needs_v5(const WantedFilter& wanted) {
  SubscribeOptions plain;
  plain.qos = wanted.options.qos;
  return wanted.id != 0 || wanted.options != plain;
}

}  // namespace mq
