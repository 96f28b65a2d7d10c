// What a broker answers to a message or a subscription that it does not take, in words.
#pragma once

#include <string>
#include <string_view>

#include "codec/property.h"
#include "codec/reason_code.h"

namespace mq {

// "The message to 'a' was refused by HOST:1883: Not authorized (0x87): REASON STRING (WHAT TO DO)".
std::string refusal_text(std::string_view what, std::string_view where, ReasonCode reason,
                         const Properties& properties);

}  // namespace mq
