#include "mqsub/args.h"

#include <algorithm>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/utf8.h"
#include "codec/topic.h"
#include "common/options.h"

namespace mq {
namespace {

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

bool is_filter(std::string_view filter, bool may_be_shared) {
  if (!is_utf8(filter)) return false;
  if (may_be_shared && is_shared(filter)) {
    const auto shared = split_shared(filter);
    if (!shared) return false;
    filter = shared->filter;
  }
  return topic_filter_fault(filter, UINT32_MAX) == nullptr;
}

Result<void> check_filters(const std::vector<std::string>& filters, std::string_view what,
                           bool may_be_shared) {
  for (const std::string& filter : filters) {
    if (!is_filter(filter, may_be_shared)) {
      return invalid(fmt::format("Invalid {} topic '{}', are all '+' and '#' wildcards correct?",
                                 what, filter));
    }
  }
  return {};
}

// A durable session must not hand us more than we are going to print: the rest would be lost.
void limit_receive_maximum(const SubArgs& args, Connection& connection) {
  ClientOptions& client = connection.client;
  if (!args.count || client.version != Version::kV5) return;
  const std::vector<GivenProperty>& given = connection.properties.of(PropertiesIn::kConnect);
  const bool is_given = std::any_of(given.begin(), given.end(), [](const GivenProperty& property) {
    return property.id == PropertyId::kReceiveMaximum;
  });
  if (is_given) return;
  client.receive_maximum =
      static_cast<uint16_t>(std::min<uint64_t>(*args.count, *client.receive_maximum));
}

}  // namespace

void declare(CLI::App& app, SubArgs& args) {
  app.description(
      "-t FILTER [OPTION]...\n\n"
      "Prints the messages that an MQTT broker sends for one or more topic filters.");
  app.footer(
      "Examples:\n"
      "  mqsub -t '#' -v\n"
      "  mqsub -t 'host/#' -C 7 -W 10 -F '@H:@M:@S %t %p'\n"
      "  mqsub -t sensors/+/temp -F %j | jq .payload");
  Options(app, "Subscription")
      .list("-t,--topic", args.topics, "FILTER", "Topic filter to subscribe to; several allowed.")
      .list("-T,--filter-out", args.filter_out, "FILTER",
            "Pass over messages whose topic matches; several allowed.")
      .list("-U,--unsubscribe", args.unsubscribe, "FILTER",
            "Unsubscribe from a filter of the session taken up with -c; several allowed.")
      .choice("-q,--qos", args.qos,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Quality of service to ask for: at most once, at least once, exactly once.")
      .flag("-R", args.no_retained, "Pass over retained messages.")
      .flag("--retained-only", args.retained_only,
            "End at the first message that is not a retained one.")
      .flag("--retain-as-published", args.retain_as_published,
            "Have messages come with the retain flag they were published with (MQTT 5).")
      .choice("--retain-handling", args.retain_handling,
              {{"always", RetainHandling::kSend},
               {"new", RetainHandling::kSendIfNew},
               {"never", RetainHandling::kDoNotSend}},
              "When the broker sends retained messages: always, for a new subscription, never "
              "(MQTT 5).");
  Options(app, "Output")
      .flag("-v,--verbose", args.verbose, "Print the topic in front of each message.")
      .flag("-N", args.no_newline, "Print no line feed after each message.")
      .text("-F", args.format, "FORMAT",
            "Print each message like this: %t topic, %p payload, %x in hexadecimal, %j as JSON, "
            "%q QoS, %r retained, %l length, %I time, @H @M @S clock; see the manual.");
  Options(app, "Ending")
      .number("-C", args.count, "COUNT", "End after COUNT messages.", {1})
      .seconds("-W", args.timeout, "TIMEOUT",
               "End with exit code 27 after this many seconds, connecting included.",
               std::chrono::milliseconds(1))
      .flag("-E", args.exit_after_subscribe,
            "End once the broker has acknowledged the subscriptions.");
  declare(app, args.connect);
}

Result<SubscriberOptions> resolve(const SubArgs& args) {
  SubscriberOptions to;
  MQ_TRY(to.connection, resolve(args.connect));
  Connection& connection = to.connection;
  if (args.connect.url && connection.url_topic.empty()) {
    return invalid("Invalid URL for -L argument specified - topic missing.");
  }
  to.filters = args.topics;
  if (!connection.url_topic.empty()) to.filters.push_back(connection.url_topic);
  to.unsubscribe = args.unsubscribe;
  to.filter_out = args.filter_out;
  if (to.filters.empty() && to.unsubscribe.empty()) {
    return invalid("You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
  }
  MQ_CHECK(check_filters(to.filters, "subscription", true));
  MQ_CHECK(check_filters(to.unsubscribe, "unsubscribe", true));
  MQ_CHECK(check_filters(to.filter_out, "filter", false));
  if (args.no_retained && args.retained_only) {
    return invalid("-R and --retained-only cannot be used together.");
  }

  to.subscribe_options.qos = args.qos;
  if (connection.client.version == Version::kV5) {
    to.subscribe_options.retain_as_published = args.retain_as_published;
    to.subscribe_options.retain_handling = args.retain_handling.value_or(
        args.no_retained ? RetainHandling::kDoNotSend : RetainHandling::kSend);
  } else if (args.retain_as_published || args.retain_handling) {
    return invalid("--retain-as-published and --retain-handling need MQTT 5 (-V 5).");
  }
  to.no_retained = args.no_retained;
  to.retained_only = args.retained_only;

  to.subscribe_properties = connection.properties.list(PropertiesIn::kSubscribe);
  to.unsubscribe_properties = connection.properties.list(PropertiesIn::kUnsubscribe);
  to.disconnect_properties = connection.properties.list(PropertiesIn::kDisconnect);
  limit_receive_maximum(args, connection);

  to.printing.verbose = args.verbose;
  to.printing.newline = !args.no_newline;
  if (args.format) {
    MQ_TRY(to.printing.format, Format::parse(*args.format));
  }
  to.count = args.count.value_or(0);
  to.timeout = args.timeout;
  to.exit_after_subscribe = args.exit_after_subscribe;
  return to;
}

}  // namespace mq
