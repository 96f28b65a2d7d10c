// Whatever a connection begins with: a PROXY header is read the same in one piece and in many, and
// no byte behind it is lost.
#include "fuzz/check.h"
#include "fuzz/chunked.h"
#include "io/proxy_filter.h"
#include "io/proxy_header.h"

using namespace mq;
using namespace mq::test;

namespace {

struct Behind {
  explicit Behind(const ProxyOptions& options) : filter(make_proxy_filter(options)) {}
  void feed(Bytes bytes) {
    if (!failed) failed = !filter->from_wire(bytes, plain, wire);
  }
  std::unique_ptr<Filter> filter;
  Buffer plain, wire;
  bool failed = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const uint8_t settings = input.take_u8();
  ProxyOptions options;
  options.v1 = (settings & 1) == 0;
  options.v2 = (settings & 2) == 0;
  options.require_tls = (settings & 4) != 0;
  options.tells_identity = (settings & 8) != 0;
  Behind split(options), whole(options);
  Buffer stream;
  for (Bytes chunk; input.next_chunk(chunk);) {
    stream.append(chunk);
    split.feed(chunk);
  }
  whole.feed(stream.bytes());
  FUZZ_CHECK(split.failed == whole.failed);
  FUZZ_CHECK(split.filter->open() == whole.filter->open());
  FUZZ_CHECK(equal(split.plain.bytes(), whole.plain.bytes()));
  FUZZ_CHECK(split.wire.empty());
  FUZZ_CHECK(split.filter->peer() == whole.filter->peer());
  const auto header = parse_proxy_header(stream.bytes());
  if (whole.filter->open()) {
    FUZZ_CHECK(header && *header);
    FUZZ_CHECK((*header)->size + whole.plain.size() == stream.size());
  }
  return 0;
}
