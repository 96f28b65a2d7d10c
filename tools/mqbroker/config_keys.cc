#include "mqbroker/config_keys.h"

namespace mq {
namespace {

using enum ForeignKey::Fate;

constexpr std::string_view kNoPlugins =
    "plugins are not supported; users, rules and listeners are settings of mqbroker itself";
constexpr std::string_view kAlways = "a bridge is always to be connected, and connects again";
constexpr std::string_view kOneAddress = "a bridge has one address";
constexpr std::string_view kKeepAlive = "keepalive_interval finds dead connections";
constexpr std::string_view kLessTls =
    "what bridges know of TLS is bridge_cafile, bridge_certfile, bridge_keyfile, bridge_insecure, "
    "bridge_identity and bridge_psk";
constexpr std::string_view kNoEngines =
    "OpenSSL 3 has providers instead of engines; they are set up in openssl.cnf";

constexpr ForeignKey kKeys[] = {
    {"allow-duplicate-messages", kIgnored, "",
     "a client with overlapping subscriptions gets a message once, as MQTT 5 asks"},
    {"autosave-interval", kIgnored, "", "every acknowledged change is stored at once"},
    {"autosave-on-changes", kIgnored, "", "every acknowledged change is stored at once"},
    {"packet-buffer-size", kIgnored, "", "mqbroker has no such buffer"},
    {"set-tcp-nodelay", kIgnored, "true",
     "output is gathered, so that Nagle's algorithm would only add delay; it is always off"},
    {"websockets-log-level", kIgnored, "",
     "there is no libwebsockets here; log_type says what is "
     "logged"},

    {"http-dir", kRefused, "",
     "mqbroker serves no files; a web server beside it does, and wants websockets_origin"},

    {"auth-plugin", kRefused, "", kNoPlugins},
    {"auth-plugin-deny-special-chars", kRefused, "", kNoPlugins},
    {"global-plugin", kRefused, "", kNoPlugins},
    {"plugin", kRefused, "", kNoPlugins},
    {"plugin-load", kRefused, "", kNoPlugins},
    {"plugin-use", kRefused, "", kNoPlugins},
    {"enable-control-api", kRefused, "false", kNoPlugins},
    {"tls-engine", kRefused, "", kNoEngines},
    {"tls-engine-kpass-sha1", kRefused, "", kNoEngines},
    {"tls-keyform", kRefused, "pem", kNoEngines},

    {"bridge-alpn", kRefused, "", kLessTls},
    {"bridge-bind-address", kRefused, "", "the system chooses the address to connect from"},
    {"bridge-capath", kRefused, "", kLessTls},
    {"bridge-ciphers", kRefused, "", kLessTls},
    {"bridge-ciphers-tls1.3", kRefused, "", kLessTls},
    {"bridge-reload-type", kRefused, "lazy",
     "bridges are not changed while they run; restart mqbroker for that"},
    {"bridge-require-ocsp", kRefused, "false", "certificates are not checked by OCSP"},
    {"bridge-tcp-keepalive", kRefused, "", kKeepAlive},
    {"bridge-tcp-user-timeout", kRefused, "", kKeepAlive},
    {"bridge-tls-use-os-certs", kRefused, "", kLessTls},
    {"bridge-tls-version", kRefused, "tlsv1.2", kLessTls},
    {"idle-timeout", kRefused, "", kAlways},
    {"round-robin", kRefused, "false", kOneAddress},
    {"start-type", kRefused, "automatic", kAlways},
    {"threshold", kRefused, "", kAlways},
};

constexpr ForeignKey kFamilies[] = {
    {"auth-opt-", kRefused, "", kNoPlugins},
    {"plugin-opt-", kRefused, "", kNoPlugins},
};

}  // namespace

const ForeignKey* find_foreign_key(std::string_view key) {
  for (const ForeignKey& known : kKeys) {
    if (known.key == key) return &known;
  }
  for (const ForeignKey& family : kFamilies) {
    if (key.starts_with(family.key)) return &family;
  }
  return nullptr;
}

}  // namespace mq
