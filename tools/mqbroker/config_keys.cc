#include "mqbroker/config_keys.h"

namespace mq {
namespace {

using enum ForeignKey::Fate;

constexpr std::string_view kNoPlugins =
    "plugins are not supported; users, rules and listeners are settings of mqbroker itself";
constexpr std::string_view kNoBridges = "bridges to other brokers are not supported";
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

    {"address", kRefused, "", kNoBridges},
    {"addresses", kRefused, "", kNoBridges},
    {"cleansession", kRefused, "", kNoBridges},
    {"clientid", kRefused, "", kNoBridges},
    {"connection", kRefused, "", kNoBridges},
    {"idle-timeout", kRefused, "", kNoBridges},
    {"keepalive-interval", kRefused, "", kNoBridges},
    {"notification-topic", kRefused, "", kNoBridges},
    {"notifications", kRefused, "", kNoBridges},
    {"notifications-local-only", kRefused, "", kNoBridges},
    {"password", kRefused, "", kNoBridges},
    {"remote-clientid", kRefused, "", kNoBridges},
    {"remote-password", kRefused, "", kNoBridges},
    {"remote-username", kRefused, "", kNoBridges},
    {"restart-timeout", kRefused, "", kNoBridges},
    {"round-robin", kRefused, "", kNoBridges},
    {"start-type", kRefused, "", kNoBridges},
    {"threshold", kRefused, "", kNoBridges},
    {"topic", kRefused, "", kNoBridges},
    {"try-private", kRefused, "", kNoBridges},
    {"username", kRefused, "", kNoBridges},
};

constexpr ForeignKey kFamilies[] = {
    {"auth-opt-", kRefused, "", kNoPlugins},   {"plugin-opt-", kRefused, "", kNoPlugins},
    {"bridge-", kRefused, "", kNoBridges},     {"local-", kRefused, "", kNoBridges},
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
