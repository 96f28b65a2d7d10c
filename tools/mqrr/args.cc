#include "mqrr/args.h"

#include <algorithm>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "codec/limits.h"
#include "codec/topic.h"
#include "common/invalid.h"
#include "common/options.h"
#include "common/topic_args.h"

namespace mq {
namespace {

void resolve_properties(const std::vector<GivenProperty>& given, RequesterOptions& to) {
  const auto has = [&given](PropertyId id) {
    return std::ranges::any_of(given, [id](const GivenProperty& p) { return p.id == id; });
  };
  if (to.connection.client.version != Version::kV5) return;
  if (!has(PropertyId::kResponseTopic)) {
    to.properties.add(PropertyId::kResponseTopic, to.response_topic);
  }
  for (const GivenProperty& property : given) {
    if (property.id == PropertyId::kCorrelationData) {
      to.correlation_data = property.text;
    } else if (property.id != PropertyId::kTopicAlias) {
      append(to.properties, property);
    }
  }
}

}  // namespace

void declare(CLI::App& app, RequestArgs& args) {
  app.description(
      "-t TOPIC {-e TOPIC {-m TEXT | -f FILE | -s | -n | -l} | --responder COMMAND} [OPTION]...\n\n"
      "Publishes a request to an MQTT broker and prints the response; or answers requests.");
  app.footer(
      "Examples:\n"
      "  mqrr -t lamp/get -e lamp/answer -m state -W 2\n"
      "  mqrr -t ping -e pong -n --latency --repeat 100\n"
      "  mqrr -t lamp/get --responder 'cat /run/lamp'");
  declare(app, args.message);
  Options(app, "Message")
      .count("-l,--stdin-line", args.lines,
             "Send each line of standard input as a request, once the one before has its response.")
      .number("--repeat", args.repeat, "COUNT",
              "Send it COUNT times, each after the response to the one before.", {1})
      .seconds("--repeat-delay", args.repeat_delay, "SECONDS",
               "Pause between a response and the next time.");
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
               "End with exit code 27 when a response takes longer than this many seconds, "
               "connecting included.",
               std::chrono::milliseconds(1))
      .flag(
          "--latency", args.latency,
          "Print how long the response took; after several, the smallest, median, 99th percentile "
          "and largest time, with -j as JSON.");
  Options(app, "Responder")
      .text("--responder", args.responder, "COMMAND",
            "Answer the requests on TOPIC with what a shell command prints: the request is its "
            "input. The response goes where the request asks for, else to the topic of -e.")
      .number("--exec-jobs", args.jobs_max, "COUNT", "Most commands at work at a time.", {1, 1000})
      .size("--max-response", args.response_max, "SIZE",
            "Largest response: of a command that prints more, there is none.", {1, kVarintMax});
  declare(app, args.output);
  declare(app, args.connect);
}

namespace {

Result<Qos> resolve_qos(const RequestArgs& args, const ConnectOptions& connection) {
  if (connection.url_retain) {
    return invalid("Invalid URL for -L argument specified - nothing is retained here.");
  }
  return args.message.qos.value_or(connection.url_qos.value_or(Qos::kAtMostOnce));
}

// What both ends ask the server for.
Result<SubscribeOptions> resolve_subscription(const RequestArgs& args, Qos qos, bool v5) {
  if (!v5 && (args.retain_as_published || args.retain_handling)) {
    return invalid("--retain-as-published and --retain-handling need MQTT 5 (-V 5).");
  }
  SubscribeOptions options;
  options.qos = qos;
  if (v5) {
    options.retain_as_published = args.retain_as_published;
    options.retain_handling = args.retain_handling.value_or(
        args.no_retained ? RetainHandling::kDoNotSend : RetainHandling::kSend);
  }
  return options;
}

Result<RequesterOptions> resolve_requester(const RequestArgs& args, ConnectOptions given) {
  RequesterOptions to;
  to.connection = std::move(given);
  ConnectOptions& connection = to.connection;
  to.topic = args.message.topic.value_or(connection.url_topic);
  const size_t kinds = args.message.given() + args.lines;
  if (kinds > 1) return invalid("Only one type of message can be sent at once.");
  to.response_topic = args.response_topic.value_or("");
  if (kinds == 0 || to.topic.empty() || to.response_topic.empty()) {
    return invalid("All of topic, message, and response topic must be supplied.");
  }
  MQ_CHECK(check_topic("publish", to.topic));
  MQ_CHECK(check_topic("response", to.response_topic));
  if (args.lines > 0 && args.repeat) {
    return invalid("--repeat cannot be used with -l: each line is sent once.");
  }
  MQ_TRY(to.qos, resolve_qos(args, connection));
  MQ_TRY(to.subscribe_options,
         resolve_subscription(args, to.qos, connection.client.version == Version::kV5));
  limit_receive_maximum(connection, 1);
  resolve_properties(connection.properties.of(PropertiesIn::kPublish), to);
  to.subscribe_properties = connection.properties.list(PropertiesIn::kSubscribe);
  to.disconnect_properties = connection.properties.list(PropertiesIn::kDisconnect);
  to.no_retained = args.no_retained;
  to.latency = args.latency;
  to.json_latency = args.output.json || args.output.json_payload;
  to.timeout = args.timeout;
  to.lines = args.lines > 0;
  to.repeat = args.repeat.value_or(1);
  to.repeat_delay = args.repeat_delay;
  MQ_TRY(to.printing, resolve(args.output));
  if (!to.lines) {
    MQ_TRY(to.payload, read_payload(args.message));
  }
  return to;
}

Result<ResponderOptions> resolve_responder(const RequestArgs& args, ConnectOptions given) {
  const PrintingArgs& output = args.output;
  const bool prints = output.verbose || output.format || output.json || output.json_payload ||
                      output.decode || output.no_newline || output.null_after || output.pretty;
  if (args.message.given() + args.lines > 0 || args.repeat || args.latency || args.timeout ||
      prints) {
    return invalid(
        "--responder answers requests: it goes with no message (-m, -f, -s, -n, -l, --repeat), "
        "no -W, no --latency, and nothing that says how to print.");
  }
  ResponderOptions to;
  to.connection = std::move(given);
  ConnectOptions& connection = to.connection;
  to.filter = args.message.topic.value_or(connection.url_topic);
  if (to.filter.empty()) return invalid("--responder needs the topic of the requests (-t).");
  MQ_CHECK(check_filter("subscription", to.filter));
  to.response_topic = args.response_topic.value_or("");
  if (!to.response_topic.empty()) {
    MQ_CHECK(check_topic("response", to.response_topic));
    if (matches(to.filter, to.response_topic)) {
      return invalid(fmt::format("The responses to '{}' would be requests themselves, of '{}'.",
                                 to.response_topic, to.filter));
    }
  }
  to.command = *args.responder;
  to.jobs_max = args.jobs_max;
  to.response_max = args.response_max;
  MQ_TRY(to.qos, resolve_qos(args, connection));
  const bool v5 = connection.client.version == Version::kV5;
  MQ_TRY(to.subscribe_options, resolve_subscription(args, to.qos, v5));
  to.subscribe_options.no_local = v5;
  to.no_retained = args.no_retained;
  to.properties = connection.properties.list(PropertiesIn::kPublish);
  to.subscribe_properties = connection.properties.list(PropertiesIn::kSubscribe);
  to.disconnect_properties = connection.properties.list(PropertiesIn::kDisconnect);
  return to;
}

}  // namespace

Result<RequestOrRespond> resolve(const RequestArgs& args) {
  MQ_TRY(ConnectOptions connection, resolve(args.connect));
  if (args.retain_as_published || args.retain_handling) connection.runner.or_v311 = false;
  if (args.responder) {
    MQ_TRY(ResponderOptions to, resolve_responder(args, std::move(connection)));
    return to;
  }
  MQ_TRY(RequesterOptions to, resolve_requester(args, std::move(connection)));
  return to;
}

}  // namespace mq
