// A WebSocket server takes any bytes in any chunks: what it hands on, answers and rejects does not
// depend on where they are split.
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "fuzz/check.h"
#include "fuzz/chunked.h"
#include "io/web_socket_filter.h"

using namespace mq;
using namespace mq::test;

namespace {

constexpr std::string_view kRequest =
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

struct Server {
  Server(const WebSocketServerOptions& options, bool upgraded)
      : filter(make_web_socket_server(std::make_shared<WebSocketServerOptions>(options))) {
    if (!upgraded) return;
    feed(to_bytes(kRequest));
    FUZZ_CHECK(filter->open());
  }
  void feed(Bytes bytes) {
    if (failed) return;
    failed = !filter->from_wire(bytes, plain, wire);
    if (failed) FUZZ_CHECK(!filter->open());
  }
  std::unique_ptr<Filter> filter;
  Buffer plain, wire;
  bool failed = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const uint8_t settings = input.take_u8();
  const bool upgraded = (settings & 1) != 0;
  WebSocketServerOptions options;
  options.header_bytes_max = 512;
  if ((settings & 2) != 0) options.frame_max = 100;
  if ((settings & 4) != 0) options.path = "/mqtt";
  if ((settings & 8) != 0) options.origins = {"https://a.example"};
  if (upgraded) options.path.clear();
  Server split(options, upgraded), whole(options, upgraded);
  Buffer stream;
  for (Bytes chunk; input.next_chunk(chunk);) {
    stream.append(chunk);
    split.feed(chunk);
  }
  whole.feed(stream.bytes());
  FUZZ_CHECK(split.failed == whole.failed);
  FUZZ_CHECK(equal(split.plain.bytes(), whole.plain.bytes()));
  FUZZ_CHECK(equal(split.wire.bytes(), whole.wire.bytes()));
  FUZZ_CHECK(split.plain.size() <= stream.size());
  if (split.filter->open()) {
    FUZZ_CHECK(split.filter->to_wire(to_bytes("x"), split.wire).has_value());
    split.filter->finish(split.wire);
  }
  return 0;
}
