#include "io/tls_context.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/storeerr.h>
#include <openssl/ui.h>

#include <fmt/core.h>

#include "io/certificate.h"
#include "io/tls_filter.h"

namespace mq {
namespace {

// A pre-shared key without forward secrecy only where nothing better is known. RSA-PSK is left out:
// it needs a certificate, which whoever uses keys does not have.
constexpr const char* kPskCiphers = "kECDHEPSK:kDHEPSK:kPSK";
// What clients of MQTT ask for; the last is what those of one large cloud do.
constexpr std::string_view kServerAlpn = "\x04mqtt\x08http/1.1\x0Ex-amzn-mqtt-ca";

bool is_address(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

int give_pass_phrase(char* to, int size, int, void* options) {
  const std::string& phrase = *static_cast<const TlsOptions*>(options)->key_pass;
  if (static_cast<int>(phrase.size()) > size) return -1;
  std::memcpy(to, phrase.data(), phrase.size());
  return static_cast<int>(phrase.size());
}

// A file, or a URI that a store loader knows ("pkcs11:token=...").
bool is_uri(const std::string& key_file) {
  if (access(key_file.c_str(), F_OK) == 0) return false;
  const size_t colon = key_file.find(':');
  return colon != std::string::npos && colon > 1 && key_file.find('/') > colon;
}

PkeyPtr key_from_store(const std::string& uri, const TlsOptions& options) {
  UI_METHOD* const ask =
      options.key_pass ? UI_UTIL_wrap_read_pem_callback(give_pass_phrase, 0) : nullptr;
  const StorePtr store(
      OSSL_STORE_open(uri.c_str(), ask, const_cast<TlsOptions*>(&options), nullptr, nullptr));
  PkeyPtr key;
  while (store && !key && OSSL_STORE_eof(store.get()) == 0) {
    const StoreInfoPtr info(OSSL_STORE_load(store.get()));
    if (info) key.reset(OSSL_STORE_INFO_get1_PKEY(info.get()));
  }
  if (ask != nullptr) UI_destroy_method(ask);
  return key;
}

// Each layer of OpenSSL has its say about a key, and the first one tries it as the name of a file.
tl::unexpected<Error> unread_key(const TlsOptions& options) {
  int system = 0;
  bool unknown_scheme = false;
  for (unsigned long code = 0; (code = ERR_get_error()) != 0;) {
    if (ERR_SYSTEM_ERROR(code)) {
      system = ERR_GET_REASON(code);
    } else if (ERR_GET_LIB(code) == ERR_LIB_OSSL_STORE &&
               ERR_GET_REASON(code) == OSSL_STORE_R_UNREGISTERED_SCHEME) {
      unknown_scheme = !options.key_file.starts_with("file:");
    }
  }
  std::string why;
  if (unknown_scheme) {
    why = ": OpenSSL knows no such URIs (name the provider that does with --tls-provider)";
  } else if (system != 0) {
    why = fmt::format(": {}", std::strerror(system));
  } else if (!options.key_pass.value_or("").empty()) {
    why = " (is it encrypted, and its pass phrase another one?)";
  } else {
    why = " (is it encrypted, and its pass phrase missing? or there is none in it)";
  }
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("cannot read the key in {}{}", options.key_file, why));
}

int on_certificate(int accepted, X509_STORE_CTX* store) {
  if (accepted == 1) return 1;
  const auto* const ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsFilter::of(ssl).reject(X509_STORE_CTX_get_error(store),
                            X509_STORE_CTX_get_current_cert(store));
  return 0;
}

// Of TLS 1.3 it comes after the handshake, and there may be several: the last one is kept. 1 says
// that the session is ours now.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  return TlsFilter::of(ssl).keep(session) ? 1 : 0;
}

unsigned int give_psk_to_server(SSL* ssl, const char*, char* identity, unsigned int identity_size,
                                unsigned char* psk, unsigned int psk_size) {
  const TlsClientOptions& options = TlsFilter::of(ssl).context().client_options();
  if (options.psk_identity.size() >= identity_size || options.psk.size() > psk_size) return 0;
  std::memcpy(identity, options.psk_identity.c_str(), options.psk_identity.size() + 1);
  std::memcpy(psk, options.psk.data(), options.psk.size());
  return static_cast<unsigned int>(options.psk.size());
}

// For TLS 1.3. The identity goes with the session and into its tickets: only a session that was
// really begun with the key has it, however many identities the client has named.
int find_psk_session(SSL* ssl, const unsigned char* identity, size_t identity_size,
                     SSL_SESSION** found) {
  const std::string_view name(reinterpret_cast<const char*>(identity), identity_size);
  const std::string* const key = TlsFilter::of(ssl).context().psk_of(name);
  *found = nullptr;
  if (key == nullptr) return 1;                                      // it may be a ticket
  static constexpr unsigned char kAes128GcmSha256[] = {0x13, 0x01};  // RFC 8446 section 4.2.11
  SslSessionPtr session(SSL_SESSION_new());
  const bool made =
      session &&
      SSL_SESSION_set1_master_key(
          session.get(), reinterpret_cast<const unsigned char*>(key->data()), key->size()) == 1 &&
      SSL_SESSION_set_cipher(session.get(), SSL_CIPHER_find(ssl, kAes128GcmSha256)) == 1 &&
      SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) == 1 &&
      SSL_SESSION_set1_ticket_appdata(session.get(), name.data(), name.size()) == 1;
  if (!made) return 0;
  *found = session.release();
  return 1;
}

// For TLS 1.2.
unsigned int look_up_psk(SSL* ssl, const char* identity, unsigned char* psk,
                         unsigned int psk_size) {
  const std::string* const key = TlsFilter::of(ssl).context().psk_of(identity);
  if (key == nullptr || key->size() > psk_size) return 0;
  std::memcpy(psk, key->data(), key->size());
  return static_cast<unsigned int>(key->size());
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void*) {
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(
      &selected, out_size, reinterpret_cast<const unsigned char*>(kServerAlpn.data()),
      static_cast<unsigned int>(kServerAlpn.size()), in, in_size);
  *out = selected;
  // A client that asks for something else is told nothing, and may go on.
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

OpenSslContext::OpenSslContext(TlsSide side)
    : side_(side),
      ctx_(SSL_CTX_new(side == TlsSide::kClient ? TLS_client_method() : TLS_server_method())) {
  if (!ctx_) throw std::bad_alloc();
}

Result<std::shared_ptr<OpenSslContext>> OpenSslContext::client(TlsClientOptions options) {
  std::shared_ptr<OpenSslContext> made(new OpenSslContext(TlsSide::kClient));
  made->client_ = std::move(options);
  MQ_CHECK(made->set_common(made->client_));
  MQ_CHECK(made->set_client());
  return made;
}

Result<std::shared_ptr<OpenSslContext>> OpenSslContext::server(const TlsServerOptions& options) {
  std::shared_ptr<OpenSslContext> made(new OpenSslContext(TlsSide::kServer));
  MQ_CHECK(made->set_common(options));
  MQ_CHECK(made->set_server(options));
  return made;
}

std::unique_ptr<Filter> OpenSslContext::make_filter(TlsSession* session) const {
  return std::make_unique<TlsFilter>(shared_from_this(), session);
}

SslPtr OpenSslContext::make_ssl() const {
  SslPtr ssl(SSL_new(ctx_.get()));
  if (!ssl) return ssl;
  if (side_ == TlsSide::kServer) {
    SSL_set_accept_state(ssl.get());
    return ssl;
  }
  SSL_set_connect_state(ssl.get());
  const std::string& host = client_.host;
  if (is_address(host)) {
    if (!client_.any_host) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str());
  } else if (!host.empty()) {
    // SSL_set_tlsext_host_name() with the casts of C++.
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
    SSL_set_hostflags(ssl.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (!client_.any_host) SSL_set1_host(ssl.get(), host.c_str());
  }
  return ssl;
}

Result<void> OpenSslContext::set_common(const TlsOptions& options) {
  SSL_CTX* const ctx = ctx_.get();
  SSL_CTX_set_min_proto_version(
      ctx, options.version_min == TlsVersion::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // An idle connection gives its 16 KiB buffers back.
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(ctx, options.ciphers.c_str()) != 1) {
    return tls_setup_error(fmt::format("no usable cipher in '{}'", options.ciphers));
  }
  if (!options.tls13_ciphers.empty() &&
      SSL_CTX_set_ciphersuites(ctx, options.tls13_ciphers.c_str()) != 1) {
    return tls_setup_error(fmt::format("no usable TLS 1.3 cipher in '{}'", options.tls13_ciphers));
  }
  if (!options.provider.empty() &&
      (OSSL_PROVIDER_load(nullptr, "default") == nullptr ||
       OSSL_PROVIDER_load(nullptr, options.provider.c_str()) == nullptr)) {
    return tls_setup_error(fmt::format("cannot load the provider '{}'", options.provider));
  }
  MQ_CHECK(set_trust(options));
  return set_identity(options);
}

Result<void> OpenSslContext::set_trust(const TlsOptions& options) {
  SSL_CTX* const ctx = ctx_.get();
  if (!options.ca_file.empty() && SSL_CTX_load_verify_file(ctx, options.ca_file.c_str()) != 1) {
    return tls_setup_error(fmt::format("cannot read CA certificates from {}", options.ca_file));
  }
  if (!options.ca_path.empty()) {
    // It would be looked into with the first certificate, when it is too late to say so.
    if (access(options.ca_path.c_str(), R_OK | X_OK) != 0) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("cannot read CA certificates from {}: {}", options.ca_path,
                              std::strerror(errno)),
                  errno);
    }
    if (SSL_CTX_load_verify_dir(ctx, options.ca_path.c_str()) != 1) {
      return tls_setup_error(fmt::format("cannot read CA certificates from {}", options.ca_path));
    }
  }
  if (options.os_certs && SSL_CTX_set_default_verify_paths(ctx) != 1) {
    return tls_setup_error("cannot read the CA certificates of this system");
  }
  if (!options.crl_file.empty()) {
    X509_STORE* const store = SSL_CTX_get_cert_store(ctx);
    X509_LOOKUP* const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (X509_load_crl_file(lookup, options.crl_file.c_str(), X509_FILETYPE_PEM) < 1) {
      return tls_setup_error(
          fmt::format("cannot read revoked certificates from {}", options.crl_file));
    }
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  }
  // Who trusts an intermediate CA need not have the root, too.
  X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx), X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

Result<void> OpenSslContext::set_identity(const TlsOptions& options) {
  if (options.cert_file.empty()) return {};
  SSL_CTX* const ctx = ctx_.get();
  if (SSL_CTX_use_certificate_chain_file(ctx, options.cert_file.c_str()) != 1) {
    return tls_setup_error(fmt::format("cannot read a certificate from {}", options.cert_file));
  }
  // Without a pass phrase of ours OpenSSL asks on the terminal.
  if (options.key_pass) {
    SSL_CTX_set_default_passwd_cb(ctx, give_pass_phrase);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, const_cast<TlsOptions*>(&options));
  }
  bool read = false;
  if (is_uri(options.key_file)) {
    const PkeyPtr key = key_from_store(options.key_file, options);
    read = key && SSL_CTX_use_PrivateKey(ctx, key.get()) == 1;
  } else {
    read = SSL_CTX_use_PrivateKey_file(ctx, options.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  }
  SSL_CTX_set_default_passwd_cb_userdata(ctx, nullptr);  // the options may go
  SSL_CTX_set_default_passwd_cb(ctx, nullptr);
  const unsigned long why = ERR_peek_last_error();
  if (!read && ERR_GET_LIB(why) == ERR_LIB_X509 &&
      ERR_GET_REASON(why) == X509_R_KEY_VALUES_MISMATCH) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the key in {} is not that of the certificate in {}", options.key_file,
                            options.cert_file));
  }
  if (!read) return unread_key(options);
  return {};
}

Result<void> OpenSslContext::set_client() {
  SSL_CTX* const ctx = ctx_.get();
  // Clients keep their sessions themselves.
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, on_new_session);
  verifies_ = !client_.insecure;
  if (verifies_) SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_certificate);
  if (!client_.alpn.empty()) {
    if (client_.alpn.size() > 255) {
      return fail(ErrorCode::kInvalidArgument, "an ALPN protocol has at most 255 bytes");
    }
    const std::string list = static_cast<char>(client_.alpn.size()) + client_.alpn;
    SSL_CTX_set_alpn_protos(ctx, reinterpret_cast<const unsigned char*>(list.data()),
                            static_cast<unsigned int>(list.size()));
  }
  if (!client_.psk.empty()) {
    SSL_CTX_set_psk_client_callback(ctx, give_psk_to_server);
    if (client_.ciphers.empty()) SSL_CTX_set_cipher_list(ctx, kPskCiphers);
  }
  if (!client_.keylog_file.empty()) {
    const int fd =
        ::open(client_.keylog_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    keylog_.reset(fd < 0 ? nullptr : fdopen(fd, "a"));
    if (!keylog_) {
      return fail(ErrorCode::kIo,
                  fmt::format("cannot write {}: {}", client_.keylog_file, std::strerror(errno)),
                  errno);
    }
    SSL_CTX_set_keylog_callback(ctx, [](const SSL* ssl, const char* line) {
      const OpenSslContext& context = TlsFilter::of(ssl).context();
      std::fprintf(context.keylog_.get(), "%s\n", line);
      std::fflush(context.keylog_.get());
    });
  }
  return {};
}

Result<void> OpenSslContext::set_server(const TlsServerOptions& options) {
  SSL_CTX* const ctx = ctx_.get();
  if (options.cert_file.empty() && options.psk_file.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a TLS listener needs a certificate or a PSK file");
  }
  SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions are resumed from tickets, which cost the server no memory. Their keys are this
  // context's: who is no longer welcome after a reload cannot come back with an old one.
  static constexpr unsigned char kSessionContext[] = "mqkit";
  SSL_CTX_set_session_id_context(ctx, kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_num_tickets(ctx, 1);
  SSL_CTX_set_alpn_select_cb(ctx, select_alpn, nullptr);
  if (options.dh_file.empty()) {
    SSL_CTX_set_dh_auto(ctx, 1);
  } else {
    const BioPtr file(BIO_new_file(options.dh_file.c_str(), "r"));
    PkeyPtr parameters(file ? PEM_read_bio_Parameters(file.get(), nullptr) : nullptr);
    if (!parameters || SSL_CTX_set0_tmp_dh_pkey(ctx, parameters.get()) != 1) {
      return tls_setup_error(fmt::format("cannot use the parameters in {}", options.dh_file));
    }
    static_cast<void>(parameters.release());
  }
  if (options.require_certificate) {
    if (options.ca_file.empty() && options.ca_path.empty() && !options.os_certs) {
      return fail(ErrorCode::kInvalidArgument,
                  "client certificates are required, and there is no CA to trust: give a cafile");
    }
    verifies_ = true;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_certificate);
    if (!options.check_client_dates) {
      X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx), X509_V_FLAG_NO_CHECK_TIME);
    }
    // So that clients with several certificates know which one is meant.
    if (!options.ca_file.empty()) {
      SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(options.ca_file.c_str()));
    }
  }
  if (!options.psk_file.empty()) {
    MQ_CHECK(read_psk_file(options.psk_file));
    SSL_CTX_set_psk_find_session_callback(ctx, find_psk_session);
    SSL_CTX_set_psk_server_callback(ctx, look_up_psk);
    if (!options.psk_hint.empty()) SSL_CTX_use_psk_identity_hint(ctx, options.psk_hint.c_str());
    if (options.ciphers.empty()) {
      const std::string ciphers = options.cert_file.empty()
                                      ? std::string(kPskCiphers)
                                      : fmt::format("{}:DEFAULT", kPskCiphers);
      SSL_CTX_set_cipher_list(ctx, ciphers.c_str());
    }
  }
  return {};
}

Result<void> OpenSslContext::read_psk_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("cannot read {}: {}", path, std::strerror(errno)), errno);
  }
  size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    const size_t colon = line.find(':');
    long size = 0;
    unsigned char* const bytes =
        colon == std::string::npos || colon == 0 || colon + 1 == line.size()
            ? nullptr
            : OPENSSL_hexstr2buf(line.c_str() + colon + 1, &size);
    if (bytes == nullptr) {
      ERR_clear_error();
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}:{}: this line is not IDENTITY:HEXKEY", path, number));
    }
    psks_[line.substr(0, colon)].assign(reinterpret_cast<const char*>(bytes),
                                        static_cast<size_t>(size));
    OPENSSL_clear_free(bytes, static_cast<size_t>(size));
  }
  return {};
}

const std::string* OpenSslContext::psk_of(std::string_view identity) const {
  const auto found = psks_.find(identity);
  return found == psks_.end() ? nullptr : &found->second;
}

std::optional<Error> OpenSslContext::pin_error(const SSL* ssl) const {
  if (client_.pins.empty()) return std::nullopt;
  const X509* const certificate = SSL_get0_peer_certificate(ssl);
  const std::string pin = certificate == nullptr ? "none" : pin_of(certificate);
  if (std::ranges::find(client_.pins, pin) != client_.pins.end()) return std::nullopt;
  return Error{ErrorCode::kTls,
               fmt::format("the server's key is not the one that is pinned: its pin is {}", pin)};
}

Result<std::shared_ptr<const TlsContext>> make_tls_client(TlsClientOptions options) {
  return OpenSslContext::client(std::move(options));
}

Result<std::shared_ptr<const TlsContext>> make_tls_server(const TlsServerOptions& options) {
  return OpenSslContext::server(options);
}

}  // namespace mq
