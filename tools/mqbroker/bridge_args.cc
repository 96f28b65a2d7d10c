#include "mqbroker/bridge_args.h"

#include <CLI/CLI.hpp>

#include "common/options.h"

namespace mq {

void declare_bridge(CLI::App& app, BridgeArgs& args) {
  Options(app, "A bridge")
      .list("--address,--addresses", args.addresses, "ADDRESS",
            "The broker at the other end: HOST[:PORT], mqtt:// or mqtts://.")
      .list("--topic", args.topics, "TOPIC",
            "What goes over the bridge: PATTERN [out|in|both [QOS [LOCAL-PREFIX "
            "[REMOTE-PREFIX]]]]; several allowed.")
      .text("--remote-clientid,--clientid", args.remote_client_id, "ID",
            "Client identifier at the other end [HOSTNAME.NAME].")
      .text("--remote-username,--username", args.remote_user_name, "USER", "User name there.")
      .text("--remote-password,--password", args.remote_password, "TEXT", "Password there.")
      .text("--remote-password-file", args.remote_password_file, "FILE",
            "Password there: the first line of a file.")
      .text("--local-clientid", args.local_client_id, "ID",
            "Client identifier here [local.HOSTNAME.NAME].")
      .text("--local-username", args.local_user_name, "USER",
            "Who the bridge is to the rules on topics here; without, none is about it.")
      .text("--local-password", args.local_password, "TEXT",
            "Have the bridge log in here as others do.")
      .boolean("--cleansession", args.clean_session,
               "Have neither end keep anything for the bridge while it is not connected.")
      .boolean("--local-cleansession", args.local_clean_session, "The same of this end alone.")
      .choice("--bridge-protocol-version", args.version,
              {{"auto", BridgeVersion::kAuto},
               {"mqttv50", BridgeVersion::kV5},
               {"mqttv5", BridgeVersion::kV5},
               {"mqttv311", BridgeVersion::kV311},
               {"mqttv31", BridgeVersion::kV31}},
              "Version of MQTT; auto is 5.0, and 3.1.1 where the other end does not know that.")
      .boolean("--try-private", args.try_private,
               "With 3.x, say that this is a bridge, unless the other end does not take it.")
      .number("--keepalive-interval", args.keep_alive_s, "SECONDS",
              "Longest silence before the connection is probed.", {5, 65535})
      .text("--restart-timeout", args.restart_timeout, "BASE [CAP]",
            "Seconds before a lost connection is made again; with CAP doubled after each try that "
            "fails, up to that.")
      .boolean("--notifications", args.notifications,
               "Publish at both ends, retained, whether the bridge is connected: 1 or 0.")
      .boolean("--notifications-local-only", args.notifications_local_only,
               "The same at this end only.")
      .text("--notification-topic", args.notification_topic, "TOPIC",
            "The topic of that [$SYS/broker/connection/ID/state, with the identifier at the other "
            "end].")
      .boolean("--bridge-outgoing-retain", args.outgoing_retain,
               "Whether retained messages are sent as such.")
      .boolean("--bridge-attempt-unsubscribe", args.attempt_unsubscribe,
               "Whether topics that only go out are unsubscribed from at the other end.")
      .size("--bridge-max-packet-size", args.packet_max, "SIZE",
            "Largest packet to send to the other end; 0 for what it takes.")
      .number("--bridge-receive-maximum", args.receive_maximum, "COUNT",
              "Most QoS 1 and 2 messages in flight in each direction.", {1, 65535})
      .number("--bridge-max-topic-alias", args.topic_alias_maximum, "COUNT",
              "Topic aliases in each direction (MQTT 5).")
      .number("--bridge-session-expiry-interval", args.session_expiry_s, "SECONDS",
              "How long the other end is to keep the session (MQTT 5) [for ever].")
      .size("--bridge-max-buffer", args.queued_bytes_max, "SIZE",
            "Memory of messages that wait for one end before the other is not read.",
            {1 << 10, 1ull << 30})
      .text("--bridge-cafile", args.tls.ca_file, "FILE",
            "TLS: certificates of the CAs to trust, in PEM. Each of these turns TLS on.")
      .text("--bridge-certfile", args.tls.cert_file, "FILE", "TLS: the bridge's certificate.")
      .text("--bridge-keyfile", args.tls.key_file, "FILE", "TLS: its key.")
      .boolean("--bridge-insecure", args.tls.any_host,
               "TLS: take a certificate of a trusted CA whatever host it is for.")
      .text("--bridge-identity", args.tls.psk_identity, "ID",
            "TLS: name of a pre-shared key, instead of certificates.")
      .text("--bridge-psk", args.tls.psk, "HEX", "TLS: that key.");
}

}  // namespace mq
