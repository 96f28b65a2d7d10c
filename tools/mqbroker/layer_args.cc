#include "mqbroker/layer_args.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/config_file.h"
#include "common/invalid.h"
#include "common/options.h"

namespace mq {
namespace {

constexpr uint64_t kHeaderBytesMin = 512;  // what browsers send takes about that much
constexpr uint64_t kHeaderBytesMax = 1 << 20;
constexpr uint64_t kFrameMin = 125;  // what every frame may have

// The first setting that says something about TLS and cannot turn it on by itself.
const char* first_tls_setting(const ListenTlsArgs& args) {
  if (args.ca_file) return "cafile";
  if (args.ca_path) return "capath";
  if (args.crl_file) return "crlfile";
  if (args.key_pass_file) return "key_pass_file";
  if (args.version_min) return "tls_version";
  if (args.ciphers) return "ciphers";
  if (args.tls13_ciphers) return "ciphers_tls1.3";
  if (args.dh_file) return "dhparamfile";
  if (args.require_certificate) return "require_certificate";
  if (args.identity_as_user_name) return "use_identity_as_username";
  if (args.subject_as_user_name) return "use_subject_as_username";
  return nullptr;
}

bool has_key(const ListenTlsArgs& args) {
  return args.cert_file || args.key_file || args.psk_hint;
}

// Settings of TLS where there is none would be taken for granted by whoever wrote them.
Result<void> check_plain(const ListenTlsArgs& args, const LayerContext& context) {
  if (!context.alone || (!has_key(args) && first_tls_setting(args) == nullptr)) return {};
  const std::string at = context.address.text();
  if (context.address.kind == TransportKind::kUnix) {
    return invalid(
        fmt::format("{}: there is no TLS on a unix socket; take certfile and the other "
                    "settings of TLS out.",
                    at));
  }
  if (context.by_url) {
    return invalid(
        fmt::format("{}: it has settings of TLS, but its URL is for plain connections: "
                    "write mqtts:// or wss://.",
                    at));
  }
  return invalid(
      fmt::format("{}: {} without a certificate: give certfile and keyfile, or psk_hint "
                  "and psk_file, or there is no TLS.",
                  at, first_tls_setting(args)));
}

// With `others` there is another proof than a certificate that TLS here would ask for.
Result<UserNameSource> user_name_source(const ListenTlsArgs& args, bool others,
                                        const std::string& at) {
  if (args.identity_as_user_name && args.subject_as_user_name) {
    return invalid(
        fmt::format("{}: use_identity_as_username and use_subject_as_username cannot be "
                    "used together.",
                    at));
  }
  if (!args.identity_as_user_name && !args.subject_as_user_name) return UserNameSource::kConnect;
  if (!args.require_certificate && !others) {
    return invalid(
        fmt::format("{}: user names are to come from certificates that nobody is asked "
                    "for: say require_certificate true.",
                    at));
  }
  return args.identity_as_user_name ? UserNameSource::kCommonName : UserNameSource::kSubject;
}

Result<TlsServerOptions> tls_options(const ListenTlsArgs& args, const LayerContext& context,
                                     const std::string& at) {
  TlsServerOptions to;
  if (args.cert_file.has_value() != args.key_file.has_value()) {
    return invalid(fmt::format("{}: certfile and keyfile go together: there is no {}.", at,
                               args.cert_file ? "keyfile" : "certfile"));
  }
  const bool with_psk = args.psk_hint || (context.psk_file && !args.cert_file);
  if (with_psk && !context.psk_file) {
    return invalid(fmt::format("{}: psk_hint without a psk_file, which has the keys.", at));
  }
  if (!args.cert_file && !with_psk) {
    return invalid(
        fmt::format("{}: TLS needs a certificate: give certfile and keyfile; --dev-tls "
                    "DIR makes them for trying it out.",
                    at));
  }
  to.ca_file = args.ca_file.value_or("");
  to.ca_path = args.ca_path.value_or("");
  to.crl_file = args.crl_file.value_or("");
  to.cert_file = args.cert_file.value_or("");
  to.key_file = args.key_file.value_or("");
  // Never asked for on the terminal: SIGHUP reads the key again, when nobody is there to answer.
  to.key_pass = "";
  if (args.key_pass_file) {
    MQ_TRY(const std::string text, read_file(*args.key_pass_file));
    to.key_pass = text.substr(0, text.find_first_of("\r\n"));
  }
  to.version_min = args.version_min.value_or(TlsVersion::kTls12);
  to.ciphers = args.ciphers.value_or("");
  to.tls13_ciphers = args.tls13_ciphers.value_or("");
  to.dh_file = args.dh_file.value_or("");
  to.require_certificate = args.require_certificate;
  to.check_client_dates = !args.ignore_client_dates;
  if (with_psk) to.psk_file = *context.psk_file;
  to.psk_hint = args.psk_hint.value_or("");
  return to;
}

// TLS that ends at the proxy: what is asked of a client's certificate, the proxy has to say.
Result<void> put_proxy(const ListenLayerArgs& args, bool tls, const std::string& at,
                       LayerOptions& to) {
  if (args.proxy == ProxyVersions::kNone) {
    if (!args.proxy_requires_tls) return {};
    return invalid(
        fmt::format("{}: proxy_protocol_v2_require_tls without enable_proxy_protocol.", at));
  }
  ProxyOptions& proxy = to.proxy.emplace();
  proxy.v1 = args.proxy != ProxyVersions::kV2;
  proxy.v2 = args.proxy != ProxyVersions::kV1;
  proxy.require_tls = args.proxy_requires_tls;
  if (!tls) {
    proxy.require_certificate = args.tls.require_certificate;
    proxy.tells_identity = args.tls.identity_as_user_name;
  }
  if (proxy.v2 || (!proxy.require_tls && !proxy.require_certificate && !proxy.tells_identity)) {
    return {};
  }
  return invalid(
      fmt::format("{}: version 1 of the PROXY protocol says nothing about TLS: "
                  "enable_proxy_protocol 2 does.",
                  at));
}

Result<void> check_origins(const std::vector<std::string>& origins) {
  for (const std::string& origin : origins) {
    const size_t scheme = origin.find("://");
    const bool has_path =
        scheme != std::string::npos && origin.find('/', scheme + 3) != std::string::npos;
    if (origin != "null" && (scheme == std::string::npos || has_path)) {
      return invalid(
          fmt::format("Invalid websockets origin given: {}, it must be as a browser "
                      "sends it, https://HOST or https://HOST:PORT.",
                      origin));
    }
  }
  return {};
}

}  // namespace

void declare(CLI::App& app, ListenLayerArgs& args) {
  using enum ListenProtocol;
  Options(app, "A listener")
      .choice("--protocol", args.protocol,
              {{"any", kMqttAndWebSocket}, {"mqtt", kMqtt}, {"websockets", kWebSocket}},
              "What its clients speak: MQTT, MQTT over WebSocket, or either of them, which is told "
              "by the first byte.")
      .list("--websockets-origin", args.origins, "ORIGIN",
            "Web sites whose pages may connect, as https://HOST[:PORT]; several allowed. Without, "
            "all may.")
      .choice("--enable-proxy-protocol", args.proxy,
              {{"none", ProxyVersions::kNone},
               {"1", ProxyVersions::kV1},
               {"2", ProxyVersions::kV2},
               {"any", ProxyVersions::kAny}},
              "A proxy says whose connection it is, by the PROXY protocol of this version. Nobody "
              "but the proxy may be able to connect here.")
      .boolean("--proxy-protocol-v2-require-tls", args.proxy_requires_tls,
               "Whether clients have to have come to the proxy by TLS.");
  ListenTlsArgs& tls = args.tls;
  Options(app, "TLS of a listener")
      .text("--certfile", tls.cert_file, "FILE",
            "The listener's certificate with its chain, in PEM. This turns TLS on.")
      .text("--keyfile", tls.key_file, "FILE",
            "Its key: a file in PEM, or a URI for OpenSSL such as pkcs11:...")
      .text("--key-pass-file", tls.key_pass_file, "FILE",
            "Pass phrase of the key: the first line of a file.")
      .text("--cafile", tls.ca_file, "FILE",
            "Certificates of the CAs that sign those of the clients, in PEM.")
      .text("--capath", tls.ca_path, "DIR",
            "Directory of such certificates, prepared with 'openssl rehash'.")
      .text("--crlfile", tls.crl_file, "FILE", "Clients' certificates that have been revoked.")
      .boolean("--require-certificate", tls.require_certificate,
               "Whether a client has to have a certificate of one of those CAs.")
      .boolean("--use-identity-as-username", tls.identity_as_user_name,
               "Take the common name of a client's certificate, or the identity of its pre-shared "
               "key, for its user name; passwords are not asked for.")
      .boolean("--use-subject-as-username", tls.subject_as_user_name,
               "The same with the whole name (subject) in the certificate.")
      .boolean("--disable-client-cert-date-checks", tls.ignore_client_dates,
               "Accept clients' certificates that have expired or are not valid yet.")
      .choice("--tls-version", tls.version_min,
              {{"tlsv1.3", TlsVersion::kTls13}, {"tlsv1.2", TlsVersion::kTls12}},
              "Oldest version of TLS to accept [tlsv1.2].")
      .text("--ciphers", tls.ciphers, "LIST",
            "Ciphers of TLS 1.2, as 'openssl ciphers' takes them.")
      .text("--ciphers-tls1.3,--tls13-ciphers", tls.tls13_ciphers, "LIST", "Ciphers of TLS 1.3.")
      .text(
          "--dhparamfile", tls.dh_file, "FILE",
          "Diffie-Hellman parameters for ciphers that are not of elliptic curves. Without, OpenSSL "
          "has its own.")
      .text(
          "--psk-hint", tls.psk_hint, "TEXT",
          "Take clients with the pre-shared keys of --psk-file. This turns TLS on; clients of TLS "
          "1.2 are shown the text.");
}

void declare(CLI::App& app, WebSocketLimitArgs& args) {
  Options(app, "Limits of a client")
      .size("--websockets-headers-size", args.header_bytes_max, "SIZE",
            "Longest request that a WebSocket may begin with.", {kHeaderBytesMin, kHeaderBytesMax})
      .size("--max-websockets-frame", args.frame_max, "SIZE",
            "Largest WebSocket frame it may send.", {kFrameMin, kPacketMax});
}

Result<LayerOptions> resolve(const ListenLayerArgs& args, const LayerContext& context) {
  const Address& address = context.address;
  const TransportKind kind = address.kind;
  LayerOptions to;
  to.protocol = args.protocol;
  to.web_socket.origins = args.origins;
  to.web_socket.header_bytes_max = static_cast<uint32_t>(context.web_socket.header_bytes_max);
  to.web_socket.frame_max = context.web_socket.frame_max;
  MQ_CHECK(check_origins(args.origins));
  if (kind == TransportKind::kWebSocket || kind == TransportKind::kSecureWebSocket) {
    to.protocol = ListenProtocol::kWebSocket;
    to.web_socket.path = address.path;
  }
  const bool tls = kind == TransportKind::kTls || kind == TransportKind::kSecureWebSocket ||
                   (kind == TransportKind::kTcp && !context.by_url && has_key(args.tls));
  const std::string at =
      address.host.empty() ? fmt::format("port {}", address.port) : address.text();
  MQ_CHECK(put_proxy(args, tls, at, to));
  if (!tls && to.proxy && !has_key(args.tls)) {
    if (args.tls.subject_as_user_name) {
      return invalid(
          fmt::format("{}: a proxy tells the common name and no subject: say "
                      "use_identity_as_username.",
                      at));
    }
    MQ_TRY(to.user_name, user_name_source(args.tls, true, at));
    return to;
  }
  if (!tls) {
    MQ_CHECK(check_plain(args.tls, context));
    return to;
  }
  MQ_TRY(to.tls, tls_options(args.tls, context, at));
  MQ_TRY(to.user_name, user_name_source(args.tls, !to.tls->psk_file.empty(), at));
  return to;
}

bool identifies_clients(const LayerOptions& layers) {
  return layers.user_name != UserNameSource::kConnect;
}

bool identifies_strangers(const LayerOptions& layers) {
  return layers.tls && identifies_clients(layers);
}

}  // namespace mq
