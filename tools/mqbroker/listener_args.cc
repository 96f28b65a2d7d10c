#include "mqbroker/listener_args.h"

#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "codec/topic.h"
#include "common/invalid.h"
#include "common/options.h"
#include "mqbroker/limit_args.h"
#include "mqbroker/limit_options.h"

namespace mq {
namespace {

Result<void> parse_versions(std::string_view text, ListenerOptions& to) {
  to.accept_v31 = to.accept_v311 = to.accept_v5 = false;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find(','), rest.size());
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (word == "3") {
      to.accept_v31 = true;
    } else if (word == "4") {
      to.accept_v311 = true;
    } else if (word == "5") {
      to.accept_v5 = true;
    } else {
      return invalid("it must be a list of 3 (MQTT 3.1), 4 (3.1.1) and 5, with commas between");
    }
  }
  return {};
}

// Names of their own, and not those of the limits for all: mosquitto.conf knows these only for the
// whole broker, wherever in a file they stand.
void declare_listener_limits(CLI::App& app, ListenerArgs& args) {
  ListenerOptions& clients = args.clients;
  Options options(app, "Limits of a client of one listener, within those of all clients");
  options.size("--listener-max-packet-size", args.packet_max, "SIZE",
               "--max-packet-size of its clients.", {kPacketMaxMin, kPacketMax});
  size_limit(options, "--listener-message-size-limit", args.payload_max, 1,
             "--message-size-limit of its clients.");
  limit(options, "--listener-max-queued-messages", clients.queued_messages_max,
        "--max-queued-messages of its clients.");
  size_limit(options, "--listener-max-queued-bytes", clients.queued_bytes_max, 1,
             "--max-queued-bytes of its clients.");
  window_limit(options, "--listener-max-inflight-messages", clients.inflight_max,
               "--max-inflight-messages of its clients.");
  limit(options, "--listener-max-subscriptions", clients.subscriptions_max,
        "--max-subscriptions of its clients.");
  message_rate(options, "--listener-rate-messages", clients.rate_messages_max,
               "--rate-messages of its clients.");
  byte_rate(options, "--listener-rate-bytes", clients.rate_bytes_max,
            "--rate-bytes of its clients.");
  options
      .number("--listener-receive-maximum", clients.receive_maximum, "COUNT",
              "--receive-maximum of its clients.", {1, kReceiveMaximumDefault})
      .number("--listener-max-keepalive", clients.keep_alive_max_s, "SECONDS",
              "--max-keepalive of its clients.", {1})
      .seconds("--listener-max-connect-seconds", clients.connect_timeout, "SECONDS",
               "--max-connect-seconds of its clients.", std::chrono::milliseconds(1));
}

}  // namespace

void declare_listener(CLI::App& app, ListenerArgs& args) {
  ListenerOptions& clients = args.clients;
  Options options(app, "A listener");
  limit(options, "--max-connections", clients.connections_max,
        "Clients connected to it at a time; more are not accepted.");
  options
      .boolean("--allow-anonymous", args.security.allow_anonymous,
               "Whether clients without a password may connect. Without this they may as long as "
               "nobody has one, and from this machine only.")
      .text("--password-file", args.security.password_file, "FILE",
            "Users and their hashed passwords, as 'mqbroker passwd' and mosquitto_passwd write "
            "them.")
      .text("--acl-file", args.security.acl_file, "FILE", "Rules on topics, see ACCESS below.")
      .list("--jwt-key-file", args.security.tokens.key_files, "FILE",
            "Take JSON Web Tokens for passwords that are signed by this key: a public key or "
            "certificate in PEM (RS256, ES256), or a shared secret (HS256); several allowed.")
      .text("--jwt-issuer", args.security.tokens.issuer, "TEXT",
            "What the claim iss of a token has to be.")
      .text("--jwt-audience", args.security.tokens.audience, "TEXT",
            "What has to be in the claim aud of a token; without, tokens with aud are refused.")
      .text("--jwt-user-claim", args.security.tokens.user_claim, "NAME",
            "The claim that is the user name.")
      .seconds("--jwt-leeway", args.security.tokens.leeway, "SECONDS",
               "By how much the clock of who signs tokens may differ.")
      .parsed("--mount-point", "PREFIX", "",
              "Put PREFIX before every topic of its clients, and take it off what they are sent.",
              [&clients](std::string_view text) -> Result<void> {
                if (topic_name_fault(text, UINT32_MAX) != nullptr || text.starts_with('$')) {
                  return invalid("it must be the beginning of a topic, without wildcards and '$'");
                }
                clients.mount_point = text;
                return {};
              })
      .text("--psk-file", args.security.psk_file, "FILE",
            "Pre-shared keys, lines of IDENTITY:HEXKEY, for listeners with a --psk-hint.")
      .boolean("--use-username-as-clientid", clients.user_name_as_id,
               "Take a client's user name for its identifier, whatever identifier it brings.")
      .parsed("--accept-protocol-versions", "LIST", "3,4,5",
              "Versions of MQTT its clients may speak: 3 for 3.1, 4 for 3.1.1, 5 for 5.0.",
              [&clients](std::string_view text) { return parse_versions(text, clients); })
      .choice("--max-qos,--maximum-qos", clients.qos_max,
              {{"0", Qos::kAtMostOnce}, {"1", Qos::kAtLeastOnce}, {"2", Qos::kExactlyOnce}},
              "Highest quality of service of messages and subscriptions.")
      .number("--max-topic-alias,--topic-alias-maximum", clients.topic_alias_maximum, "COUNT",
              "Topic aliases a client may use (MQTT 5).")
      .number("--max-topic-alias-broker", clients.topic_alias_out_max, "COUNT",
              "Topic aliases towards a client, if it takes as many (MQTT 5).")
      .boolean("--listener-allow-anonymous", args.allow_anonymous,
               "In a file: --allow-anonymous of this listener alone.")
      .text("--listener-auto-id-prefix", args.auto_id_prefix, "TEXT",
            "In a file: --auto-id-prefix of this listener alone.")
      .boolean("--allow-zero-length-clientid", args.security.allow_empty_id,
               "Whether a client that brings no identifier is given one.")
      .text("--auto-id-prefix", args.security.auto_id_prefix, "TEXT",
            "What such an identifier begins with.")
      .choice("--socket-domain", args.where.family,
              {{"any", ListenWhere::Family::kAny},
               {"ipv4", ListenWhere::Family::kIpv4},
               {"ipv6", ListenWhere::Family::kIpv6}},
              "Which addresses of a host name to listen on.")
      .text("--bind-interface", args.where.interface, "NAME",
            "Listen on this network interface only.");
  declare(app, args.layers);
  declare_listener_limits(app, args);
}

}  // namespace mq
