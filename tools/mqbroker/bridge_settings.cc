#include "mqbroker/bridge_settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "codec/topic.h"
#include "common/config_file.h"
#include "common/console.h"

namespace mq {
namespace {

constexpr uint16_t kPort = 1883;

tl::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view kBlanks = " \t";
  for (;;) {
    const size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const size_t end = std::min(text.find_first_of(kBlanks), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// "BASE [CAP]".
Result<BackoffOptions> parse_restart(std::string_view text) {
  const auto words = words_of(text);
  BackoffOptions to;
  if (words.empty() || words.size() > 2) return invalid("restart_timeout is BASE or BASE CAP");
  MQ_TRY(to.first, parse_duration(words.front()));
  MQ_TRY(to.max, parse_duration(words.back()));
  if (to.first <= Duration::zero() || to.max < to.first) {
    return invalid(
        fmt::format("restart_timeout {}: it must be more than 0, and CAP no less than "
                    "BASE",
                    text));
  }
  to.min = to.first;
  return to;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

Result<void> put_server(const BridgeArgs& args, BridgeSettings& to) {
  std::vector<std::string_view> texts;
  for (const std::string& line : args.addresses) {
    for (const std::string_view word : words_of(line)) texts.push_back(word);
  }
  if (texts.empty()) return invalid("it needs an address, HOST[:PORT]");
  if (texts.size() > 1) {
    return invalid(
        fmt::format("address: {} and {}: a bridge has one address, it does not change "
                    "over to others",
                    texts[0], texts[1]));
  }
  const std::string_view text = texts.front();
  RunnerOptions& runner = to.remote;
  if (text.find("://") != std::string_view::npos) {
    if (!text.starts_with("mqtt://") && !text.starts_with("mqtts://")) {
      return invalid("address: write HOST[:PORT], mqtt://HOST or mqtts://HOST");
    }
    MQ_TRY(ParsedUrl url, parse_url(text));
    if (!url.topic.empty() || !url.address.path.empty()) {
      return invalid("address: nothing may stand behind host and port; topics are settings");
    }
    if (url.user_name || url.password) {
      return invalid("address: write remote_username and remote_password instead");
    }
    runner.address = std::move(url.address);
  } else {
    MQ_TRY(runner.address, parse_host_port(text, kPort));
  }
  return resolve_layers({.tls = args.tls,
                         .web_socket = {},
                         .port_is_given = true,
                         .has_password = args.remote_password || args.remote_password_file},
                        Console(), runner);
}

Result<void> put_login(const BridgeArgs& args, ClientOptions& client) {
  if (args.remote_user_name) client.user_name = args.remote_user_name;
  if (args.remote_password && args.remote_password_file) {
    return invalid("remote_password and remote_password_file cannot be used together");
  }
  if (args.remote_password) client.password = args.remote_password;
  if (args.remote_password_file) {
    MQ_TRY(const std::string text, read_file(*args.remote_password_file));
    client.password = text.substr(0, text.find_first_of("\r\n"));
  }
  if (client.password && !client.user_name) {
    return invalid("a remote_password needs a remote_username");
  }
  return {};
}

Result<void> put_session(const BridgeArgs& args, BridgeSettings& to) {
  ClientOptions& client = to.remote_client;
  switch (args.version) {
    case BridgeVersion::kAuto:
    case BridgeVersion::kV5: client.version = Version::kV5; break;
    case BridgeVersion::kV311: client.version = Version::kV311; break;
    case BridgeVersion::kV31: client.version = Version::kV31; break;
  }
  to.remote.or_v311 = args.version == BridgeVersion::kAuto;
  client.bridge = args.try_private;
  client.clean_start = args.clean_session;
  to.local_clean_session = args.local_clean_session.value_or(args.clean_session);
  if (!args.clean_session) client.session_expiry_s = args.session_expiry_s.value_or(UINT32_MAX);
  client.keep_alive_s = args.keep_alive_s;
  client.receive_maximum = args.receive_maximum;
  // As of our own clients: Debian 12's mosquitto breaks it in sessions that go on.
  client.enforce_receive_maximum = false;
  client.inflight_max = args.receive_maximum;
  client.topic_alias_maximum = args.topic_alias_maximum;
  client.use_topic_aliases = args.topic_alias_maximum > 0;
  if (args.packet_max > 0) {
    client.send_packet_max = static_cast<uint32_t>(std::min<uint64_t>(args.packet_max, kPacketMax));
  }
  const std::string id = fmt::format("{}.{}", host_name(), to.bridge.name);
  client.client_id = args.remote_client_id.value_or(id);
  to.local_client_id = args.local_client_id.value_or(fmt::format("local.{}", client.client_id));
  to.local_user_name = args.local_user_name.value_or("");
  to.local_password = args.local_password;
  if (to.local_password && to.local_user_name.empty()) {
    return invalid("a local_password needs a local_username");
  }
  if (to.local_client_id.empty()) return invalid("local_clientid is empty");
  return put_login(args, client);
}

Result<void> put_topics(const BridgeArgs& args, BridgeOptions& to) {
  if (args.topics.empty()) {
    return invalid("it needs a topic, such as: topic # out 1");
  }
  std::vector<BridgeTopic> topics;
  for (const std::string& text : args.topics) {
    const auto bad = [&](const Error& error) {
      return invalid(fmt::format("topic {}: {}", text, error.text));
    };
    auto topic = parse_bridge_topic(text);
    if (!topic) return bad(topic.error());
    if (const auto alone = TopicMap::make({*topic}); !alone) return bad(alone.error());
    topics.push_back(std::move(*topic));
  }
  MQ_TRY(to.topics, TopicMap::make(topics));
  return {};
}

Result<void> put_notifications(const BridgeArgs& args, const std::string& remote_id,
                               BridgeOptions& to) {
  if (!args.notifications) return {};
  to.notification_topic =
      args.notification_topic.value_or(fmt::format("$SYS/broker/connection/{}/state", remote_id));
  to.notify_remote = !args.notifications_local_only;
  if (const char* fault = topic_name_fault(to.notification_topic)) {
    return invalid(
        fmt::format("notification_topic '{}' cannot be used: {}", to.notification_topic, fault));
  }
  return {};
}

Result<void> put_all(const BridgeArgs& args, BridgeSettings& to) {
  MQ_CHECK(put_server(args, to));
  MQ_CHECK(put_session(args, to));
  MQ_CHECK(put_topics(args, to.bridge));
  MQ_CHECK(put_notifications(args, to.remote_client.client_id, to.bridge));
  MQ_TRY(to.remote.backoff, parse_restart(args.restart_timeout));
  to.bridge.outgoing_retain = args.outgoing_retain;
  to.bridge.attempt_unsubscribe = args.attempt_unsubscribe;
  to.bridge.queued_bytes_max = args.queued_bytes_max;
  MQ_CHECK(check(to.remote_client));
  return {};
}

}  // namespace

Result<BridgeTopic> parse_bridge_topic(std::string_view text) {
  std::vector<std::string_view> words = words_of(text);
  if (words.empty() || words.size() > 5) {
    return invalid("write PATTERN DIRECTION QOS LOCAL-PREFIX REMOTE-PREFIX");
  }
  for (std::string_view& word : words) {
    if (word == "\"\"") word = "";
  }
  BridgeTopic topic{.pattern = std::string(words[0])};
  if (words.size() > 1) {
    if (words[1] == "in") {
      topic.direction = BridgeDirection::kIn;
    } else if (words[1] == "both") {
      topic.direction = BridgeDirection::kBoth;
    } else if (words[1] != "out") {
      return invalid(fmt::format("'{}' is not in, out or both", words[1]));
    }
  }
  if (words.size() > 2) {
    if (words[2].size() != 1 || words[2][0] < '0' || words[2][0] > '2') {
      return invalid(fmt::format("'{}' is not a QoS, 0, 1 or 2", words[2]));
    }
    topic.qos = static_cast<Qos>(words[2][0] - '0');
  }
  if (words.size() > 3) topic.local_prefix = words[3];
  if (words.size() > 4) topic.remote_prefix = words[4];
  return topic;
}

Result<BridgeSettings> resolve(const BridgeArgs& args) {
  BridgeSettings to;
  to.bridge.name = args.name;
  if (const auto done = put_all(args, to); !done) {
    return invalid(fmt::format("connection {}: {}.", args.name, done.error().text));
  }
  return to;
}

}  // namespace mq
