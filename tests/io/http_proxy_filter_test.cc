#include "io/http_proxy_filter.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace mq;

namespace {

Address broker() {
  Address address;
  address.host = "broker.example";
  return address;
}

struct Talk {
  explicit Talk(std::string_view url, const Address& to = broker())
      : filter(proxy_filter(*parse_proxy(url), to)) {}

  std::string hears(std::string_view bytes) {
    Buffer wire;
    const auto result = filter->from_wire(to_bytes(bytes), plain, wire);
    if (!result) return "error: " + result.error().text;
    return std::string(to_string_view(wire.bytes()));
  }

  std::unique_ptr<Filter> filter;
  Buffer plain;
};

}  // namespace

TEST_CASE("CONNECT, and what follows the answer is the broker's") {
  Talk talk("http://proxy:3128");
  CHECK(talk.hears("") ==
        "CONNECT broker.example:1883 HTTP/1.1\r\nHost: broker.example:1883\r\n\r\n");
  // Byte by byte.
  for (const char c : std::string_view("HTTP/1.1 200 OK\r\nVia: x\r\n\r\n")) {
    CHECK_FALSE(talk.filter->open());
    CHECK(talk.hears({&c, 1}) == "");
  }
  CHECK(talk.filter->open());
  CHECK(talk.hears("first") == "");
  CHECK(to_string_view(talk.plain.bytes()) == "first");
  Talk at_once("http://proxy");
  CHECK(at_once.hears("HTTP/1.0 200\r\n\r\nfirst").starts_with("CONNECT "));
  CHECK(to_string_view(at_once.plain.bytes()) == "first");
}

TEST_CASE("user name and password") {
  Talk talk("http://Aladdin:open%20sesame@proxy:3128");
  CHECK(talk.hears("").find("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n") !=
        std::string::npos);
}

TEST_CASE("refusals, and what is no HTTP proxy") {
  const auto answer = [](std::string_view text) { return Talk("http://proxy:3128").hears(text); };
  CHECK(answer("HTTP/1.1 502 Bad Gateway\r\n\r\n") ==
        "error: the proxy proxy:3128 cannot connect to broker.example:1883: 502 Bad Gateway");
  CHECK(answer("HTTP/1.1 407 x\r\n\r\n").find("wants a user name") != std::string::npos);
  CHECK(answer("SSH-2.0\r\n\r\n") == "error: the proxy proxy:3128 does not speak HTTP");
  CHECK(answer("HTTP/1.1\r\n\r\n") == "error: the proxy proxy:3128 does not speak HTTP");
  CHECK_FALSE(answer(std::string(kProxyAnswerMax - 1, 'x')).starts_with("error"));
  CHECK(answer(std::string(kProxyAnswerMax, 'x')) ==
        "error: the proxy proxy:3128 does not speak HTTP");
  Address odd;
  odd.host = "a\r\nX: y";
  CHECK(Talk("http://proxy", odd).hears("").starts_with("error: "));
}

TEST_CASE("which proxy a URL names") {
  CHECK(parse_proxy("http://p")->address.text() == "p:8080");
  CHECK(parse_proxy("http://[::1]:1/")->address.text() == "[::1]:1");
  CHECK(parse_proxy("http://p")->kind == Proxy::Kind::kHttp);
  CHECK(parse_proxy("socks5://p")->address.text() == "p:1080");
  CHECK_FALSE(parse_proxy("socks5://p")->looks_up);
  CHECK(parse_proxy("socks5h://p")->looks_up);
  CHECK(parse_proxy("https://p").error().text == "Unsupported proxy protocol: https://p");
}

TEST_CASE("the proxy of the environment") {
  setenv("ALL_PROXY", "http://p:1", 1);
  for (const char* without : {"", "other.example", "roker.example", "x,,y", "broker.example.org"}) {
    setenv("NO_PROXY", without, 1);
    CHECK((*proxy_of_environment("broker.example"))->address.text() == "p:1");
  }
  for (const char* without : {"*", "broker.example", "x, .example ", "example"}) {
    setenv("NO_PROXY", without, 1);
    CHECK_FALSE(*proxy_of_environment("broker.example"));
  }
  unsetenv("NO_PROXY");
  setenv("ALL_PROXY", "nonsense", 1);
  CHECK_FALSE(proxy_of_environment("broker.example"));
  unsetenv("ALL_PROXY");
  CHECK_FALSE(*proxy_of_environment("broker.example"));
}
