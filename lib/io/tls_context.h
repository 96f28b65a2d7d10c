// TlsContext over OpenSSL: reads certificates and keys, holds what all connections share.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/string_map.h"
#include "io/openssl_ptr.h"
#include "io/tls.h"
#include "io/tls_error.h"

namespace mq {

Result<std::shared_ptr<const TlsContext>> make_tls_client(TlsClientOptions options);
Result<std::shared_ptr<const TlsContext>> make_tls_server(const TlsServerOptions& options);

// What TlsFilter sees of it.
class OpenSslContext final : public TlsContext,
                             public std::enable_shared_from_this<OpenSslContext> {
 public:
  static Result<std::shared_ptr<OpenSslContext>> client(TlsClientOptions options);
  static Result<std::shared_ptr<OpenSslContext>> server(const TlsServerOptions& options);

  std::unique_ptr<Filter> make_filter(TlsSession* session) const override;

  // A connection with the settings of this side; null when there is no memory.
  SslPtr make_ssl() const;
  TlsSide side() const { return side_; }
  const std::string& host() const { return client_.host; }
  bool verifies() const { return verifies_; }
  // Null when the certificate is what was asked for, by chain or by pin.
  std::optional<Error> pin_error(const SSL* ssl) const;
  const TlsClientOptions& client_options() const { return client_; }
  // Of a server; null when there is no such identity.
  const std::string* psk_of(std::string_view identity) const;

 private:
  explicit OpenSslContext(TlsSide side);

  Result<void> set_common(const TlsOptions& options);
  Result<void> set_trust(const TlsOptions& options);
  Result<void> set_identity(const TlsOptions& options);
  Result<void> set_client();
  Result<void> set_server(const TlsServerOptions& options);
  Result<void> read_psk_file(const std::string& path);

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  const TlsSide side_;
  SslCtxPtr ctx_;
  TlsClientOptions client_;  // of a client
  bool verifies_ = false;
  StringMap<std::string> psks_;  // of a server: identity to key
  std::unique_ptr<std::FILE, CloseFile> keylog_;
};

}  // namespace mq
