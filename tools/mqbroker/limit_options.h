// Options whose values are limits, in the ways in which mosquitto.conf writes them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "common/options.h"

namespace mq {

// A limit that mosquitto.conf knows to switch off with 0 or -1. Nothing is without limits here, but
// others stand behind this one: the memory of all messages, the limits of the whole broker.
void limit(Options& options, std::string_view names, uint32_t& to, std::string_view help);

// The same for memory, where 0 is what is there by default.
void size_limit(Options& options, std::string_view names, uint64_t& to, uint64_t min,
                std::string_view help);

// QoS 1 and 2 messages in flight; 0 is as many as there are packet identifiers.
void window_limit(Options& options, std::string_view names, uint32_t& to, std::string_view help);

// So much a second, of messages or of bytes; 0 is no limit, as it is by default.
void message_rate(Options& options, std::string_view names, uint64_t& to, std::string_view help);
void byte_rate(Options& options, std::string_view names, uint64_t& to, std::string_view help);

}  // namespace mq
