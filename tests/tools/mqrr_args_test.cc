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
  return std::move(*resolved);
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
  CHECK(o.properties.view().text(PropertyId::kCorrelationData)->size() == 16);
  const RequesterOptions other = options({"-t", "ask", "-e", "answer", "-m", "hi"});
  CHECK(o.properties.view().text(PropertyId::kCorrelationData) !=
        other.properties.view().text(PropertyId::kCorrelationData));
}

TEST_CASE("correlation data of the user's own") {
  const RequesterOptions o =
      options({"-t", "a", "-e", "b", "-n", "-D", "publish", "correlation-data", "4711"});
  CHECK(o.properties.view().text(PropertyId::kCorrelationData) == "4711");
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
  CHECK(error({"-t", "a", "-e", "b", "-n", "-l"}).starts_with("Unknown option '-l'"));
}
