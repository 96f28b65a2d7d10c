#include "io/web_socket_handshake.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <fmt/core.h>

#include "base/bytes.h"

namespace mq {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // section 1.3
constexpr size_t kKeySize = 24;  // 16 bytes in base64

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(std::string_view text) {  // RFC 9110 section 5.6.2
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7F;
  });
}

std::string base64(Bytes bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  return text;
}

// A request or response without its body, taken apart.
struct HttpHead {
  std::string_view first_line;
  std::vector<std::pair<std::string_view, std::string_view>> fields;

  // Nothing when it breaks the format (RFC 9112): bare line feeds and folded lines are among what
  // servers have been fooled with, and no client of ours needs them.
  static std::optional<HttpHead> parse(std::string_view head) {
    HttpHead parsed;
    for (bool first = true; !head.empty(); first = false) {
      const size_t end = head.find("\r\n");
      if (end == std::string_view::npos) return std::nullopt;
      const std::string_view line = head.substr(0, end);
      head.remove_prefix(end + 2);
      if (!is_field_value(line)) return std::nullopt;
      if (first) {
        parsed.first_line = line;
        continue;
      }
      if (line.empty()) break;
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
      parsed.fields.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    }
    return parsed;
  }

  // The values of a field, joined as a list; nothing when it is not there.
  std::optional<std::string> list(std::string_view name) const {
    std::optional<std::string> joined;
    for (const auto& [field, value] : fields) {
      if (!equal_ignoring_case(field, name)) continue;
      if (joined) *joined += ',';
      joined = joined.value_or("") + std::string(value);
    }
    return joined;
  }

  bool has_word(std::string_view name, std::string_view word) const {
    const std::string all = list(name).value_or("");
    std::string_view rest = all;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      if (equal_ignoring_case(trim(rest.substr(0, comma)), word)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return false;
  }
};

UpgradeAnswer refuse(std::string_view status, std::string_view more, std::string_view why) {
  return {fmt::format("HTTP/1.1 {}\r\n{}Content-Type: text/plain\r\nContent-Length: {}\r\n"
                      "Connection: close\r\n\r\n{}\n",
                      status, more, why.size() + 1, why),
          std::string(why)};
}

}  // namespace

std::string web_socket_key() {
  std::array<uint8_t, 16> random{};
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  return base64(random);
}

std::string web_socket_accept(std::string_view key) {
  const std::string text = fmt::format("{}{}", key, kGuid);
  std::array<uint8_t, 20> hash{};
  EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha1(), nullptr);
  return base64(hash);
}

std::string upgrade_request(const WebSocketClientOptions& options, std::string_view key) {
  std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n"
      "Sec-WebSocket-Protocol: mqtt\r\n",  // [MQTT-6.0.0-3]
      options.path, options.host, key);
  if (!options.origin.empty()) request += fmt::format("Origin: {}\r\n", options.origin);
  for (const std::string& header : options.headers) request += header + "\r\n";
  return request + "\r\n";
}

Result<void> check_upgrade_response(std::string_view head, std::string_view key,
                                    const WebSocketClientOptions& options) {
  const auto wrong = [](std::string text) { return fail(ErrorCode::kProtocol, std::move(text)); };
  const std::optional<HttpHead> response = HttpHead::parse(head);
  if (!response || !response->first_line.starts_with("HTTP/1.1 ") ||
      response->first_line.size() < 12) {
    return wrong("the answer to the WebSocket request is not HTTP");
  }
  const std::string_view status = response->first_line.substr(9);
  if (!status.starts_with("101")) {
    std::string text = fmt::format("the answer to the WebSocket request is {}", status);
    if (status.starts_with("404")) {
      text += fmt::format(": there is no {}; say which path with --ws-path", options.path);
    } else if (status.starts_with("403")) {
      text += ": see --ws-origin";
    } else if (status.starts_with("401")) {
      text += ": see --ws-header";
    } else if (const auto location = response->list("Location")) {
      text += fmt::format(": it has moved to {}", *location);
    }
    return wrong(std::move(text));
  }
  // Section 4.1, what the client must check.
  if (!response->has_word("Upgrade", "websocket") || !response->has_word("Connection", "upgrade")) {
    return wrong("the answer to the WebSocket request upgrades to something else");
  }
  if (response->list("Sec-WebSocket-Accept") != web_socket_accept(key)) {
    return wrong("the answer to the WebSocket request is not to ours: a cache between here and "
                 "the server?");
  }
  if (response->list("Sec-WebSocket-Extensions")) {
    return wrong("the server uses a WebSocket extension that was not asked for");
  }
  // [MQTT-6.0.0-4]
  const std::string protocol = response->list("Sec-WebSocket-Protocol").value_or("");
  if (protocol != "mqtt") {
    return wrong(fmt::format("there is a WebSocket, but not for MQTT: the server's protocol is {}",
                             protocol.empty() ? "not said" : "'" + protocol + "'"));
  }
  return {};
}

UpgradeAnswer answer_upgrade(std::string_view head, const WebSocketServerOptions& options) {
  const std::optional<HttpHead> request = HttpHead::parse(head);
  if (!request) return refuse("400 Bad Request", "", "this is not an HTTP request");
  const std::string_view line = request->first_line;
  const size_t target_at = std::min(line.find(' '), line.size());
  const size_t target_end = std::max(line.rfind(' '), target_at);
  if (line.substr(std::min(target_end + 1, line.size())) != "HTTP/1.1" || target_end == target_at) {
    return refuse("400 Bad Request", "", "this is not a request of HTTP/1.1");
  }
  if (line.substr(0, target_at) != "GET") {
    return refuse("405 Method Not Allowed", "Allow: GET\r\n", "only GET is known here");
  }
  const std::string_view target = line.substr(target_at + 1, target_end - target_at - 1);
  const std::string_view path = target.substr(0, target.find('?'));
  if (!options.path.empty() && path != options.path) {
    return refuse("404 Not Found", "", "there is nothing at this path");
  }
  if (!request->list("Host")) return refuse("400 Bad Request", "", "there is no Host");
  if (!request->has_word("Upgrade", "websocket") || !request->has_word("Connection", "upgrade")) {
    return refuse("426 Upgrade Required", "Upgrade: websocket\r\n", "here is only a WebSocket");
  }
  if (request->list("Sec-WebSocket-Version") != "13") {
    return refuse("426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n",
                  "the version of WebSocket here is 13");
  }
  const std::string key = request->list("Sec-WebSocket-Key").value_or("");
  if (key.size() != kKeySize || !key.ends_with("==")) {
    return refuse("400 Bad Request", "", "the Sec-WebSocket-Key is not one");
  }
  const std::string origin = request->list("Origin").value_or("");
  if (!origin.empty() && !options.origins.empty() &&
      std::ranges::find(options.origins, origin) == options.origins.end()) {
    return refuse("403 Forbidden", "", "this origin may not connect");
  }
  // [MQTT-6.0.0-4]; "mqttv3.1" is what clients said before there was a standard.
  const char* protocol = nullptr;
  for (const char* known : {"mqtt", "mqttv3.1"}) {
    if (protocol == nullptr && request->has_word("Sec-WebSocket-Protocol", known)) protocol = known;
  }
  if (protocol == nullptr) {
    return refuse("400 Bad Request", "", "the Sec-WebSocket-Protocol here is mqtt");
  }
  return {fmt::format("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n"
                      "Sec-WebSocket-Protocol: {}\r\n\r\n",
                      web_socket_accept(key), protocol),
          ""};
}

UpgradeAnswer refuse_long_upgrade(const WebSocketServerOptions& options) {
  return refuse("431 Request Header Fields Too Large", "",
                fmt::format("the request is longer than {} bytes", options.header_bytes_max));
}

}  // namespace mq
