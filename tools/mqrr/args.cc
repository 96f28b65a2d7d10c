#include "mqrr/args.h"

#include <algorithm>
#include <random>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/utf8.h"
#include "codec/topic.h"
#include "common/options.h"

namespace mq {
namespace {

constexpr size_t kCorrelationSize = 16;

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

// What tells this request's answer from others: nobody else's must be the same by chance, or by
// guess.
std::string correlation_data() {
  std::random_device device;
  std::string data;
  while (data.size() < kCorrelationSize) data += static_cast<char>(device() & 0xFF);
  return data;
}

void resolve_properties(const std::vector<GivenProperty>& given, RequesterOptions& to) {
  const auto has = [&given](PropertyId id) {
    return std::ranges::any_of(given, [id](const GivenProperty& p) { return p.id == id; });
  };
  if (to.connection.client.version != Version::kV5) return;
  if (!has(PropertyId::kResponseTopic)) {
    to.properties.add(PropertyId::kResponseTopic, to.response_topic);
  }
  if (!has(PropertyId::kCorrelationData)) {
    to.properties.add(PropertyId::kCorrelationData, correlation_data());
  }
  for (const GivenProperty& property : given) {
    if (property.id != PropertyId::kTopicAlias) append(to.properties, property);
  }
}

}  // namespace

void declare(CLI::App& app, RequestArgs& args) {
  app.description(
      "-t TOPIC -e TOPIC {-m TEXT | -f FILE | -s | -n} [OPTION]...\n\n"
      "Publishes a request to an MQTT broker and prints the response.");
  app.footer(
      "Examples:\n"
      "  mqrr -t lamp/get -e lamp/answer -m state -W 2\n"
      "  mqrr -t ping -e pong -n --latency");
  declare(app, args.message);
  Options(app, "Response")
      .text("-e", args.response_topic, "TOPIC", "Topic that the response comes on.")
      .flag("-R", args.no_retained, "Pass over retained messages.")
      .flag("--retain-as-published", args.retain_as_published,
            "Have messages come with the retain flag they were published with (MQTT 5).")
      .choice("--retain-handling", args.retain_handling,
              {{"always", RetainHandling::kSend},
               {"new", RetainHandling::kSendIfNew},
               {"never", RetainHandling::kDoNotSend}},
              "When the broker sends retained messages: always, for a new subscription, never "
              "(MQTT 5).")
      .seconds("-W", args.timeout, "TIMEOUT",
               "End with exit code 27 after this many seconds, connecting included.",
               std::chrono::milliseconds(1))
      .flag("--latency", args.latency, "Print how long the response took.");
  declare(app, args.output);
  declare(app, args.connect);
}

Result<RequesterOptions> resolve(const RequestArgs& args) {
  RequesterOptions to;
  MQ_TRY(to.connection, resolve(args.connect));
  Connection& connection = to.connection;
  to.topic = args.message.topic.value_or(connection.url_topic);
  if (args.message.given() > 1) return invalid("Only one type of message can be sent at once.");
  to.response_topic = args.response_topic.value_or("");
  if (args.message.given() == 0 || to.topic.empty() || to.response_topic.empty()) {
    return invalid("All of topic, message, and response topic must be supplied.");
  }
  MQ_CHECK(check_topic(to.topic));
  if (!check_topic(to.response_topic)) {
    return invalid(
        fmt::format("Invalid response topic '{}', does it contain '+' or '#'?", to.response_topic));
  }

  const bool v5 = connection.client.version == Version::kV5;
  if (!v5 && (args.retain_as_published || args.retain_handling)) {
    return invalid("--retain-as-published and --retain-handling need MQTT 5 (-V 5).");
  }
  to.qos = args.message.qos;
  to.subscribe_options.qos = args.message.qos;
  if (v5) {
    to.subscribe_options.retain_as_published = args.retain_as_published;
    to.subscribe_options.retain_handling = args.retain_handling.value_or(
        args.no_retained ? RetainHandling::kDoNotSend : RetainHandling::kSend);
  }
  limit_receive_maximum(connection, 1);
  resolve_properties(connection.properties.of(PropertiesIn::kPublish), to);
  to.subscribe_properties = connection.properties.list(PropertiesIn::kSubscribe);
  to.disconnect_properties = connection.properties.list(PropertiesIn::kDisconnect);
  to.no_retained = args.no_retained;
  to.latency = args.latency;
  to.timeout = args.timeout;
  MQ_TRY(to.printing, resolve(args.output));
  MQ_TRY(to.payload, read_payload(args.message));
  return to;
}

}  // namespace mq
