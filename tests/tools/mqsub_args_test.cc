#include "mqsub/args.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tools/command_line.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

SubscriberOptions options(std::vector<std::string> words) {
  auto resolved = resolve_words<SubArgs>(std::move(words));
  if (!resolved) FAIL(resolved.error().text);
  return std::move(*resolved);
}

std::string error(std::vector<std::string> words) {
  return error_of<SubArgs>(std::move(words));
}

}  // namespace

TEST_CASE("a subscription of QoS 0 that never ends") {
  const SubscriberOptions o = options({"-t", "a/#"});
  CHECK(o.filters == std::vector<std::string>{"a/#"});
  CHECK(o.subscribe_options == SubscribeOptions{});
  CHECK(!o.printing.verbose);
  CHECK(o.printing.newline);
  CHECK(!o.printing.format);
  CHECK(o.count == 0);
  CHECK(!o.timeout);
  CHECK(!o.exit_after_subscribe);
  CHECK(o.connection.runner.reconnect);
}

TEST_CASE("several filters, of the URL, too") {
  CHECK(options({"-t", "a", "-t", "b/+", "-L", "mqtt://h/c/%23"}).filters ==
        std::vector<std::string>{"a", "b/+", "c/#"});
  CHECK(options({"-t", "$share/group/a/#"}).filters.size() == 1);
  CHECK(error({}) == "You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
  for (const char* filter :
       {"", "a#", "#/a", "a+", "$share/g", "$share//a", "$share/g+/a", "\xFF"}) {
    CAPTURE(filter);
    CHECK(error({"-t", filter}) == std::string("Invalid subscription topic '") + filter +
                                       "', are all '+' and '#' wildcards correct?");
  }
}

TEST_CASE("filters to pass over and to unsubscribe from") {
  CHECK(options({"-t", "#", "-T", "a/#", "-T", "b"}).filter_out ==
        std::vector<std::string>{"a/#", "b"});
  CHECK(error({"-t", "#", "-T", "a#"}).starts_with("Invalid filter topic 'a#'"));
  CHECK(options({"-U", "a", "-U", "b"}).unsubscribe == std::vector<std::string>{"a", "b"});
  CHECK(error({"-U", "a#"}).starts_with("Invalid unsubscribe topic 'a#'"));
}

TEST_CASE("subscription options of MQTT 5") {
  const SubscriberOptions o =
      options({"-t", "a", "-V", "5", "-q", "2", "--retain-as-published", "--retain-handling", "new",
               "-D", "subscribe", "subscription-identifier", "3"});
  CHECK(o.subscribe_options.encoded() == (2 | 1 << 3 | 1 << 4));
  CHECK(o.subscribe_properties.view().number(PropertyId::kSubscriptionIdentifier) == 3);
  CHECK(error({"-t", "a", "--retain-as-published"}).find("MQTT 5") != std::string::npos);
  CHECK(error({"-t", "a", "--retain-handling", "new"}).find("MQTT 5") != std::string::npos);
  CHECK(error({"-t", "a", "-V", "5", "--retain-handling", "x"}) ==
        "Invalid retain handling given: x, it must be one of always, new, never.");
}

TEST_CASE("-R asks the broker not to send what would be dropped") {
  CHECK(options({"-t", "a", "-R"}).no_retained);
  CHECK(options({"-t", "a", "-R"}).subscribe_options.encoded() == 0);
  CHECK(options({"-t", "a", "-R", "-V", "5"}).subscribe_options.retain_handling ==
        RetainHandling::kDoNotSend);
  CHECK(options({"-t", "a", "-R", "-V", "5", "--retain-handling", "always"})
            .subscribe_options.retain_handling == RetainHandling::kSend);
  CHECK(error({"-t", "a", "-R", "--retained-only"}) ==
        "-R and --retained-only cannot be used together.");
}

TEST_CASE("a count limits what the broker may have in flight") {
  CHECK(options({"-t", "a", "-C", "5"}).count == 5);
  CHECK(!options({"-t", "a", "-C", "5"}).connection.client.receive_maximum);
  CHECK(options({"-t", "a", "-C", "5", "-V", "5"}).connection.client.receive_maximum == 5);
  CHECK(options({"-t", "a", "-C", "50", "-V", "5"}).connection.client.receive_maximum == 20);
  CHECK(options({"-t", "a", "-C", "5", "-D", "connect", "receive-maximum", "9"})
            .connection.client.receive_maximum == 9);
  CHECK(error({"-t", "a", "-C", "0"}) ==
        "Invalid count given: 0, it must be a number, at least 1.");
}

TEST_CASE("timeouts have decimals") {
  CHECK(options({"-t", "a", "-W", "0.5"}).timeout == 500ms);
  CHECK(options({"-t", "a", "-W", "3"}).timeout == 3s);
  CHECK(error({"-t", "a", "-W", "0"}).starts_with("Invalid timeout given: 0"));
  CHECK(error({"-t", "a", "-W", "x"}).starts_with("Invalid timeout given: "));
}

TEST_CASE("printing") {
  const SubscriberOptions o = options({"-t", "a", "-v", "-N", "-F", "%t"});
  CHECK(o.printing.verbose);
  CHECK(!o.printing.newline);
  CHECK(o.printing.format);
  CHECK(error({"-t", "a", "-F", "%Z"}) == "Invalid format specifier 'Z'.");
}

TEST_CASE("options of mosquitto_pub are none of mqsub's") {
  for (const char* option :
       {"-f", "-l", "-m", "-n", "-r", "--latency", "--repeat", "--repeat-delay", "-s"}) {
    CHECK(error({"-t", "x", option, "1"})
              .starts_with(std::string("Unknown option '") + option + "'."));
  }
}
