#include "mqsub/args.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/invalid.h"
#include "common/options.h"
#include "common/topic_args.h"

namespace mq {

void declare(CLI::App& app, SubArgs& args) {
  app.description(
      "-t FILTER [OPTION]...\n\n"
      "Prints the messages that an MQTT broker sends for one or more topic filters.");
  app.footer(
      "Examples:\n"
      "  mqsub -t '#' -v\n"
      "  mqsub -t 'host/#' -C 7 -W 10 -F '@H:@M:@S %t %p'\n"
      "  mqsub -t sensors/+/temp -j | jq .payload");
  Options(app, "Subscription")
      .list("-t,--topic", args.topics, "FILTER", "Topic filter to subscribe to; several allowed.")
      .list("--sub", args.subscriptions, "FILTER[;OPTION]...",
            "Topic filter with options of its own: qos=0|1|2, nl (not what this client publishes), "
            "rap (retain as published), rh=always|new|never, id=NUMBER; several allowed.")
      .list("-T,--filter-out", args.filter_out, "FILTER",
            "Pass over messages whose topic matches; several allowed.")
      .list("-U,--unsubscribe", args.unsubscribe, "FILTER",
            "Unsubscribe from a filter of the session taken up with -c; several allowed.")
      .choice(
          "-q,--qos", args.qos,
          {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
          "Quality of service to ask for: at most once, at least once, exactly once. Default: 0.")
      .flag("--strict-sub", args.strict, "End when any of several subscriptions is refused.")
      .flag("--no-local", args.no_local,
            "Have the broker leave out what this client publishes (MQTT 5).")
      .flag("-R", args.no_retained, "Pass over retained messages.")
      .flag("--retained-only", args.retained_only,
            "End at the first message that is not a retained one.")
      .flag("--remove-retained", args.remove_retained,
            "Have the broker forget each retained message that arrives.")
      .flag("--dry-run", args.dry_run, "With --remove-retained, only say how many there are.")
      .flag("--retain-as-published", args.retain_as_published,
            "Have messages come with the retain flag they were published with (MQTT 5).")
      .choice("--retain-handling", args.retain_handling,
              {{"always", RetainHandling::kSend},
               {"new", RetainHandling::kSendIfNew},
               {"never", RetainHandling::kDoNotSend}},
              "When the broker sends retained messages: always, for a new subscription, never "
              "(MQTT 5).");
  Options(app, "Selection")
      .list("--topic-re", args.topic_patterns, "REGEX",
            "Only messages with this in their topic; several: with all of them.")
      .list("--grep", args.grep, "REGEX",
            "Only messages with this in their payload, a POSIX extended regular expression; of "
            "several, all.")
      .list("--grep-v", args.grep_not, "REGEX", "Only messages without it; several allowed.")
      .flag("--on-change", args.on_change,
            "Only messages whose payload is not that of the one before on their topic.")
      .seconds("--sample", args.sample, "SECONDS", "At most one message of a topic in this time.")
      .decimal("--random-filter", args.random_filter, "PERCENT",
               "Print so many of a hundred messages, chosen at random.", 0.1, 100);
  declare(app, args.output);
  Options(app, "Destination")
      .flag("-w,--watch", args.watch, "Keep the last message of each topic on a line of its own.")
      .flag("--top", args.top,
            "Show a table of the topics with count, rate, bytes, age and last value, kept up to "
            "date; without a terminal, print it at the end.")
      .choice("--top-sort", args.top_options.order,
              {{"rate", TopicOrder::kRate},
               {"count", TopicOrder::kCount},
               {"bytes", TopicOrder::kBytes},
               {"age", TopicOrder::kAge},
               {"topic", TopicOrder::kTopic}},
              "What its rows are in the order of.")
      .number("--top-topics", args.top_options.limits.topics, "COUNT",
              "Most topics in the table; messages of further ones are only counted.",
              {1, 10'000'000})
      .size("--top-value", args.top_options.limits.value_bytes, "SIZE",
            "Most bytes kept of a value.", {1, 64 * 1024})
      .text("--plot", args.plot, "PATH",
            "Show a chart of a number in the payloads, a line for each topic: PATH is like "
            "temperature or sensors[0].t in JSON, a full stop for the payload itself.")
      .number("--plot-topics", args.plot_options.topics_max, "COUNT",
              "Most lines in the chart; messages of further topics are only counted.", {1, 100})
      .number("--plot-points", args.plot_options.points_max, "COUNT",
              "Most points kept of a line; then the oldest go.", {2, 1'000'000})
      .seconds("--plot-span", args.plot_options.span, "SECONDS", "Time that the chart covers.",
               PlotPicture::kSpanMin)
      .text("--plot-unit", args.plot_options.unit, "UNIT", "Unit of the numbers, for its labels.")
      .flag("--message-rate", args.message_rate,
            "Print the number of messages in each second, not the messages.")
      .flag("--stats", args.stats,
            "Say on standard error at the end how many messages there were; with -j as JSON.")
      .text("-O,--output", args.output_file, "FILE", "Append to a file.")
      .size("--rotate", args.rotate_size, "SIZE",
            "Put the file of --output aside as FILE.1, FILE.2 ... whenever it has this size.")
      .text("--output-dir", args.output_dir, "DIR",
            "Write into files of a directory, named after the topics.")
      .choice("--one-file-per", args.file_per,
              {{"topic", FilePer::kTopic}, {"message", FilePer::kMessage}},
              "What gets a file of its own there.")
      .text("--exec", args.exec, "COMMAND",
            "Run a shell command for each message: the payload is its input, the topic in "
            "$MQTT_TOPIC.")
      .text("--exec-map", args.exec_map, "FILE",
            "Run the command of the first line 'FILTER COMMAND' of a file that fits the topic.")
      .number("--exec-jobs", args.exec_jobs, "COUNT", "Most commands at work at a time.",
              {1, 1000});
  Options(app, "Probe")
      .flag(
          "--probe", args.probe,
          "Look at the broker: its answer to CONNECT, a round trip at each QoS, retained messages, "
          "wildcards and shared subscriptions; with -j as JSON. By -V auto, unless another is "
          "given.");
  Options(app, "Ending")
      .number("-C", args.count, "COUNT", "End after COUNT messages.", {1})
      .seconds("-W", args.timeout, "TIMEOUT",
               "End with exit code 27 after this many seconds, connecting included.",
               std::chrono::milliseconds(1))
      .seconds(
          "--idle-timeout", args.idle_timeout, "SECONDS",
          "End when no message came for this long; with exit code 27 if there was none at all.",
          std::chrono::milliseconds(1))
      .flag("-E", args.exit_after_subscribe,
            "End once the broker has acknowledged the subscriptions.")
      .flag("--retained-exit", args.retained_exit, "End when all retained messages have come.")
      .text("--until", args.until, "REGEX", "End after a message with this in its payload.")
      .list("--until-topic", args.until_topic, "FILTER",
            "End after a message whose topic matches; several allowed.")
      .text("--fail-if", args.fail_if, "REGEX",
            "End with exit code 3 after a message with this in its payload.");
  declare(app, args.connect);
  // Tells a version that nobody gave from the same one that was; 3.1.1 has nothing to fall back to.
  args.connect.version.or_v311 = true;
}

namespace {

Result<std::vector<TextPattern>> compile(const std::vector<std::string>& texts) {
  std::vector<TextPattern> patterns;
  for (const std::string& text : texts) {
    MQ_TRY(TextPattern pattern, TextPattern::compile(text));
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

Result<std::optional<TextPattern>> compile(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  MQ_TRY(TextPattern pattern, TextPattern::compile(*text));
  return pattern;
}

Result<void> resolve_filters(const SubArgs& args, SubscriberOptions& to) {
  ConnectOptions& connection = to.connection;
  const bool v5 = connection.client.version == Version::kV5;
  if (!v5 && (args.retain_as_published || args.retain_handling || args.no_local)) {
    return invalid("--retain-as-published, --retain-handling and --no-local need MQTT 5 (-V 5).");
  }
  if (args.retain_as_published || args.retain_handling || args.no_local) {
    connection.runner.or_v311 = false;
  }
  SubscribeOptions options;
  if (connection.url_retain) {
    return invalid("Invalid URL for -L argument specified - nothing is published here to retain.");
  }
  options.qos = args.qos.value_or(connection.url_qos.value_or(Qos::kAtMostOnce));
  if (v5) {
    options.no_local = args.no_local;
    options.retain_as_published = args.retain_as_published;
    options.retain_handling = args.retain_handling.value_or(
        args.no_retained ? RetainHandling::kDoNotSend : RetainHandling::kSend);
  }
  for (const std::string& topic : args.topics) to.filters.push_back({topic, options});
  if (!connection.url_topic.empty()) to.filters.push_back({connection.url_topic, options});
  for (const std::string& text : args.subscriptions) {
    MQ_TRY(WantedFilter wanted, parse_wanted(text, options));
    if (!v5 && needs_v5(wanted)) return invalid("The options of --sub need MQTT 5 (-V 5).");
    if (needs_v5(wanted)) connection.runner.or_v311 = false;
    to.filters.push_back(std::move(wanted));
  }
  if (to.filters.empty() && args.unsubscribe.empty()) {
    return invalid("You must specify a topic to subscribe to (-t) or unsubscribe from (-U).");
  }
  for (const WantedFilter& wanted : to.filters) {
    MQ_CHECK(check_filter("subscription", wanted.filter));
  }
  to.unsubscribe = args.unsubscribe;
  for (const std::string& filter : to.unsubscribe) MQ_CHECK(check_filter("unsubscribe", filter));
  for (const std::string& filter : args.filter_out) MQ_CHECK(check_own_filter("filter", filter));
  return {};
}

Result<void> resolve_selection(const SubArgs& args, SubscriberOptions& to) {
  to.selection.no_retained = args.no_retained;
  to.selection.filter_out = args.filter_out;
  MQ_TRY(to.selection.found_in_topic, compile(args.topic_patterns));
  MQ_TRY(to.selection.found, compile(args.grep));
  MQ_TRY(to.selection.not_found, compile(args.grep_not));
  to.selection.on_change = args.on_change;
  to.selection.sample = args.sample;
  to.random_percent = args.random_filter;
  if (args.dry_run && !args.remove_retained) return invalid("--dry-run needs --remove-retained.");
  to.remove_retained = args.remove_retained;
  to.dry_run = args.dry_run;
  return {};
}

bool ends_by_itself(const SubArgs& args) {
  return args.count || args.timeout || args.idle_timeout || args.exit_after_subscribe ||
         args.retained_exit || args.retained_only || args.until || args.fail_if ||
         !args.until_topic.empty();
}

Result<void> resolve_pictures(const SubArgs& args, MessageSinkOptions& to) {
  if (!args.top && !args.plot) return {};
  const std::string_view option = args.top ? "--top" : "--plot";
  if (args.output.format || args.output.json || args.output.json_payload) {
    return invalid(
        fmt::format("{} has a form of its own: -F, -j and -J cannot be used with it.", option));
  }
  if (isatty(STDOUT_FILENO) != 1 && !ends_by_itself(args)) {
    return invalid(fmt::format(
        "{} needs a terminal for its output. Without one it prints its {} at the end of "
        "the run: say when that is, with -W or -C.",
        option, args.top ? "table" : "chart"));
  }
  if (args.top) {
    to.top = args.top_options;
    to.top->decode = args.output.decode;
    return {};
  }
  PlotOptions plot = args.plot_options;
  plot.what = *args.plot;
  MQ_TRY(plot.path, NumberPath::parse(*args.plot));
  plot.span = std::min(plot.span, PlotPicture::kSpanMax);
  plot.decode = args.output.decode;
  to.plot = std::move(plot);
  return {};
}

Result<void> resolve_sink(const SubArgs& args, MessageSinkOptions& to) {
  const int destinations = !args.output_file.empty() + !args.output_dir.empty() +
                           (args.exec || args.exec_map) + args.watch + args.message_rate +
                           args.top + args.plot.has_value();
  if (destinations > 1) {
    return invalid(
        "Only one of --output, --output-dir, --exec, --watch, --top, --plot and --message-rate "
        "can be used at once.");
  }
  if (args.exec && args.exec_map) return invalid("--exec and --exec-map cannot be used together.");
  if (args.rotate_size > 0 && args.output_file.empty()) {
    return invalid("--rotate needs a file (--output).");
  }
  MQ_TRY(to.printing, resolve(args.output));
  to.output = args.output_file;
  to.rotate_size = args.rotate_size;
  to.output_dir = args.output_dir;
  to.file_per = args.file_per;
  if (args.exec) to.commands = {{"", *args.exec}};
  if (args.exec_map) {
    MQ_TRY(to.commands, read_command_map(*args.exec_map));
  }
  to.jobs_max = args.exec_jobs;
  to.watch = args.watch;
  to.message_rate = args.message_rate;
  to.color = wants_color(args.output);
  return resolve_pictures(args, to);
}

Result<void> resolve_ending(const SubArgs& args, EndingOptions& to) {
  to.count = args.count.value_or(0);
  to.timeout = args.timeout;
  to.idle_timeout = args.idle_timeout;
  to.after_subscribe = args.exit_after_subscribe;
  to.after_retained = args.retained_exit;
  to.at_fresh = args.retained_only;
  MQ_TRY(to.until, compile(args.until));
  MQ_TRY(to.fail_if, compile(args.fail_if));
  to.until_topic = args.until_topic;
  for (const std::string& filter : args.until_topic) {
    MQ_CHECK(check_own_filter("--until-topic", filter));
  }
  return {};
}

}  // namespace

Result<SubscriberOptions> resolve(const SubArgs& args) {
  SubscriberOptions to;
  MQ_TRY(to.connection, resolve(args.connect));
  ConnectOptions& connection = to.connection;
  if (args.connect.url && connection.url_topic.empty()) {
    return invalid("Invalid URL for -L argument specified - topic missing.");
  }
  if (args.no_retained && args.retained_only) {
    return invalid("-R and --retained-only cannot be used together.");
  }
  MQ_CHECK(resolve_filters(args, to));
  to.strict = args.strict;
  MQ_CHECK(resolve_selection(args, to));
  MQ_CHECK(resolve_sink(args, to.sink));
  MQ_CHECK(resolve_ending(args, to.ending));
  to.subscribe_properties = connection.properties.list(PropertiesIn::kSubscribe);
  to.unsubscribe_properties = connection.properties.list(PropertiesIn::kUnsubscribe);
  to.disconnect_properties = connection.properties.list(PropertiesIn::kDisconnect);
  if (args.count) limit_receive_maximum(connection, *args.count);
  to.stats = args.stats;
  to.json_stats = args.output.json || args.output.json_payload;
  return to;
}

Result<ProbeOptions> resolve_probe(const SubArgs& args) {
  const bool has_topics =
      !args.topics.empty() || !args.subscriptions.empty() || !args.unsubscribe.empty();
  const bool has_output = args.output.format || !args.output_file.empty() ||
                          !args.output_dir.empty() || args.exec || args.exec_map || args.top ||
                          args.plot || args.watch || args.message_rate;
  if (has_topics || has_output || args.count) {
    return invalid(
        "--probe has topics and an output of its own: it goes with -W, -j and what says how to "
        "connect.");
  }
  ConnectArgs connect = args.connect;
  if (connect.version == WantedVersion(Version::kV311, true)) {
    connect.version = WantedVersion(Version::kV5, true);
  }
  ProbeOptions to;
  MQ_TRY(to.connection, resolve(connect));
  to.timeout = args.timeout;
  to.json = args.output.json || args.output.json_payload;
  return to;
}

}  // namespace mq
