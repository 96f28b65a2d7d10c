#include "io/proxy_header.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "io/proxy_filter.h"

namespace mq::test {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kAddresses4 = "\xC0\0\2\1\xC6\x33\x64\1\xD4\x31\7\x5B"s;  // 192.0.2.1:54321

std::string v2(char command, char family, const std::string& body) {
  return kSignature + command + family + static_cast<char>(body.size() >> 8) +
         static_cast<char>(body.size() & 0xFF) + body;
}

std::string extra(char type, const std::string& value) {
  return type + "\0"s + static_cast<char>(value.size()) + value;
}

// The client, "-" when it is unknown, "..." when more is needed, or the error.
std::string client(std::string_view bytes) {
  const auto header = parse_proxy_header(to_bytes(bytes));
  if (!header) return header.error().text;
  if (!*header) return "...";
  CHECK((*header)->size <= bytes.size());
  return (*header)->client.empty() ? "-" : (*header)->client;
}

bool is_bad(std::string_view bytes) {
  return client(bytes).starts_with("no PROXY header");
}

// Every proper beginning of a header is one that waits for more.
void check_beginnings(const std::string& header) {
  for (size_t n = 0; n < header.size(); ++n) {
    CAPTURE(n);
    CHECK(client(std::string_view(header).substr(0, n)) == "...");
  }
}

TEST_CASE("PROXY version 1") {
  const std::string line = "PROXY TCP4 192.0.2.1 198.51.100.1 54321 1883\r\n";
  CHECK(client(line + "\x10") == "192.0.2.1:54321");
  CHECK((*parse_proxy_header(to_bytes(line + "more")))->size == line.size());
  check_beginnings(line);
  CHECK(client("PROXY TCP6 2001:db8::1 ::1 1 2\r\n") == "[2001:db8::1]:1");
  CHECK(client("PROXY UNKNOWN\r\n") == "-");
  CHECK(client("PROXY UNKNOWN ffff:f...f:ffff ffff 65535 65535\r\n") == "-");
}

TEST_CASE("PROXY version 1: what is no header") {
  for (const char* bytes :
       {"GET / HTTP/1.1\r\n", "\x10\x0C", "PROXX ", "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n", "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n",
        "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
        "PROXY UNKNOWN \x01\r\n", "PROXY UNKNOWNX\r\n"}) {
    CAPTURE(bytes);
    CHECK(is_bad(bytes));
  }
  CHECK(is_bad("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"s));
  // 107 bytes are the most that a line may have.
  CHECK(client("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n") == "-");
  CHECK(is_bad("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"));
  CHECK(is_bad("PROXY UNKNOWN " + std::string(93, 'x')));
}

TEST_CASE("PROXY version 2") {
  const std::string header = v2('\x21', '\x11', kAddresses4);
  CHECK(client(header) == "192.0.2.1:54321");
  check_beginnings(header);
  const std::string addresses6 = std::string(15, '\0') + '\1' + std::string(16, '\0') + "\0\5\0\6"s;
  CHECK(client(v2('\x21', '\x21', addresses6)) == "[::1]:5");
  CHECK(client(v2('\x21', '\x31', std::string(216, 'x'))) == "-");
  CHECK(client(v2('\x21', '\x00', "")) == "-");
  CHECK(client(v2('\x20', '\x11', kAddresses4)) == "-");  // the proxy's own
  CHECK(client(v2('\x21', '\x11', kAddresses4 + extra(4, "padding"))) == "192.0.2.1:54321");

  CHECK(is_bad(v2('\x11', '\x11', kAddresses4)));
  CHECK(is_bad(v2('\x22', '\x11', kAddresses4)));
  CHECK(is_bad(v2('\x21', '\x12', kAddresses4)));
  CHECK(is_bad(v2('\x21', '\x11', kAddresses4.substr(1))));
  CHECK(is_bad(v2('\x21', '\x21', kAddresses4)));
  CHECK(is_bad(v2('\x21', '\x31', kAddresses4)));
  CHECK(is_bad(v2('\x21', '\x11', kAddresses4 + "\4\0"s)));
  CHECK(is_bad(v2('\x21', '\x11', kAddresses4 + "\4\0\2x"s)));
  CHECK(is_bad(kSignature + "\x21\x11\xFF\xFF"));
  CHECK(client(kSignature + "\x21\x11\x0F\xF0") == "...");  // 4096 with what is before it
  CHECK(is_bad(kSignature + "\x21\x11\x0F\xF1"));
}

TEST_CASE("PROXY version 2: TLS and the certificate that the proxy has seen") {
  const auto read = [](const std::string& ssl) {
    return **parse_proxy_header(to_bytes(v2('\x21', '\x11', kAddresses4 + extra('\x20', ssl))));
  };
  const std::string name = extra('\x22', "alice");
  ProxyHeader header = read("\7\0\0\0\0"s + extra('\x21', "TLSv1.3") + name);
  CHECK(header.tls);
  CHECK(header.verified);
  CHECK(header.common_name == "alice");
  header = read("\1\0\0\0\1"s + name);
  CHECK(header.tls);
  CHECK(!header.verified);
  CHECK(header.common_name == "");
  header = read("\0\0\0\0\0"s + name);
  CHECK(!header.tls);
  CHECK(header.common_name == "");
  CHECK(read("\7\0\0\0\0"s + extra('\x22', "alice\0x"s)).common_name == "");
  CHECK(is_bad(v2('\x21', '\x11', kAddresses4 + extra('\x20', "\1\0\0\0"s))));
  CHECK(is_bad(v2('\x21', '\x11', kAddresses4 + extra('\x20', "\1\0\0\0\0\x22\0"s))));
}

struct Behind {
  explicit Behind(const ProxyOptions& options) : filter(make_proxy_filter(options)) {}
  bool feed(std::string_view bytes) {
    Buffer out;
    const auto result = filter->from_wire(to_bytes(bytes), out, wire);
    plain += to_string_view(out.bytes());
    if (!result) error = result.error().text;
    return result.has_value();
  }
  std::unique_ptr<Filter> filter;
  Buffer wire;
  std::string plain, error;
};

TEST_CASE("behind the header of a proxy all bytes are the client's, however they are cut") {
  const std::string header = v2('\x21', '\x11', kAddresses4);
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}}) {
    Behind behind({});
    const std::string all = header + "\x10 and more";
    for (size_t at = 0; at < all.size(); at += piece) {
      CHECK(behind.feed(std::string_view(all).substr(at, piece)));
    }
    CHECK(behind.filter->open());
    CHECK(behind.plain == "\x10 and more");
    CHECK(behind.filter->peer() == "192.0.2.1:54321");
    CHECK(behind.filter->peer_identity() == nullptr);
    CHECK(behind.filter->to_wire(to_bytes("answer"), behind.wire));
    CHECK(to_string_view(behind.wire.bytes()) == "answer");
  }
}

TEST_CASE("what a listener can ask of a proxy") {
  const std::string v1 = "PROXY UNKNOWN\r\n", plain = v2('\x21', '\x11', kAddresses4);
  const auto with_tls = [](const std::string& ssl) {
    return v2('\x21', '\x11', kAddresses4 + extra('\x20', ssl + extra('\x22', "alice")));
  };
  CHECK(Behind({}).feed(v1));
  CHECK(!Behind({.v1 = false}).feed(v1));
  CHECK(!Behind({.v2 = false}).feed(plain));
  CHECK(!Behind({.require_tls = true}).feed(v1));
  CHECK(!Behind({.require_tls = true}).feed(plain));
  CHECK(Behind({.require_tls = true}).feed(with_tls("\1\0\0\0\1"s)));
  CHECK(!Behind({.require_certificate = true}).feed(with_tls("\1\0\0\0\1"s)));
  Behind behind({.require_certificate = true, .tells_identity = true});
  CHECK(behind.feed(with_tls("\7\0\0\0\0"s)));
  REQUIRE(behind.filter->peer_identity() != nullptr);
  CHECK(behind.filter->peer_identity()->common_name == "alice");
  Behind silent({.require_certificate = true});
  CHECK(silent.feed(with_tls("\7\0\0\0\0"s)));
  CHECK(silent.filter->peer_identity() == nullptr);
}

}  // namespace
}  // namespace mq::test
