// The HTTP upgrade that a WebSocket begins with (RFC 6455 section 4), without the connection.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/web_socket.h"

namespace mq {

// A new Sec-WebSocket-Key.
std::string web_socket_key();
// What a server makes of it.
std::string web_socket_accept(std::string_view key);

std::string upgrade_request(const WebSocketClientOptions& options, std::string_view key);
// `head` is all up to the empty line. What is wrong with it names the option that could help.
Result<void> check_upgrade_response(std::string_view head, std::string_view key,
                                    const WebSocketClientOptions& options);

struct UpgradeAnswer {
  std::string response;  // goes out in any case
  std::string fault;     // empty: the rest of the connection is frames
};
UpgradeAnswer answer_upgrade(std::string_view head, const WebSocketServerOptions& options);
// To a request whose head is over the limit.
UpgradeAnswer refuse_long_upgrade(const WebSocketServerOptions& options);

}  // namespace mq
