// Configuration files: syntax, listeners, what beats what, and what is said about foreign keys.
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/config_file.h"
#include "mqbroker/args.h"
#include "tools/command_line.h"

using namespace mq;

namespace {

// A directory with files, gone with the test.
class Files {
 public:
  Files() { REQUIRE(mkdtemp(directory_.data()) != nullptr); }
  ~Files() { std::filesystem::remove_all(directory_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string add(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    return path(name);
  }

 private:
  std::string directory_ = "/tmp/mqconfig.XXXXXX";
};

struct Outcome {
  BrokerArgs args;
  ServeOptions options;
  std::string error;
};

// What becomes of a file with this text and of a command line.
Outcome read(const Files& files, const std::string& text, std::vector<std::string> words = {}) {
  Outcome out;
  words.push_back(files.add("mqbroker.conf", text));
  const auto parsed =
      parse_words([&out](CLI::App& app) { declare(app, out.args); }, std::move(words));
  if (!parsed) {
    out.error = parsed.error().text;
    return out;
  }
  auto resolved = resolve(out.args);
  if (!resolved) {
    out.error = resolved.error().text;
  } else {
    out.options = std::move(*resolved);
  }
  return out;
}

Outcome read(const std::string& text, std::vector<std::string> words = {}) {
  const Files files;
  return read(files, text, std::move(words));
}

std::string places(const Outcome& outcome) {
  std::string out = outcome.error;
  for (const ServeListener& listener : outcome.options.listeners) {
    out += (out.empty() ? "" : " ") + listener.options.address.text();
  }
  return out;
}

}  // namespace

TEST_CASE("lines: keys, values with blanks, comments at the start only") {
  const auto lines =
      split_config("# comment\n\n  key_one   a value # of it  \r\nflag\n\tlast\tx", "f");
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].key == "key-one");
  CHECK(lines[0].value == "a value # of it");
  CHECK(lines[0].where() == "f:3: ");
  CHECK(lines[1].key == "flag");
  CHECK(lines[1].value.empty());
  CHECK(lines[1].file_key() == "flag");
  CHECK(lines[2].key == "last");
  CHECK(lines[2].value == "x");
  CHECK(lines[2].number == 5);
}

TEST_CASE("a key is an option, with underscores or dashes; the command line beats it") {
  const std::string text = "max_queued_messages 5\nmax-subscriptions 6\nretain_available false\n";
  const Outcome file = read(text);
  CHECK(file.error == "");
  CHECK(file.options.broker.queued_messages_max == 5);
  CHECK(file.options.broker.subscriptions_max == 6);
  CHECK(!file.options.broker.retain_available);
  CHECK(read(text, {"--max-queued-messages", "9"}).options.broker.queued_messages_max == 9);
}

TEST_CASE("an error names file, line and key") {
  const Files files;
  const auto error = [&](const std::string& text) { return read(files, text).error; };
  const std::string at = files.path("mqbroker.conf");
  CHECK(error("\nmax_qoss 1\n") == at + ":2: max_qoss: unknown; did you mean max_qos?");
  CHECK(error("frobnicate 1\n") == at + ":1: frobnicate: unknown; mqbroker(8) lists the keys");
  CHECK(error("max_qos 3\n").starts_with(at + ":1: max_qos: Invalid max QoS given: 3"));
  CHECK(error("max_qos\n") == at + ":1: max_qos: a value is missing");
  CHECK(error("plugin /x.so\n").starts_with(at + ":1: plugin: plugins are not supported"));
  CHECK(error("bridge_cafile x\n").find("connection NAME") != std::string::npos);
  CHECK(error("listener\n").starts_with(at + ":1: listener: write a port"));
  CHECK(error("listener 0\n").starts_with(at + ":1: listener: write a port"));
  CHECK(error("listener 65536\n").starts_with(at + ":1: listener: write a port"));
  CHECK(error("check_config true\n").find("unknown") != std::string::npos);
  CHECK(read("", {"-c", "/nonexistent/file"}).error == "");  // the last one counts
  CHECK(error_of<BrokerArgs>({"-c", "/nonexistent/file"})
            .starts_with("cannot read /nonexistent/file: "));
  CHECK(error_of<BrokerArgs>({"/"}).starts_with("cannot read /: "));
}

TEST_CASE("what can be ignored is a warning, unless it says what happens anyway") {
  CHECK(read("autosave_interval 60\nset_tcp_nodelay false\n").args.warnings.size() == 2);
  CHECK(read("set_tcp_nodelay true\nqueue_qos0_messages false\n").args.warnings.empty());
  const Outcome twice = read("max_qos 1\nmax_qos 0\n");
  REQUIRE(twice.args.warnings.size() == 1);
  CHECK(twice.args.warnings[0].find(":2: max_qos: given again") != std::string::npos);
  CHECK(twice.options.listeners.front().options.clients.qos_max == Qos::kAtMostOnce);
}

TEST_CASE("listeners") {
  CHECK(places(read("listener 1884 127.0.0.1\nlistener 0 /run/mq\nlistener 5 ::1\n")) ==
        "127.0.0.1:1884 unix:/run/mq [::1]:5");
  CHECK(places(read("listener 1884\nallow_anonymous true\n")) == ":1884");
  CHECK(places(read("listener 1884\n")).find("--allow-anonymous") != std::string::npos);
  CHECK(places(read("listen mqtt://localhost:7\n")) == "localhost:7");
  CHECK(places(read("max_queued_messages 4\n")) == "localhost:1883");
  CHECK(places(read("port 1884\nallow_anonymous true\n")) == ":1884");
  CHECK(places(read("port 1884\nbind_address ::1\n")) == "[::1]:1884");
}

TEST_CASE("a setting of a listener at the top level makes one, as in mosquitto") {
  CHECK(places(read("max_connections 5\nlistener 1884 ::1\n")) == "[::1]:1884 localhost:1883");
  CHECK(places(read("allow_anonymous true\nlistener 1884 ::1\n")) == "[::1]:1884");
}

TEST_CASE("what follows a listener line is that listener's") {
  const Outcome out =
      read("listener 1 ::1\nmax_connections 5\naccept_protocol_versions 5\n"
           "listener 2 ::1\nmax_connections 6\nmax_queued_messages 7\n");
  REQUIRE(out.error == "");
  REQUIRE(out.options.listeners.size() == 2);
  const ListenerOptions& first = out.options.listeners[0].options.clients;
  const ListenerOptions& second = out.options.listeners[1].options.clients;
  CHECK(first.connections_max == 5);
  CHECK(!first.accept_v311);
  CHECK(second.connections_max == 6);
  CHECK(second.accept_v311);
  CHECK(out.options.broker.queued_messages_max == 7);  // of all, wherever it stands
}

TEST_CASE("limits of one listener have names of their own") {
  const Outcome out = read(
      "listener 1 ::1\nlistener_max_packet_size 1k\nlistener_message_size_limit 2\n"
      "listener_max_queued_messages 3\nlistener_max_queued_bytes 4\n"
      "listener_max_inflight_messages 5\nlistener_max_subscriptions 6\n"
      "listener_rate_messages 7\nlistener_rate_bytes 8k\nlistener_receive_maximum 9\n"
      "listener_max_keepalive 10\nlistener_max_connect_seconds 11\n"
      "listener_auto_id_prefix one-\nmax_packet_size 2k\n"
      "listener 2 ::1\nauto_id_prefix all-\nqueue_qos0_messages true\n");
  REQUIRE(out.error == "");
  const ListenerOptions& first = out.options.listeners[0].options.clients;
  CHECK(first.packet_max == 1024);
  CHECK(first.payload_max == 2);
  CHECK(first.queued_messages_max == 3);
  CHECK(first.queued_bytes_max == 4);
  CHECK(first.inflight_max == 5);
  CHECK(first.subscriptions_max == 6);
  CHECK(first.rate_messages_max == 7);
  CHECK(first.rate_bytes_max == 8192);
  CHECK(first.receive_maximum == 9);
  CHECK(first.keep_alive_max_s == 10);
  CHECK(first.connect_timeout == std::chrono::seconds(11));
  CHECK(first.auto_id_prefix == "one-");
  CHECK(out.options.broker.packet_max == 2048);
  CHECK(out.options.broker.queue_qos0);
  const ListenerOptions& second = out.options.listeners[1].options.clients;
  CHECK(second.packet_max == kPacketMax);
  CHECK(second.payload_max == kPacketMax);
  CHECK(second.queued_messages_max == UINT32_MAX);
  CHECK(second.queued_bytes_max == UINT64_MAX);
  CHECK(!second.connect_timeout);
  CHECK(second.auto_id_prefix == "all-");
}

TEST_CASE("who may connect is said once, or for each with per_listener_settings") {
  const std::string blocks =
      "listener 1 ::1\nauto_id_prefix one-\nlistener 2 ::1\nauto_id_prefix two-\n";
  const auto prefix = [](const Outcome& out, size_t i) {
    return out.options.listeners.at(i).options.clients.auto_id_prefix;
  };
  const Outcome once = read(blocks);
  CHECK(prefix(once, 0) == "two-");
  CHECK(prefix(once, 1) == "two-");
  const Outcome each = read("per_listener_settings true\n" + blocks);
  CHECK(prefix(each, 0) == "one-");
  CHECK(prefix(each, 1) == "two-");
  CHECK(read("auto_id_prefix x\nper_listener_settings true\n").error.find("before") !=
        std::string::npos);
}

TEST_CASE("TLS and WebSocket of each listener; what they share stands anywhere") {
  const Outcome out = read(
      "psk_file /p\nwebsockets_headers_size 4096\nallow_anonymous true\n"
      "listener 1 ::1\ncertfile /c1\nkeyfile /k1\nciphers_tls1.3 X\nprotocol websockets\n"
      "websockets_origin https://a\nwebsockets_origin https://b\n"
      "listener 2 ::1\npsk_hint h\nuse_identity_as_username true\nlistener 3 ::1\n");
  REQUIRE(out.error == "");
  REQUIRE(out.options.listeners.size() == 3);
  const auto layers = [&](size_t i) { return out.options.listeners[i].options.layers; };
  CHECK(layers(0).tls->cert_file == "/c1");
  CHECK(layers(0).tls->tls13_ciphers == "X");
  CHECK(layers(0).tls->psk_file == "");
  CHECK(layers(0).protocol == ListenProtocol::kWebSocket);
  CHECK(layers(0).web_socket.origins.size() == 2);
  CHECK(layers(1).tls->psk_file == "/p");
  CHECK(layers(1).user_name == UserNameSource::kCommonName);
  CHECK(!layers(2).tls);
  for (size_t i = 0; i < 3; ++i) CHECK(layers(i).web_socket.header_bytes_max == 4096);
}

TEST_CASE("settings of TLS that would not hold are errors") {
  const auto has = [](const std::string& text, const char* part) {
    return read(text).error.find(part) != std::string::npos;
  };
  CHECK(has("listener 1 ::1\ncafile /x\n", "cafile without a certificate"));
  CHECK(has("listener 1 ::1\nrequire_certificate true\n", "require_certificate without"));
  CHECK(has("listener 0 /s\ncertfile /c\nkeyfile /k\n", "no TLS on a unix socket"));
  CHECK(has("listen mqtt://localhost\ncertfile /c\nkeyfile /k\n", "write mqtts://"));
  CHECK(has("psk_file /p\nlistener 1 ::1\n", "give it a psk_hint"));
}

TEST_CASE("PROXY protocol, topic aliases and anonymous clients of one listener") {
  const Outcome out = read(
      "allow_anonymous false\npassword_file /p\n"
      "listener 1 ::1\nenable_proxy_protocol 2\nproxy_protocol_v2_require_tls true\n"
      "require_certificate true\nuse_identity_as_username true\n"
      "listener 2 ::1\nlistener_allow_anonymous true\nmax_topic_alias_broker 7\n");
  REQUIRE(out.error == "");
  const ListenOptions& first = out.options.listeners.at(0).options;
  REQUIRE(first.layers.proxy);
  CHECK(!first.layers.proxy->v1);
  CHECK(first.layers.proxy->require_tls);
  CHECK(first.layers.proxy->require_certificate);
  CHECK(first.layers.proxy->tells_identity);
  CHECK(out.options.listeners[0].auth.names_proven);
  CHECK(!out.options.listeners[0].auth.allow_anonymous);
  CHECK(out.options.listeners[1].auth.allow_anonymous);
  CHECK(out.options.listeners[1].options.clients.topic_alias_out_max == 7);
  const auto has = [](const std::string& text, const char* part) {
    return read(text).error.find(part) != std::string::npos;
  };
  CHECK(has("listener 1 ::1\nproxy_protocol_v2_require_tls true\n", "without enable_proxy"));
  CHECK(has("listener 1 ::1\nenable_proxy_protocol 1\nrequire_certificate true\n",
            "says nothing about TLS"));
  CHECK(has("listener 1 ::1\nenable_proxy_protocol 3\n", "one of none, 1, 2, any"));
  // What a proxy says is no proof to a port that everybody can reach.
  CHECK(
      has("listener 1 0.0.0.0\nenable_proxy_protocol 2\nrequire_certificate true\n"
          "use_identity_as_username true\n",
          "can be reached from other machines"));
}

TEST_CASE("the command line: places replace the file's, a listener's setting holds for all") {
  const std::string text = "listener 1 ::1\nmax_connections 5\nlistener 2 ::1\n";
  CHECK(places(read(text, {"-p", "0"})) == "localhost:0");
  CHECK(places(read("port 1884\n", {"--unix", "/run/mq"})) == "unix:/run/mq");
  const Outcome out = read(text, {"--max-connections", "9"});
  REQUIRE(out.options.listeners.size() == 2);
  CHECK(out.options.listeners[0].options.clients.connections_max == 9);
  CHECK(out.options.listeners[1].options.clients.connections_max == 9);
}

TEST_CASE("include_dir: the .conf files in the order of their names") {
  const Files files;
  files.add("d/2.conf", "max_subscriptions 2\nlistener 2 ::1\n");
  files.add("d/1.conf", "max_subscriptions 1\n");
  files.add("d/3.txt", "nonsense\n");
  const Outcome out = read(files, "include_dir " + files.path("d") + "\nmax_connections 3\n");
  CHECK(out.options.broker.subscriptions_max == 2);
  CHECK(places(out) == "[::1]:2");
  CHECK(out.options.listeners[0].options.clients.connections_max == 3);
  files.add("d/4.conf", "nonsense\n");
  CHECK(read(files, "include_dir " + files.path("d")).error.find("d/4.conf:1: nonsense") !=
        std::string::npos);
  CHECK(read(files, "include_dir /nonexistent").error.find(":1: cannot read the directory") !=
        std::string::npos);
  files.add("d/4.conf", "include_dir " + files.path("d"));
  CHECK(read(files, "include_dir " + files.path("d")).error.find("include each other") !=
        std::string::npos);
}

TEST_CASE("what --print-config prints is a file that means the same") {
  const std::string text =
      "max_queued_messages 5\nlistener 1 ::1\nmax_connections 6\nauto_id_prefix z\n";
  const Outcome first = read(text, {"--print-config", "--max-subscriptions", "8"});
  REQUIRE(first.error == "");
  CHECK(first.args.printed.find("\nmax_subscriptions 8\n") != std::string::npos);
  CHECK(first.args.printed.find("\nlistener 1 ::1\nmax_connections 6\n") != std::string::npos);
  const Outcome second = read(first.args.printed, {"--print-config"});
  CHECK(second.error == "");
  CHECK(second.args.printed == first.args.printed);
  CHECK(places(second) == "[::1]:1");
  CHECK(second.options.listeners[0].options.clients.auto_id_prefix == "z");
  CHECK(second.options.broker.subscriptions_max == 8);
}
