// Limits of the whole broker and of each of its clients.
#pragma once

#include <cstdint>

namespace CLI {
class App;
}

namespace mq {

struct BrokerArgs;

// A CONNECT with a client identifier, a user name and a password has to fit.
inline constexpr uint64_t kPacketMaxMin = 128;

void declare_limits(CLI::App& app, BrokerArgs& args);

}  // namespace mq
