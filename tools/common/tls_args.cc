#include "common/tls_args.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "common/invalid.h"
#include "common/options.h"
#include "io/filter_module.h"

namespace mq {
namespace {

constexpr uint16_t kPort = 1883;
constexpr uint16_t kTlsPort = 8883;
// The default ports of HTTP, which a Host header leaves out.
constexpr uint16_t kHttpPort = 80, kHttpsPort = 443;

// Any option that says something about TLS means it, so that nobody goes without by mistake.
bool wants_tls(const TlsArgs& args) {
  return args.tls || args.ca_file || args.ca_path || args.os_certs || args.cert_file ||
         args.key_file || args.key_form || args.key_pass_file || args.key_pass_env ||
         args.provider || args.version_min || args.ciphers || args.tls13_ciphers || args.alpn ||
         args.insecure || args.no_resume || args.host || !args.pins.empty() || args.keylog_file ||
         args.psk || args.psk_identity || args.engine || args.engine_key_pass || args.info;
}

bool wants_web_socket(const WebSocketArgs& args) {
  return args.web_socket || args.path || args.origin || !args.headers.empty();
}

Result<std::string> parse_hex(std::string_view text) {
  std::string bytes;
  const auto digit = [](char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    return kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  };
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    const size_t high = digit(text[i]), low = digit(text[i + 1]);
    if (high > 15 || low > 15) break;
    bytes += static_cast<char>(high * 16 + low);
  }
  if (text.empty() || bytes.size() * 2 != text.size()) {
    return invalid("Invalid psk given: it must be pairs of hexadecimal digits.");
  }
  return bytes;
}

Result<std::optional<std::string>> key_pass(const TlsArgs& args) {
  if (args.key_pass_file && args.key_pass_env) {
    return invalid("--key-pass-file and --key-pass-env cannot be used together.");
  }
  if (args.key_pass_env) {
    const char* const value = std::getenv(args.key_pass_env->c_str());
    if (value == nullptr) {
      return invalid(fmt::format("The environment has no {}.", *args.key_pass_env));
    }
    return value;
  }
  if (!args.key_pass_file) return std::nullopt;
  std::ifstream file(*args.key_pass_file);
  std::string line;
  if (!file || (!std::getline(file, line) && !file.eof())) {
    return invalid(
        fmt::format("Unable to read file \"{}\": {}.", *args.key_pass_file, std::strerror(errno)));
  }
  return line;
}

Result<void> check(const TlsArgs& args) {
  if (args.engine || args.engine_key_pass || args.key_form == "engine") {
    return invalid(
        "OpenSSL has no engines any more: name a provider with --tls-provider, and the "
        "key as a URI with --key.");
  }
  if (args.cert_file.has_value() != args.key_file.has_value()) {
    return invalid("Both certfile and keyfile must be provided if one of them is set.");
  }
  if (args.key_form && args.key_form != "pem") {
    return invalid(fmt::format("Invalid keyform given: {}, it must be pem.", *args.key_form));
  }
  if (args.key_form && !args.key_file) {
    return invalid("If keyform is set, keyfile must be also specified.");
  }
  if (args.psk.has_value() != args.psk_identity.has_value()) {
    return invalid("Both --psk and --psk-identity must be provided if one of them is set.");
  }
  if (args.psk && (args.ca_file || args.ca_path)) {
    return invalid("Only one of --psk or --cafile/--capath may be used at once.");
  }
  const auto bad = std::ranges::find_if(args.pins, [](const std::string& pin) {
    return !pin.starts_with("sha256//") || pin.size() != 52;
  });
  if (bad != args.pins.end()) {
    return invalid(
        fmt::format("Invalid pin given: {}, it must be sha256// and 44 characters of "
                    "base64, as --tls-info prints it.",
                    *bad));
  }
  return {};
}

Result<TlsClientOptions> resolve(const TlsArgs& args, const Console& console,
                                 const std::string& host) {
  MQ_CHECK(check(args));
  TlsClientOptions to;
  to.host = args.host.value_or(host);
  to.ca_file = args.ca_file.value_or("");
  to.ca_path = args.ca_path.value_or("");
  // Without a CA of one's own those of the system are meant; a key is trusted by itself.
  to.os_certs = args.os_certs || (!args.ca_file && !args.ca_path && !args.psk);
  to.cert_file = args.cert_file.value_or("");
  to.key_file = args.key_file.value_or("");
  MQ_TRY(to.key_pass, key_pass(args));
  to.provider = args.provider.value_or("");
  to.version_min = args.version_min.value_or(TlsVersion::kTls12);
  // As with mosquitto's clients the list is of TLS 1.3 where nothing else is allowed.
  const bool only_tls13 = to.version_min == TlsVersion::kTls13 && !args.tls13_ciphers;
  (only_tls13 ? to.tls13_ciphers : to.ciphers) = args.ciphers.value_or("");
  if (args.tls13_ciphers) to.tls13_ciphers = *args.tls13_ciphers;
  to.alpn = args.alpn.value_or("");
  to.insecure = args.insecure;
  to.any_host = args.any_host;
  to.pins = args.pins;
  to.keylog_file = args.keylog_file.value_or("");
  if (args.psk) {
    MQ_TRY(to.psk, parse_hex(*args.psk));
    to.psk_identity = *args.psk_identity;
  }
  if (args.info) {
    to.report = [console](const std::string& description) { console.note(description); };
  }
  return to;
}

Result<WebSocketClientOptions> resolve(const WebSocketArgs& args, const Address& address) {
  WebSocketClientOptions to;
  to.host = address.text();
  const bool is_secure = address.kind == TransportKind::kSecureWebSocket;
  if (address.port == (is_secure ? kHttpsPort : kHttpPort)) {
    to.host = to.host.substr(0, to.host.rfind(':'));
  }
  if (address.kind == TransportKind::kUnix) to.host = "localhost";
  to.path = args.path.value_or("/mqtt");
  to.origin = args.origin.value_or("");
  to.headers = args.headers;
  const auto has_control = [](std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  };
  if (!to.path.starts_with('/') || to.path.find(' ') != std::string::npos || has_control(to.path)) {
    return invalid(
        fmt::format("Invalid ws path given: {}, it must begin with a slash and have no "
                    "blanks.",
                    to.path));
  }
  if (has_control(to.origin)) return invalid("Invalid ws origin given.");
  for (const std::string& header : to.headers) {
    const size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0 || has_control(header) ||
        header.find(' ') < colon) {
      return invalid(fmt::format("Invalid ws header given: {}, it must be 'NAME: VALUE'.", header));
    }
  }
  return to;
}

// Whether this connection is to be encrypted.
Result<bool> decide_on_tls(const LayerArgs& args, const Address& address) {
  const bool by_scheme =
      address.kind == TransportKind::kTls || address.kind == TransportKind::kSecureWebSocket;
  const bool by_port =
      address.kind != TransportKind::kUnix && args.port_is_given && address.port == kTlsPort;
  if (!args.tls.no_tls) {
    if (address.kind == TransportKind::kUnix && wants_tls(args.tls)) {
      return invalid("--unix and TLS options cannot be used together.");
    }
    return by_scheme || by_port || wants_tls(args.tls);
  }
  if (args.has_password && (by_scheme || by_port)) {
    return invalid("With --no-tls the password would go in clear to a port that is meant for TLS.");
  }
  return false;
}

}  // namespace

void declare(CLI::App& app, TlsArgs& args) {
  Options(app, "TLS")
      .flag("--tls", args.tls,
            "Encrypt. Every other option of this group does so, too, as do mqtts://, wss:// and "
            "port 8883.")
      .text("--cafile", args.ca_file, "FILE", "Certificates of the CAs to trust, in PEM.")
      .text("--capath", args.ca_path, "DIR",
            "Directory of such certificates, prepared with 'openssl rehash'.")
      .flag("--tls-use-os-certs", args.os_certs,
            "Trust the CAs that this system trusts; done without --cafile and --capath anyway.")
      .text("--cert", args.cert_file, "FILE", "This client's certificate, in PEM.")
      .text("--key", args.key_file, "FILE",
            "Its key: a file in PEM, or a URI for OpenSSL such as pkcs11:...")
      .text("--keyform", args.key_form, "pem|engine",
            "Form of the key: pem. Engines have given way to providers.")
      .text("--key-pass-file", args.key_pass_file, "FILE",
            "Pass phrase of the key: the first line of a file. Without, it is asked for.")
      .text("--key-pass-env", args.key_pass_env, "NAME",
            "Pass phrase of the key, from the environment.")
      .text("--tls-provider", args.provider, "NAME",
            "Load a provider of OpenSSL, for keys in hardware.")
      .choice("--tls-version", args.version_min,
              {{"tlsv1.3", TlsVersion::kTls13}, {"tlsv1.2", TlsVersion::kTls12}},
              "Oldest version of TLS to accept [tlsv1.2].")
      .text("--ciphers", args.ciphers, "LIST",
            "Ciphers of TLS 1.2, as 'openssl ciphers' takes them; those of TLS 1.3 with "
            "--tls-version tlsv1.3.")
      .text("--tls13-ciphers", args.tls13_ciphers, "LIST", "Ciphers of TLS 1.3.")
      .text("--tls-alpn", args.alpn, "PROTOCOL", "Protocol to ask for by ALPN.")
      .text("--tls-hostname", args.host, "NAME",
            "Name to ask for and to expect in the certificate, instead of the host's.")
      .list("--tls-pin", args.pins, "PIN",
            "Accept only a server whose public key has this hash, sha256//BASE64; several allowed. "
            "Nothing else counts with --insecure.")
      .flag("--insecure", args.insecure,
            "Accept any certificate of anybody. The connection is then not secure.")
      .text("--tls-keylog", args.keylog_file, "FILE",
            "Append the secrets of the connection to a file, for network analysers.")
      .text("--psk", args.psk, "HEX", "Pre-shared key, instead of certificates.")
      .text("--psk-identity", args.psk_identity, "ID", "Name of that key.")
      .flag("--tls-info", args.info,
            "Report version, cipher and the server's certificate on standard error.")
      .text("--tls-engine", args.engine, "ID", "Not supported: see --tls-provider.")
      .text("--tls-engine-kpass-sha1", args.engine_key_pass, "HEX",
            "Not supported: see --tls-provider.")
      .flag("--no-tls", args.no_tls, "Ignore all options of this group, and port 8883.");
}

void declare(CLI::App& app, WebSocketArgs& args) {
  Options(app, "WebSocket")
      .flag("--ws", args.web_socket,
            "Connect by WebSocket. Every other option of this group does so, too, as do ws:// and "
            "wss://.")
      .text("--ws-path", args.path, "PATH", "Path of the WebSocket [/mqtt].")
      .list("--ws-header", args.headers, "HEADER",
            "Further header of the request, 'NAME: VALUE'; several allowed.")
      .text("--ws-origin", args.origin, "ORIGIN", "Origin header of the request.");
}

Result<void> resolve_layers(const LayerArgs& args, const Console& console, RunnerOptions& runner) {
  Address& address = runner.address;
  MQ_TRY(const bool tls, decide_on_tls(args, address));
  const bool web_socket = address.kind == TransportKind::kWebSocket ||
                          address.kind == TransportKind::kSecureWebSocket ||
                          wants_web_socket(args.web_socket);
  if (address.kind != TransportKind::kUnix) {
    if (!args.port_is_given) address.port = tls ? kTlsPort : kPort;
    address.kind = web_socket ? (tls ? TransportKind::kSecureWebSocket : TransportKind::kWebSocket)
                              : (tls ? TransportKind::kTls : TransportKind::kTcp);
  }
  if (!tls && !web_socket) return {};

  MQ_TRY(const FilterModule* const module, filter_module());
  std::shared_ptr<const TlsContext> context;
  if (tls) {
    MQ_TRY(TlsClientOptions options, resolve(args.tls, console, address.host));
    MQ_TRY(context, module->tls_client(std::move(options)));
  }
  if (!web_socket) {
    runner.make_filter = [context](TlsSession* session) { return context->make_filter(session); };
    return {};
  }
  MQ_TRY(WebSocketClientOptions options, resolve(args.web_socket, address));
  runner.make_filter = [module, context, options = std::move(options)](TlsSession* session) {
    std::unique_ptr<Filter> upper = module->web_socket_client(options);
    return context ? stack(context->make_filter(session), std::move(upper)) : std::move(upper);
  };
  return {};
}

}  // namespace mq
