#include "mqrr/args.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tools/command_line.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

RequesterOptions options(std::vector<std::string> words) {
  auto resolved = resolve_words<RequestArgs>(std::move(words));
  if (!resolved) FAIL(resolved.error().text);
  return std::get<RequesterOptions>(std::move(*resolved));
}

ResponderOptions responder(std::vector<std::string> words) {
  auto resolved = resolve_words<RequestArgs>(std::move(words));
  if (!resolved) FAIL(resolved.error().text);
  return std::get<ResponderOptions>(std::move(*resolved));
}

std::string error(std::vector<std::string> words) {
  return error_of<RequestArgs>(std::move(words));
}

}  // namespace

TEST_CASE("a request says where its answer is to go, and which one it is") {
  const RequesterOptions o = options({"-t", "ask", "-e", "answer", "-m", "hi", "-W", "2.5"});
  CHECK(o.topic == "ask");
  CHECK(o.response_topic == "answer");
  CHECK(o.payload == "hi");
  CHECK(o.timeout == 2500ms);
  CHECK(o.connection.client.version == Version::kV5);
  CHECK(o.connection.client.receive_maximum == 1);
  CHECK(o.properties.view().text(PropertyId::kResponseTopic) == "answer");
  CHECK(!o.correlation_data);  // a random one
  CHECK(o.repeat == 1);
}

TEST_CASE("correlation data of the user's own") {
  const RequesterOptions o =
      options({"-t", "a", "-e", "b", "-n", "-D", "publish", "correlation-data", "4711"});
  CHECK(o.correlation_data == "4711");
}

TEST_CASE("MQTT 3 has no properties") {
  CHECK(options({"-t", "a", "-e", "b", "-n", "-V", "311"}).properties.empty());
}

TEST_CASE("what is missing") {
  const std::string all = "All of topic, message, and response topic must be supplied.";
  CHECK(error({"-t", "a", "-n"}) == all);
  CHECK(error({"-t", "a", "-e", "b"}) == all);
  CHECK(error({"-e", "b", "-n"}) == all);
  CHECK(error({"-t", "a", "-e", "b/#", "-n"}).starts_with("Invalid response topic 'b/#'"));
  CHECK(error({"-t", "a", "-e", "b", "-n", "-l"}) ==
        "Only one type of message can be sent at once.");
  CHECK(error({"-t", "a", "-e", "b", "-n", "-C", "1"}).starts_with("Unknown option '-C'"));
}

TEST_CASE("many requests: of lines, or one again and again") {
  CHECK(options({"-t", "a", "-e", "b", "-l"}).lines);
  const RequesterOptions o =
      options({"-t", "a", "-e", "b", "-m", "x", "--repeat", "3", "--repeat-delay", "0.5"});
  CHECK(o.repeat == 3);
  CHECK(o.repeat_delay == 500ms);
  CHECK(error({"-t", "a", "-e", "b", "-l", "-m", "x"}) ==
        "Only one type of message can be sent at once.");
  CHECK(error({"-t", "a", "-e", "b", "-l", "--repeat", "2"}).starts_with("--repeat cannot"));
}

TEST_CASE("the other end: a command for requests") {
  const ResponderOptions o = responder({"-t", "a/+", "--responder", "cat", "-e", "b", "-q", "1"});
  CHECK(o.filter == "a/+");
  CHECK(o.command == "cat");
  CHECK(o.response_topic == "b");
  CHECK(o.jobs_max == 1);
  CHECK(o.response_max == 1024 * 1024);
  CHECK(o.subscribe_options.no_local);
  CHECK_FALSE(responder({"-t", "a", "--responder", "cat", "-V", "311"}).subscribe_options.no_local);
  CHECK(error({"--responder", "cat"}).starts_with("--responder needs the topic"));
  CHECK(error({"-t", "a#", "--responder", "cat"}).starts_with("Invalid subscription topic"));
  CHECK(error({"-t", "a/#", "-e", "a/b", "--responder", "cat"}).find("requests themselves") !=
        std::string::npos);
  for (const auto& extra : {"-n", "-l", "--latency", "-v", "-j", "-N"}) {
    CHECK(error({"-t", "a", "--responder", "cat", extra}).starts_with("--responder answers"));
  }
  CHECK(error({"-t", "a", "--responder", "cat", "--max-response", "0"}) ==
        "Invalid max response given: 0, it must be between 1 and 268435455 bytes inclusive.");
}
