// Two filters back to back in memory: what one puts on the wire the other gets, in pieces of any
// size.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "io/filter.h"

namespace mq::test {

class FilterPair {
 public:
  struct End {
    std::unique_ptr<Filter> filter;
    std::string got;             // plain
    Buffer wire;                 // from this end, not yet at the other
    std::optional<Error> error;  // of its filter, which then gets nothing more
  };

  FilterPair(std::unique_ptr<Filter> for_client, std::unique_ptr<Filter> for_server,
             size_t piece = SIZE_MAX)
      : piece_(piece) {
    client.filter = std::move(for_client);
    server.filter = std::move(for_server);
    feed(client, {});
    feed(server, {});
    run();
  }

  // Until both are silent.
  void run() {
    while (!client.wire.empty() || !server.wire.empty()) {
      pass(client, server);
      pass(server, client);
    }
  }
  void send(End& from, std::string_view plain) {
    if (auto sent = from.filter->to_wire(to_bytes(plain), from.wire); !sent) {
      from.error = sent.error();
    }
    run();
  }
  void feed(End& to, Bytes bytes) {
    if (to.error) return;
    Buffer plain;
    const Result<void> result = to.filter->from_wire(bytes, plain, to.wire);
    to.got += to_string_view(plain.bytes());
    if (!result) to.error = result.error();
  }
  void finish(End& end) {
    end.filter->finish(end.wire);
    run();
  }
  bool open() const { return client.filter->open() && server.filter->open(); }

  End client, server;
  size_t bytes_to_server = 0, bytes_to_client = 0;

 private:
  void pass(End& from, End& to) {
    while (!from.wire.empty()) {
      const size_t count = std::min(from.wire.size(), piece_);
      Buffer bytes;  // in memory of its own, so that a sanitizer sees reads beyond it
      bytes.append(from.wire.bytes().first(count));
      from.wire.consume(count);
      (&to == &server ? bytes_to_server : bytes_to_client) += count;
      feed(to, bytes.bytes());
    }
  }

  const size_t piece_;
};

}  // namespace mq::test
