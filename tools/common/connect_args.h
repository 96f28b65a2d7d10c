// The options of a connection, the same for every client tool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/client_options.h"
#include "common/console.h"
#include "common/password.h"
#include "common/property_args.h"
#include "common/tls_args.h"
#include "io/client_runner.h"

namespace CLI {
class App;
}

namespace mq {

// Of -V: one version, or the newest that the broker knows.
struct WantedVersion {
  Version version = Version::kV311;
  bool or_v311 = false;

  constexpr WantedVersion(Version only) : version(only) {}
  constexpr WantedVersion(Version first, bool or_older) : version(first), or_v311(or_older) {}
  bool operator==(const WantedVersion&) const = default;
};

// What was typed.
struct ConnectArgs {
  std::optional<std::string> host;  // without: this machine, with `srv` its domain
  std::optional<uint16_t> port;     // without: 1883, with TLS 8883
  std::optional<std::string> url;
  bool url_may_have_query = true;  // one client: it may say more about its message
  std::optional<std::string> unix_path;
  std::optional<std::string> bind_address;
  bool srv = false;
  TlsArgs tls;
  WebSocketArgs web_socket;
  uint16_t keep_alive_s = 60;
  WantedVersion version = Version::kV311;
  std::optional<std::string> client_id;
  std::optional<std::string> id_prefix;
  std::optional<std::string> user_name;
  PasswordArgs password;
  std::optional<Digest> auth_method;  // SCRAM with that hash function
  bool keep_session = false;
  std::optional<std::string> session_expiry;
  uint16_t inflight_max = 20;          // where -M says nothing
  std::string inflight_max_help = {};  // the same in words, if there is more to say
  std::optional<uint16_t> inflight_max_given = {};
  std::vector<std::string> properties, encoded_properties;
  std::optional<std::string> will_topic;
  std::optional<std::string> will_payload;
  Qos will_qos = Qos::kAtMostOnce;
  bool will_retain = false;
  Duration connect_timeout = std::chrono::seconds(30);
  std::string reconnect_delay = "1,30";
  std::optional<uint32_t> reconnects_max;
  bool no_reconnect = false;
  bool retry_connect = false;
  bool no_delay = false;
  bool only_v4 = false, only_v6 = false;
  std::optional<std::string> proxy;
  bool debug = false;
  bool quiet = false;
  std::optional<std::string> log_file;
};

// A program that makes many connections sees to identifiers, sessions and limits itself.
enum class Clients : uint8_t {
  kOne,
  kMany,
  kManyWithOwnLetters,  // the program has -A, -L and its like for something else
};

// Declares them on a program or one of its commands.
void declare(CLI::App& app, ConnectArgs& args, Clients clients = Clients::kOne);

// What it means.
struct ConnectOptions {
  RunnerOptions runner;
  ClientOptions client;
  GivenProperties properties;  // those of CONNECT and the will are in `client` already
  std::string url_topic;       // of -L; empty without
  // Of its query: what holds where the program's own options say nothing.
  std::optional<Qos> url_qos;
  bool url_retain = false;
  Console console;
};

Result<ConnectOptions> resolve(const ConnectArgs& args);

// Asks the server for no more unacknowledged messages than `most`, unless the user said how many: a
// durable session must not hand us more than we are going to print, the rest would be lost.
void limit_receive_maximum(ConnectOptions& connection, uint64_t most);

// What -A stands for: a numeric address stays as it is; a name is looked up here and now, as it is
// one of this machine's.
Result<std::string> local_address(const std::string& text);

// A client identifier for a session that nobody will ask for again: MQTT 3.1 wants one.
std::string random_client_id();

}  // namespace mq
