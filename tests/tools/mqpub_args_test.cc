#include "mqpub/args.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "tools/command_line.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

PublisherOptions options(std::vector<std::string> words) {
  auto resolved = resolve_words<PubArgs>(std::move(words));
  if (!resolved) FAIL(resolved.error().text);
  return std::move(*resolved);
}

std::string error(std::vector<std::string> words) {
  return error_of<PubArgs>(std::move(words));
}

// A file with that content, removed at the end of the test.
struct File {
  explicit File(std::string_view content) { std::ofstream(path, std::ios::binary) << content; }
  ~File() { std::remove(path.c_str()); }
  std::string path = "/tmp/mqpub_args_test." + std::to_string(getpid());
};

}  // namespace

TEST_CASE("the query of the URL says what options do not") {
  const std::string url = "mqtt://host/t?qos=2&retain=1&client-id=me";
  const PublisherOptions from_url = options({"-L", url, "-n"});
  CHECK(from_url.topics == std::vector<std::string>{"t"});
  CHECK(from_url.qos == Qos::kExactlyOnce);
  CHECK(from_url.retain);
  CHECK(from_url.connection.client.client_id == "me");
  const PublisherOptions own = options({"-L", url, "-n", "-q", "0", "-i", "other"});
  CHECK(own.qos == Qos::kAtMostOnce);
  CHECK(own.connection.client.client_id == "other");
  CHECK(options({"-L", "mqtt://h/t?qos=1", "-n", "--require-subscriber"}).require_subscriber);
  CHECK(error({"-L", "mqtt://h/t?x=1", "-n"}) ==
        "Invalid URL for -L argument specified - 'x' in the query is not one of qos, retain and "
        "client-id.");
  CHECK(options({"-L", "mqtt://h/what%3F", "-n"}).topics == std::vector<std::string>{"what?"});
}

TEST_CASE("one message, QoS 0, not retained") {
  const PublisherOptions o = options({"-t", "a/b", "-m", "hello"});
  CHECK(o.topics == std::vector<std::string>{"a/b"});
  CHECK(o.payload == "hello");
  CHECK(o.qos == Qos::kAtMostOnce);
  CHECK(!o.retain);
  CHECK(!o.records);
  CHECK(o.repeat == 1);
  CHECK(o.queue_max == 1000);
  CHECK(!o.ignore_denied);
  // Who sent one message can send it again; lines cannot be read again.
  CHECK(!o.connection.runner.reconnect);
  CHECK(!o.connection.runner.retry_first);
}

TEST_CASE("messages that look like options, numbers or nothing") {
  for (const std::string text : {"-5", "--help", "-t", "", "[1,2]", "{\"a\":[1]}", "=", "a=b"}) {
    CAPTURE(text);
    CHECK(options({"-t", "x", "-m", text}).payload == text);
    CHECK(options({"-m", text, "-t", "x"}).payload == text);
    CHECK(options({"-t", "x", "--message=" + text}).payload == text);
  }
}

TEST_CASE("where the message comes from") {
  CHECK(options({"-t", "x", "-n"}).payload == "");
  CHECK(options({"-t", "x", "-l"}).records);
  CHECK(options({"-t", "x", "-l"}).connection.runner.reconnect);
  const std::string every_byte = [] {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
  }();
  CHECK(options({"-t", "x", "-f", File(every_byte).path}).payload == every_byte);
  CHECK(options({"-t", "x", "-f", File("").path}).payload == "");
  const std::string large(3'000'000, 'z');
  CHECK(options({"-t", "x", "-f", File(large).path}).payload == large);

  CHECK(error({"-t", "x"}) == "Both topic and message must be supplied.");
  CHECK(error({"-m", "x"}) == "Both topic and message must be supplied.");
  CHECK(error({"-t", "", "-m", "x"}) == "Both topic and message must be supplied.");
  const std::vector<std::vector<std::string>> kSources = {
      {"-m", "a"}, {"-f", "f"}, {"-s"}, {"-l"}, {"-n"}};
  for (const auto& one : kSources) {
    for (const auto& other : kSources) {
      std::vector<std::string> words = {"-t", "x"};
      words.insert(words.end(), one.begin(), one.end());
      words.insert(words.end(), other.begin(), other.end());
      CHECK(error(words) == "Only one type of message can be sent at once.");
    }
  }
  CHECK(error({"-t", "x", "-f", "/nowhere/file"}) ==
        "Unable to read file \"/nowhere/file\": No such file or directory.\n"
        "Error loading input file \"/nowhere/file\".");
}

TEST_CASE("topics") {
  CHECK(options({"-t", "a", "-t", "b", "-n"}).topics == std::vector<std::string>{"b"});
  CHECK(options({"-L", "mqtt://host/from/url", "-n"}).topics ==
        std::vector<std::string>{"from/url"});
  CHECK(options({"-L", "mqtt://host/from/url", "-t", "own", "-n"}).topics ==
        std::vector<std::string>{"own"});
  CHECK(error({"-L", "mqtt://host", "-n"}) ==
        "Invalid URL for -L argument specified - topic missing.");
  for (const char* topic : {"a/#", "+"}) {
    CHECK(error({"-t", topic, "-n"}) ==
          std::string("Invalid publish topic '") + topic + "', does it contain '+' or '#'?");
  }
  CHECK(error({"-t", "a\xFF", "-n"}) == "Invalid publish topic given: it is not UTF-8.");
  CHECK(error({"-t", std::string(65536, 'a').c_str(), "-n"}) ==
        "Invalid publish topic given: it has 65536 bytes, and at most 65535 are allowed.");
  CHECK(options({"-t", std::string(65535, 'a').c_str(), "-n"}).topics[0].size() == 65535);
}

TEST_CASE("quality of service and retained") {
  CHECK(options({"-t", "x", "-n", "-q", "1"}).qos == Qos::kAtLeastOnce);
  CHECK(options({"-t", "x", "-n", "--qos", "2", "-r"}).qos == Qos::kExactlyOnce);
  CHECK(options({"-t", "x", "-n", "-r"}).retain);
  CHECK(error({"-t", "x", "-n", "-q", "3"}).starts_with("Invalid QoS given: 3"));
}

TEST_CASE("repetition") {
  const PublisherOptions o =
      options({"-t", "x", "-m", "y", "--repeat", "3", "--repeat-delay", "0.5"});
  CHECK(o.repeat == 3);
  CHECK(o.repeat_delay == 500ms);
  CHECK(error({"-t", "x", "-n", "--repeat", "0"}).starts_with("Invalid repeat given: 0"));
  CHECK(error({"-t", "x", "-l", "--repeat", "2"}).find("-l") != std::string::npos);
}

TEST_CASE("several topics") {
  CHECK(options({"-t", "a", "--to", "b", "--to", "c", "-n"}).topics ==
        std::vector<std::string>{"a", "b", "c"});
  CHECK(options({"--to", "b", "-n"}).topics == std::vector<std::string>{"b"});
  CHECK(error({"-t", "a", "--to", "b/#", "-n"}).starts_with("Invalid publish topic 'b/#'"));
}

TEST_CASE("records of standard input") {
  CHECK(options({"-t", "x", "-l", "-0"}).records->delimiter == std::string(1, '\0'));
  CHECK(options({"-t", "x", "-l", "--delimiter", "--"}).records->delimiter == "--");
  CHECK(options({"-l", "--topic-separator", ": "}).records->topic_separator == ": ");
  CHECK(options({"--jsonl"}).records->json);
  CHECK(options({"--jsonl", "--replay", "--speed", "2.5"}).pacing.speed == 2.5);
  CHECK(error({"--jsonl", "-l"}) == "Only one type of message can be sent at once.");
  CHECK(error({"-l"}) == "Both topic and message must be supplied.");
  CHECK(error({"-t", "x", "-m", "y", "-0"}).find("need -l") != std::string::npos);
  CHECK(error({"-t", "x", "-l", "-0", "--delimiter", "x"}).find("together") != std::string::npos);
  CHECK(error({"-t", "x", "-l", "--replay"}).find("--jsonl") != std::string::npos);
}

TEST_CASE("pace") {
  CHECK(options({"-t", "x", "-l", "--rate", "100"}).pacing.interval == 10ms);
  CHECK(options({"-t", "x", "-l", "--rate", "2k"}).pacing.interval == 500us);
  CHECK(options({"-t", "x", "-n", "--interval", "0.5", "--forever"}).pacing.interval == 500ms);
  CHECK(options({"-t", "x", "-n", "--forever"}).repeat == 0);
  CHECK(error({"-t", "x", "-l", "--rate", "0"}).starts_with("Invalid rate given: 0"));
  CHECK(error({"-t", "x", "-l", "--rate", "1", "--interval", "1"}).starts_with("Only one of "));
}

TEST_CASE("notation and templates") {
  CHECK(options({"-t", "x", "-m", "00 fF", "--encode", "hex"}).payload == std::string("\0\xFF", 2));
  CHECK(error({"-t", "x", "-m", "0", "--encode", "hex"}).starts_with("The message is not hex"));
  CHECK(options({"-t", "x/{n}", "-m", "{now}", "--template"}).topic_templates.size() == 1);
  CHECK(error({"-t", "x", "-m", "{rand 2 1}", "--template"}).find("rand") != std::string::npos);
}

TEST_CASE("--require-subscriber needs an answer") {
  CHECK(options({"-t", "x", "-n", "-q", "1", "--require-subscriber"}).connection.client.version ==
        Version::kV5);
  CHECK(error({"-t", "x", "-n", "--require-subscriber"}).find("QoS") != std::string::npos);
}

TEST_CASE("publish properties keep their order; an alias is the session's to number") {
  const PublisherOptions o =
      options({"-t", "x", "-n", "-D", "publish", "user-property", "b", "2", "-D", "publish",
               "topic-alias", "9", "-D", "publish", "content-type", "text"});
  CHECK(o.connection.client.version == Version::kV5);
  CHECK(o.connection.client.use_topic_aliases);
  std::string seen;
  for (const Property& property : o.properties.view()) seen += std::string(name(property.id)) + " ";
  CHECK(seen == "user-property content-type ");
  CHECK(!options({"-t", "x", "-n"}).connection.client.use_topic_aliases);
  const PublisherOptions d =
      options({"-t", "x", "-n", "-D", "disconnect", "reason-string", "done"});
  CHECK(d.disconnect_properties.view().text(PropertyId::kReasonString) == "done");
}

TEST_CASE("options of mosquitto_sub are none of mqpub's") {
  for (const char* option :
       {"-C", "-e", "-E", "-F", "--latency", "--message-rate", "-N", "--pretty", "-R",
        "--random-filter", "--remove-retained", "--retain-as-published", "--retain-handling",
        "--retained-only", "-T", "-U", "-v", "-w", "-W"}) {
    CHECK(error({"-t", "x", "-n", option, "1"})
              .starts_with(std::string("Unknown option '") + option + "'."));
  }
}

TEST_CASE("--spool: where, how much, and with whom it does not go") {
  const PublisherOptions o = options({"-t", "x", "-l", "--spool", "q.db"});
  REQUIRE(o.spool);
  CHECK(o.spool->path == "q.db");
  CHECK(o.spool->size_max == 100 << 20);
  CHECK_FALSE(o.only_spool);
  CHECK_FALSE(o.keep_trying);
  // A first connection that fails is no reason to end, of a single message neither.
  CHECK(o.connection.runner.retry_first);
  CHECK(options({"-t", "x", "-m", "m", "--spool", "q.db"}).connection.runner.reconnect);
  CHECK_FALSE(options({"-t", "x", "-m", "m", "--spool", "q", "--no-reconnect"})
                  .connection.runner.retry_first);
  CHECK(options({"-t", "x", "-l", "--spool", "q", "--retry-connect"}).keep_trying);
  CHECK(options({"-t", "x", "-l", "--spool", "q", "--spool-size", "4k"}).spool->size_max == 4096);
  CHECK(error({"-t", "x", "-l", "--spool", "q", "--spool-size", "4095"}) != "");
  CHECK(options({"--spool", "q"}).only_spool);
  CHECK(error({"--spool", "q", "-t", "x"}) == "Both topic and message must be supplied.");
  CHECK(error({"--spool", "", "-t", "x", "-l"}) != "");
  CHECK(error({"--spool", "q", "-t", "x", "-m", "m", "--repeat", "2"}) ==
        "--spool cannot be used with --repeat and --forever.");
  CHECK(error({"--spool", "q", "-t", "x", "-m", "m", "--forever"}) != "");
  // A session of an earlier process is not taken up.
  CHECK(error({"--spool", "q", "-t", "x", "-l", "-c", "-i", "me"}) ==
        "-c with --spool needs MQTT 5 (-V 5).");
  const PublisherOptions v5 =
      options({"--spool", "q", "-t", "x", "-l", "-c", "-i", "me", "-V", "5", "-x", "60"});
  CHECK(v5.connection.client.clean_start);
  CHECK(v5.connection.client.session_expiry_s == 60);
}
