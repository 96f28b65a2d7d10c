// What TLS can be told, and what it makes: filters. The implementation is in a module (see
// filter_module.h), so nothing here knows of the library behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/filter.h"

namespace mq {

enum class TlsVersion : uint8_t { kTls12, kTls13 };

// Of both ends. Texts that are empty have not been given.
struct TlsOptions {
  std::string ca_file;                  // whose certificates are trusted, in PEM
  std::string ca_path;                  // a directory of them, as `openssl rehash` makes it
  bool os_certs = false;                // and those that the system trusts
  std::string crl_file;                 // what has been revoked
  std::string cert_file;                // this side's, with its chain behind it
  std::string key_file;                 // or a URI for the store loaders of OpenSSL, "pkcs11:..."
  std::optional<std::string> key_pass;  // without: asked for on the terminal
  std::string provider;  // of OpenSSL, beside the usual one: keys in hardware come from there
  TlsVersion version_min = TlsVersion::kTls12;
  std::string ciphers;  // of TLS 1.2
  std::string tls13_ciphers;
};

struct TlsClientOptions : TlsOptions {
  std::string host;       // name or address that the server's certificate must be for
  bool insecure = false;  // any certificate of anybody will do
  bool any_host = false;  // one of a trusted CA will do, whatever name is in it
  std::string alpn;       // the protocol asked for
  // One of these must be the SHA-256 of the server's public key: "sha256//" and base64.
  std::vector<std::string> pins;
  std::string psk_identity;
  std::string psk;          // bytes
  std::string keylog_file;  // gets the secrets, for a network analyser
  // Told about each connection: version, cipher, certificate. A few lines.
  std::function<void(const std::string& description)> report;
};

struct TlsServerOptions : TlsOptions {
  bool require_certificate = false;  // of the client
  bool check_client_dates = true;
  std::string psk_file;  // lines of IDENTITY:HEXKEY
  std::string psk_hint;
  std::string dh_file;  // parameters for ciphers with plain Diffie-Hellman
};

// What a client keeps of a TLS session, so that its next connection can take it up again and needs
// no certificates. A client's own: it is used by one connection after the other, and outlives them.
// Only the filters know what is in it.
struct TlsSession {
  std::shared_ptr<void> kept;
};

// Certificates, keys and settings, read and found usable. Immutable, for any thread. Filters keep
// what they need of it alive.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  // Of a client: takes up the session and leaves a new one there; null for neither.
  virtual std::unique_ptr<Filter> make_filter(TlsSession* session = nullptr) const = 0;
};

// A server certificate and the CA that signed it, made for trying things out.
struct DevCertificates {
  std::string ca_file, cert_file, key_file;

  static DevCertificates in(const std::string& directory) {
    return {directory + "/ca.crt", directory + "/server.crt", directory + "/server.key"};
  }
};

}  // namespace mq
