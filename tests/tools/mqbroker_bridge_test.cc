// The settings of a bridge: what becomes of each, and what is wrong with those that cannot be used.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "codec/limits.h"
#include "mqbroker/bridge_settings.h"

using namespace mq;

namespace {

BridgeArgs minimal() {
  BridgeArgs args;
  args.name = "b";
  args.addresses = {"broker.example"};
  args.topics = {"#"};
  return args;
}

BridgeSettings settings(const BridgeArgs& args) {
  auto to = resolve(args);
  REQUIRE_MESSAGE(to.has_value(), to.error().text);
  return std::move(*to);
}

std::string error(const BridgeArgs& args) {
  const auto to = resolve(args);
  return to ? "" : to.error().text;
}

}  // namespace

TEST_CASE("a bridge with nothing but an address and a topic") {
  const BridgeSettings to = settings(minimal());
  CHECK(to.bridge.name == "b");
  CHECK(to.remote.address.text() == "broker.example:1883");
  CHECK_FALSE(to.remote.make_filter);
  CHECK(to.remote.or_v311);
  CHECK(to.remote_client.version == Version::kV5);
  CHECK(to.remote_client.bridge);
  CHECK(to.remote_client.client_id.ends_with(".b"));
  CHECK(to.local_client_id == "local." + to.remote_client.client_id);
  CHECK_FALSE(to.remote_client.clean_start);
  CHECK(to.remote_client.session_expiry_s == UINT32_MAX);
  CHECK_FALSE(to.local_clean_session);
  CHECK(to.remote_client.keep_alive_s == 60);
  CHECK(to.bridge.notification_topic ==
        "$SYS/broker/connection/" + to.remote_client.client_id + "/state");
  CHECK(to.bridge.notify_remote);
  CHECK(to.remote.backoff.first == std::chrono::seconds(5));
  CHECK(to.remote.backoff.max == std::chrono::seconds(30));
  CHECK(to.remote_client.inflight_max == 100);
  const auto out = to.bridge.topics.subscriptions(BridgeEnd::kLocal);
  REQUIRE(out.size() == 1);
  CHECK(out[0].filter == "#");
  CHECK(out[0].qos == Qos::kAtMostOnce);
  CHECK(to.bridge.topics.subscriptions(BridgeEnd::kRemote).empty());
}

TEST_CASE("each setting of a bridge arrives") {
  BridgeArgs args = minimal();
  args.addresses = {"mqtt://broker.example:1884"};
  args.remote_client_id = "there";
  args.remote_user_name = "user";
  args.remote_password = "secret";
  args.local_client_id = "here";
  args.local_user_name = "me";
  args.local_password = "word";
  args.clean_session = true;
  args.version = BridgeVersion::kV311;
  args.try_private = false;
  args.keep_alive_s = 30;
  args.restart_timeout = "2";
  args.notifications_local_only = true;
  args.notification_topic = "state";
  args.outgoing_retain = args.attempt_unsubscribe = false;
  args.packet_max = 1000;
  args.receive_maximum = 7;
  args.topic_alias_maximum = 0;
  args.queued_bytes_max = 5000;
  const BridgeSettings to = settings(args);
  CHECK(to.remote.address.text() == "broker.example:1884");
  CHECK(to.remote_client.client_id == "there");
  CHECK(to.remote_client.user_name == "user");
  CHECK(to.remote_client.password == "secret");
  CHECK(to.local_client_id == "here");
  CHECK(to.local_user_name == "me");
  CHECK(to.local_password == "word");
  CHECK(to.remote_client.clean_start);
  CHECK(to.local_clean_session);
  CHECK_FALSE(to.remote.or_v311);
  CHECK(to.remote_client.version == Version::kV311);
  CHECK_FALSE(to.remote_client.bridge);
  CHECK(to.remote_client.keep_alive_s == 30);
  CHECK(to.remote.backoff.first == std::chrono::seconds(2));
  CHECK(to.remote.backoff.max == std::chrono::seconds(2));
  CHECK(to.bridge.notification_topic == "state");
  CHECK_FALSE(to.bridge.notify_remote);
  CHECK_FALSE(to.bridge.outgoing_retain);
  CHECK_FALSE(to.bridge.attempt_unsubscribe);
  CHECK(to.remote_client.send_packet_max == 1000);
  CHECK(to.remote_client.inflight_max == 7);
  CHECK(to.remote_client.receive_maximum == 7);
  CHECK_FALSE(to.remote_client.use_topic_aliases);
  CHECK(to.bridge.queued_bytes_max == 5000);

  args.local_clean_session = false;
  args.clean_session = false;
  args.session_expiry_s = 60;
  args.notifications = false;
  const BridgeSettings other = settings(args);
  CHECK_FALSE(other.local_clean_session);
  CHECK(other.remote_client.session_expiry_s == 60);
  CHECK(other.bridge.notification_topic.empty());
}

TEST_CASE("TLS of a bridge by its address and by a key") {
  BridgeArgs args = minimal();
  args.addresses = {"mqtts://broker.example"};
  args.tls.psk = "00ff";
  args.tls.psk_identity = "me";
  BridgeSettings to = settings(args);
  CHECK(to.remote.make_filter);
  CHECK(to.remote.address.port == 8883);
  args.addresses = {"broker.example:1"};
  to = settings(args);
  CHECK(to.remote.make_filter);
  CHECK(to.remote.address.port == 1);
}

TEST_CASE("topics of a bridge as mosquitto.conf has them") {
  auto topic = parse_bridge_topic("a/# both 2 l/ r/");
  REQUIRE(topic);
  CHECK(topic->pattern == "a/#");
  CHECK(topic->direction == BridgeDirection::kBoth);
  CHECK(topic->qos == Qos::kExactlyOnce);
  CHECK(topic->local_prefix == "l/");
  CHECK(topic->remote_prefix == "r/");
  topic = parse_bridge_topic("  \"\"\tin 1 here there ");
  REQUIRE(topic);
  CHECK(topic->pattern.empty());
  CHECK(topic->direction == BridgeDirection::kIn);
  CHECK(topic->remote_prefix == "there");
  topic = parse_bridge_topic("a out 0 \"\" r/");
  REQUIRE(topic);
  CHECK(topic->local_prefix.empty());
  for (const char* bad : {"", " ", "a up", "a out 3", "a out 10", "a out x", "a in 1 l/ r/ more"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_bridge_topic(bad));
  }
}

TEST_CASE("a bridge that cannot be says which, and why") {
  BridgeArgs args = minimal();
  const auto says = [&](std::string_view text) {
    const std::string what = error(args);
    CAPTURE(what);
    CHECK(what.starts_with("connection b: "));
    CHECK(what.find(text) != std::string::npos);
    args = minimal();
  };
  args.addresses.clear();
  says("it needs an address");
  args.addresses = {"one two"};
  says("one and two: a bridge has one address");
  args.addresses = {"one", "two"};
  says("one and two: a bridge has one address");
  for (const char* address : {"ws://one", "unix:/x", "mqtt://user@one", "mqtt://u:p@one",
                              "mqtt://one/topic", "one:99999", "one:x"}) {
    CAPTURE(address);
    args.addresses = {address};
    CHECK(error(args).starts_with("connection b: "));
    CHECK(error(args).find("u:p") == std::string::npos);
  }
  args = minimal();
  args.topics.clear();
  says("it needs a topic");
  args.topics = {"a/#/b"};
  says("topic a/#/b: ");
  args.topics = {"a out 0 +/"};
  says("a prefix has no wildcards");
  args.topics = {"\"\" out 0 l"};
  says("an empty pattern needs");
  args.remote_password = "x";
  says("a remote_password needs a remote_username");
  args.remote_user_name = "x";
  args.remote_password = "x";
  args.remote_password_file = "/nonexistent";
  says("cannot be used together");
  args.remote_user_name = "x";
  args.remote_password_file = "/nonexistent";
  says("/nonexistent");
  args.local_password = "x";
  says("a local_password needs a local_username");
  args.local_client_id = "";
  says("local_clientid is empty");
  for (const char* time : {"", "0", "x", "5 3", "1 2 3"}) {
    CAPTURE(time);
    args.restart_timeout = time;
    CHECK(error(args).starts_with("connection b: "));
  }
  args = minimal();
  args.notification_topic = "a/#";
  says("notification_topic 'a/#' cannot be used");
  args.tls.psk = "00ff";
  says("psk");
}
