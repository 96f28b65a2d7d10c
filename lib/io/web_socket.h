// What a WebSocket (RFC 6455) can be told, on both sides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/limits.h"

namespace mq {

struct WebSocketClientOptions {
  std::string host = {};  // goes out as the Host header: "broker.example" or "broker.example:8080"
  std::string path = "/mqtt";
  std::string origin = {};  // without: none is sent
  std::vector<std::string> headers = {};  // further ones, "Name: value"
};

struct WebSocketServerOptions {
  std::string path = {};  // the only one served; without: any
  std::vector<std::string> origins = {};  // who may connect of those that name one; without: all
  uint32_t header_bytes_max = 8192;  // of the upgrade request
  uint64_t frame_max = kPacketMax;
};

}  // namespace mq
