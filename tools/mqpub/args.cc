#include "mqpub/args.h"

#include <algorithm>
#include <chrono>
#include <random>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "base/random.h"
#include "base/units.h"
#include "codec/limits.h"
#include "common/invalid.h"
#include "common/options.h"
#include "common/topic_args.h"

namespace mq {
namespace {

bool reads_records(const PubArgs& args) {
  return args.lines > 0 || args.json_lines;
}

Result<RecordFormat> resolve_records(const PubArgs& args) {
  if (args.json_lines && args.topic_separator) {
    return invalid("--jsonl and --topic-separator cannot be used together.");
  }
  if (args.null_records && args.delimiter) {
    return invalid("-0 and --delimiter cannot be used together.");
  }
  RecordFormat format;
  if (args.null_records) format.delimiter = std::string(1, '\0');
  if (args.delimiter) format.delimiter = *args.delimiter;
  if (format.delimiter.empty()) return invalid("Invalid delimiter given, it must not be empty.");
  if (args.topic_separator && args.topic_separator->empty()) {
    return invalid("Invalid topic separator given, it must not be empty.");
  }
  format.keep_newline = args.keep_newline;
  format.skip_empty = args.skip_empty;
  format.topic_separator = args.topic_separator.value_or("");
  format.json = args.json_lines;
  format.encode = args.encode;
  return format;
}

std::string generated_payload(size_t size, PayloadFill fill) {
  std::string payload(size, '\0');
  if (fill == PayloadFill::kZero) return payload;
  Random random((uint64_t{std::random_device{}()} << 32) | std::random_device{}());
  for (size_t i = 0; i < size; ++i) {
    payload[i] = static_cast<char>(fill == PayloadFill::kRandom ? random.next() : i);
  }
  return payload;
}

// What is to be sent, from the one option that says so.
Result<void> resolve_source(const PubArgs& args, PublisherOptions& to) {
  const size_t given =
      args.message.given() + args.lines + (args.json_lines ? 1 : 0) + (args.payload_size ? 1 : 0);
  if (args.spool && given == 0 && to.topics.empty()) {
    to.only_spool = true;
    return {};
  }
  const bool own_topics = args.json_lines || (args.topic_separator && args.lines > 0);
  if (given > 1) return invalid("Only one type of message can be sent at once.");
  if (given == 0 || (to.topics.empty() && !own_topics)) {
    return invalid("Both topic and message must be supplied.");
  }
  if (reads_records(args)) {
    if (args.repeat || args.forever) {
      return invalid("--repeat cannot be used with -l: each line is sent once.");
    }
    MQ_TRY(to.records, resolve_records(args));
    return {};
  }
  if (args.null_records || args.delimiter || args.keep_newline || args.skip_empty ||
      args.topic_separator) {
    return invalid("-0, --delimiter, --keep-newline, --skip-empty and --topic-separator need -l.");
  }
  if (args.payload_size) {
    to.payload = generated_payload(*args.payload_size, args.payload_fill);
    return {};
  }
  MQ_TRY(to.payload, read_payload(args.message));
  if (args.encode) {
    Buffer bytes;
    if (auto made = from_text(*args.encode, to.payload, bytes); !made) {
      return invalid(fmt::format("The message {}.", made.error().text));
    }
    to.payload = to_string_view(bytes.bytes());
  }
  return {};
}

Result<void> resolve_templates(const PubArgs& args, PublisherOptions& to) {
  if (!args.fill_template) return {};
  for (const std::string& topic : to.topics) {
    MQ_TRY(Template filled, Template::parse(topic));
    to.topic_templates.push_back(std::move(filled));
  }
  if (args.message.messages.empty()) return {};
  if (args.encode) return invalid("--template and --encode cannot be used together.");
  MQ_TRY(to.payload_template, Template::parse(args.message.messages.front()));
  return {};
}

Result<void> resolve_pacing(const PubArgs& args, PublisherOptions& to) {
  if ((args.rate ? 1 : 0) + (args.interval ? 1 : 0) + (args.replay ? 1 : 0) > 1) {
    return invalid("Only one of --rate, --interval and --replay can be used at once.");
  }
  if (args.rate) {
    const Result<double> rate = parse_rate(*args.rate);
    if (!rate || *rate <= 0) {
      return invalid(
          fmt::format("Invalid rate given: {}, it must be a number of messages a second, "
                      "more than 0.",
                      *args.rate));
    }
    to.pacing.interval = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(std::min(1 / *rate, 1e9)));
  }
  if (args.interval) to.pacing.interval = *args.interval;
  if (args.replay && !args.json_lines) return invalid("--replay needs --jsonl.");
  to.pacing.replay = args.replay;
  to.pacing.speed = args.speed;
  to.repeat = args.forever ? 0 : args.repeat.value_or(1);
  to.repeat_delay = args.repeat_delay;
  return {};
}

Result<void> resolve_spool(const PubArgs& args, PublisherOptions& to) {
  if (!args.spool) return {};
  if (args.spool->empty()) return invalid("Invalid spool given, it must be the name of a file.");
  if (args.repeat || args.forever) {
    return invalid("--spool cannot be used with --repeat and --forever.");
  }
  // A session of an earlier process may know packet identifiers of it as received: messages that
  // have them now would be taken for repetitions. MQTT 5 can ask for a new session that lasts.
  ClientOptions& client = to.connection.client;
  if (!client.clean_start && client.version != Version::kV5) {
    return invalid("-c with --spool needs MQTT 5 (-V 5).");
  }
  if (!client.clean_start) to.connection.runner.or_v311 = false;
  client.clean_start = true;
  // What is in the spool can be sent again, so at least once is kept to also then.
  client.repeat_unfinished_qos2 = true;
  to.spool = SpoolOptions{.path = *args.spool, .size_max = args.spool_size};
  to.keep_trying = args.connect.retry_connect;
  RunnerOptions& runner = to.connection.runner;
  runner.reconnect = !args.connect.no_reconnect;
  runner.retry_first = runner.reconnect;
  return {};
}

}  // namespace

void declare(CLI::App& app, PubArgs& args) {
  app.description(
      "-t TOPIC {-m TEXT | -f FILE | -s | -l | -n | --jsonl | --payload-size SIZE} [OPTION]...\n\n"
      "Publishes messages to an MQTT broker and ends with 0 once they are delivered.");
  app.footer(
      "Examples:\n"
      "  mqpub -t home/lamp -m on\n"
      "  vmstat -n 1 | mqpub -t host/vmstat -l -q 1\n"
      "  mqsub -t '#' -j > record; mqpub --jsonl --replay < record\n"
      "  mqpub -L mqtt://user:secret@broker.example/backup/latest -f backup.tar -q 2 -r");
  declare(app, args.message);
  Options(app, "Message")
      .list("--to", args.to, "TOPIC", "A further topic to publish to; several allowed.")
      .flag("-r,--retain", args.retain, "Have the broker keep it for later subscribers.")
      .choice(
          "--encode", args.encode,
          {{"hex", Notation::kHex},
           {"base64", Notation::kBase64},
           {"json", Notation::kJson},
           {"cbor", Notation::kCbor},
           {"msgpack", Notation::kMsgpack}},
          "The message is written in hexadecimal or base64 and sent as the bytes it stands for, "
          "or is JSON and sent as such, as CBOR or as MessagePack.")
      .parsed("--payload-size", "SIZE", "", "Send a message of so many bytes.",
              [&args](std::string_view text) -> Result<void> {
                MQ_TRY(args.payload_size, parse_size(text));
                if (*args.payload_size <= kVarintMax) return {};
                return invalid(fmt::format("a message has at most {} bytes", kVarintMax));
              })
      .choice("--payload-fill", args.payload_fill,
              {{"random", PayloadFill::kRandom},
               {"zero", PayloadFill::kZero},
               {"seq", PayloadFill::kSequence}},
              "What these bytes are: random ones, zeros, or 0 to 255 again and again.")
      .flag("--stamp", args.stamp,
            "Add the user property timestamp: milliseconds since 1970, for %{age} of mqsub -F. "
            "Implies MQTT 5.")
      .flag("--template", args.fill_template,
            "Fill in {n}, {now}, {uuid}, {rand MIN MAX} and {env NAME} in TEXT and TOPIC.");
  Options(app, "Input")
      .count("-l,--stdin-line", args.lines,
             "Send each line of standard input as a message, as it arrives.")
      .flag("--jsonl", args.json_lines,
            "Send each line of standard input as the message that it describes, as written by "
            "mqsub -j.")
      .flag("-0,--null", args.null_records, "Lines end with a NUL byte.")
      .text("--delimiter", args.delimiter, "TEXT", "Lines end with TEXT.")
      .flag("--keep-newline", args.keep_newline, "What ends a line is sent with it.")
      .flag("--skip-empty", args.skip_empty, "Send nothing for an empty line.")
      .text("--topic-separator", args.topic_separator, "TEXT",
            "Each line is a topic, TEXT, and the message.");
  Options(app, "Pace")
      .number("--repeat", args.repeat, "COUNT",
              "Send it COUNT times, each after the one before was delivered.", {1})
      .seconds("--repeat-delay", args.repeat_delay, "SECONDS",
               "Pause between a delivery and the next time.")
      .flag("--forever", args.forever, "Send it again and again.")
      .text("--rate", args.rate, "COUNT", "Send so many messages a second, delivered or not.")
      .seconds("--interval", args.interval, "SECONDS",
               "Send a message in every such time, delivered or not.", std::chrono::microseconds(1))
      .flag("--replay", args.replay, "With --jsonl, as far apart as the messages were received.")
      .decimal("--speed", args.speed, "FACTOR", "So many times as fast as that.", 1e-6, 1e6);
  Options(app, "Delivery")
      .number("--max-queue", args.queue_max, "COUNT", "Most lines read and not yet delivered.", {1})
      .text("--spool", args.spool, "FILE",
            "Keep what is not delivered in FILE, and send first what is there. Without a message, "
            "send only that.")
      .size("--spool-size", args.spool_size, "SIZE",
            "Most that FILE may hold; over it, the oldest messages are dropped.", {4096})
      .flag("--ignore-denied", args.ignore_denied,
            "End with 0 also when the broker refuses a message.")
      .flag("--require-subscriber", args.require_subscriber,
            "End with 16 when a message has no subscriber. Implies MQTT 5.");
  // More than mosquitto_pub's 20: with so few, each line of a pipe costs a fifth of four system
  // calls.
  args.connect.inflight_max = 100;
  args.connect.inflight_max_help = "100; 20 with QoS 2 by MQTT 3";
  declare(app, args.connect);
}

Result<PublisherOptions> resolve(const PubArgs& args) {
  PublisherOptions to;
  ConnectArgs connect = args.connect;
  if (args.stamp || args.require_subscriber) connect.version = Version::kV5;
  MQ_TRY(to.connection, resolve(connect));
  ConnectOptions& connection = to.connection;
  const std::string topic = args.message.topic.value_or(connection.url_topic);
  if (connect.url && topic.empty()) {
    return invalid("Invalid URL for -L argument specified - topic missing.");
  }
  if (!topic.empty()) to.topics.push_back(topic);
  to.topics.insert(to.topics.end(), args.to.begin(), args.to.end());
  for (const std::string& one : to.topics) MQ_CHECK(check_topic("publish", one));

  to.qos = args.message.qos.value_or(connection.url_qos.value_or(Qos::kAtMostOnce));
  if (args.require_subscriber && to.qos == Qos::kAtMostOnce) {
    return invalid("--require-subscriber needs QoS 1 or 2 (-q): nothing is answered at QoS 0.");
  }
  // mosquitto with max_queued_messages 0 ends a connection with more than its 20 of QoS 2, and MQTT
  // 3 cannot tell. Records may say their QoS themselves.
  constexpr uint32_t kUntoldQos2Max = 20;
  if (!args.connect.inflight_max_given && (to.qos == Qos::kExactlyOnce || args.json_lines)) {
    connection.client.inflight_max_v3 = kUntoldQos2Max;
  }
  to.retain = args.retain || connection.url_retain;
  to.stamp = args.stamp;
  for (const GivenProperty& property : connection.properties.of(PropertiesIn::kPublish)) {
    // The session numbers aliases itself.
    if (property.id == PropertyId::kTopicAlias) {
      connection.client.use_topic_aliases = true;
    } else {
      append(to.properties, property);
    }
  }
  to.disconnect_properties = connection.properties.list(PropertiesIn::kDisconnect);
  to.queue_max = args.queue_max;
  to.ignore_denied = args.ignore_denied;
  to.require_subscriber = args.require_subscriber;
  // A line that was read is promised; a single message can be sent again by who sent it.
  connection.runner.reconnect = connection.runner.reconnect && reads_records(args);
  MQ_CHECK(resolve_source(args, to));
  MQ_CHECK(resolve_templates(args, to));
  MQ_CHECK(resolve_pacing(args, to));
  MQ_CHECK(resolve_spool(args, to));
  return to;
}

}  // namespace mq
