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

std::vector<std::string> filters(std::vector<std::string> words) {
  std::vector<std::string> result;
  for (const WantedFilter& wanted : options(std::move(words)).filters) {
    result.push_back(wanted.filter);
  }
  return result;
}

SubscribeOptions subscribe_options(std::vector<std::string> words) {
  return options(std::move(words)).filters.at(0).options;
}

}  // namespace

TEST_CASE("the query of the URL") {
  CHECK(options({"-L", "mqtt://h/t?qos=1"}).filters[0].options.qos == Qos::kAtLeastOnce);
  CHECK(options({"-L", "mqtt://h/t?qos=1", "-q", "2"}).filters[0].options.qos == Qos::kExactlyOnce);
  CHECK(error({"-L", "mqtt://h/t?retain=1"}).find("nothing is published here") !=
        std::string::npos);
}

TEST_CASE("a subscription of QoS 0 that never ends") {
  const SubscriberOptions o = options({"-t", "a/#"});
  CHECK(filters({"-t", "a/#"}) == std::vector<std::string>{"a/#"});
  CHECK(o.filters.at(0).options == SubscribeOptions{});
  CHECK(!o.sink.printing.verbose);
  CHECK(o.sink.printing.newline);
  CHECK(!o.sink.printing.format);
  CHECK(o.ending.count == 0);
  CHECK(!o.ending.timeout);
  CHECK(!o.ending.after_subscribe);
  CHECK(o.connection.runner.reconnect);
}

TEST_CASE("several filters, of the URL, too") {
  CHECK(filters({"-t", "a", "-t", "b/+", "-L", "mqtt://h/c/%23"}) ==
        std::vector<std::string>{"a", "b/+", "c/#"});
  CHECK(options({"-t", "$share/group/a/#"}).filters.size() == 1);
  CHECK(error({}) == "You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
  for (const char* filter : {"a#", "#/a", "a+", "$share/g/a#"}) {
    CAPTURE(filter);
    CHECK(error({"-t", filter}) == std::string("Invalid subscription topic '") + filter +
                                       "', are all '+' and '#' wildcards correct?");
  }
  for (const char* filter : {"$share/g", "$share//a", "$share/g+/a"}) {
    CHECK(error({"-t", filter}) == std::string("Invalid subscription topic '") + filter +
                                       "', it must be $share/NAME/FILTER.");
  }
  CHECK(error({"-t", ""}) == "Invalid subscription topic given: it is empty.");
  CHECK(error({"-t", "\xFF"}) == "Invalid subscription topic given: it is not UTF-8.");
}

TEST_CASE("filters to pass over and to unsubscribe from") {
  CHECK(options({"-t", "#", "-T", "a/#", "-T", "b"}).selection.filter_out ==
        std::vector<std::string>{"a/#", "b"});
  CHECK(error({"-t", "#", "-T", "a#"}).starts_with("Invalid filter topic 'a#'"));
  CHECK(options({"-U", "a", "-U", "b"}).unsubscribe == std::vector<std::string>{"a", "b"});
  CHECK(error({"-U", "a#"}).starts_with("Invalid unsubscribe topic 'a#'"));
}

TEST_CASE("subscription options of MQTT 5") {
  const SubscriberOptions o =
      options({"-t", "a", "-V", "5", "-q", "2", "--retain-as-published", "--retain-handling", "new",
               "-D", "subscribe", "subscription-identifier", "3"});
  CHECK(o.filters.at(0).options.encoded() == (2 | 1 << 3 | 1 << 4));
  CHECK(o.subscribe_properties.view().number(PropertyId::kSubscriptionIdentifier) == 3);
  CHECK(error({"-t", "a", "--retain-as-published"}).find("MQTT 5") != std::string::npos);
  CHECK(error({"-t", "a", "--retain-handling", "new"}).find("MQTT 5") != std::string::npos);
  CHECK(error({"-t", "a", "-V", "5", "--retain-handling", "x"}) ==
        "Invalid retain handling given: x, it must be one of always, new, never.");
}

TEST_CASE("-R asks the broker not to send what would be dropped") {
  CHECK(options({"-t", "a", "-R"}).selection.no_retained);
  CHECK(subscribe_options({"-t", "a", "-R"}).encoded() == 0);
  CHECK(subscribe_options({"-t", "a", "-R", "-V", "5"}).retain_handling ==
        RetainHandling::kDoNotSend);
  CHECK(subscribe_options({"-t", "a", "-R", "-V", "5", "--retain-handling", "always"})
            .retain_handling == RetainHandling::kSend);
  CHECK(error({"-t", "a", "-R", "--retained-only"}) ==
        "-R and --retained-only cannot be used together.");
}

TEST_CASE("a count limits what the broker may have in flight") {
  CHECK(options({"-t", "a", "-C", "5"}).ending.count == 5);
  CHECK(!options({"-t", "a", "-C", "5"}).connection.client.receive_maximum);
  CHECK(options({"-t", "a", "-C", "5", "-V", "5"}).connection.client.receive_maximum == 5);
  CHECK(options({"-t", "a", "-C", "50", "-V", "5"}).connection.client.receive_maximum == 20);
  CHECK(options({"-t", "a", "-C", "5", "-D", "connect", "receive-maximum", "9"})
            .connection.client.receive_maximum == 9);
  CHECK(error({"-t", "a", "-C", "0"}) ==
        "Invalid count given: 0, it must be a number, at least 1.");
}

TEST_CASE("timeouts have decimals") {
  CHECK(options({"-t", "a", "-W", "0.5"}).ending.timeout == 500ms);
  CHECK(options({"-t", "a", "-W", "3"}).ending.timeout == 3s);
  CHECK(error({"-t", "a", "-W", "0"}).starts_with("Invalid timeout given: 0"));
  CHECK(error({"-t", "a", "-W", "x"}).starts_with("Invalid timeout given: "));
}

TEST_CASE("printing") {
  const SubscriberOptions o = options({"-t", "a", "-v", "-N", "-F", "%t"});
  CHECK(o.sink.printing.verbose);
  CHECK(!o.sink.printing.newline);
  CHECK(o.sink.printing.format);
  CHECK(error({"-t", "a", "-F", "%Z"}) == "Invalid format specifier 'Z'.");
}

TEST_CASE("--sub: a filter with options of its own") {
  const SubscriberOptions o =
      options({"-V", "5", "-q", "1", "--sub", "a/#;qos=2;nl;rap;rh=never;id=7", "--sub", "b",
               "--no-local"});
  CHECK(o.filters.at(0).filter == "a/#");
  CHECK(o.filters.at(0).options.encoded() == (2 | 1 << 2 | 1 << 3 | 2 << 4));
  CHECK(o.filters.at(0).id == 7);
  CHECK(o.filters.at(1).options.encoded() == (1 | 1 << 2));
  CHECK(options({"--sub", "a;qos=2"}).filters.at(0).options.encoded() == 2);
  CHECK(error({"--sub", "a;nl"}).find("MQTT 5") != std::string::npos);
  CHECK(error({"--sub", "a;id=7"}).find("MQTT 5") != std::string::npos);
  for (const char* wrong :
       {"a;", "a;qos=3", "a;qos", "a;x", "a;rh=x", "a;id=0", "a;id=268435456"}) {
    CAPTURE(wrong);
    CHECK(error({"-V", "5", "--sub", wrong}).starts_with("Invalid option '"));
  }
}

TEST_CASE("where messages go") {
  CHECK(options({"-t", "a", "--exec", "cat"}).sink.commands.size() == 1);
  CHECK(error({"-t", "a", "--exec", "cat", "--output", "f"}).starts_with("Only one of "));
  CHECK(error({"-t", "a", "-w", "--message-rate"}).starts_with("Only one of "));
  CHECK(error({"-t", "a", "--exec", "cat", "--exec-map", "f"}).find("together") !=
        std::string::npos);
  CHECK(error({"-t", "a", "--rotate", "1k"}).find("--output") != std::string::npos);
  CHECK(options({"-t", "a", "--output", "f", "--rotate", "1k"}).sink.rotate_size == 1024);
  CHECK(error({"-t", "a", "--grep", "("}).find("regular expression") != std::string::npos);
  CHECK(options({"-t", "a", "-j"}).sink.printing.json->payload == JsonPayload::kText);
  CHECK(options({"-t", "a", "-J", "--pretty"}).sink.printing.json->pretty);
  CHECK(options({"-t", "a", "-0"}).sink.printing.end == '\0');
}

TEST_CASE("options of mosquitto_pub are none of mqsub's") {
  for (const char* option :
       {"-f", "-l", "-m", "-n", "-r", "--latency", "--repeat", "--repeat-delay", "-s"}) {
    CHECK(error({"-t", "x", option, "1"})
              .starts_with(std::string("Unknown option '") + option + "'."));
  }
}
