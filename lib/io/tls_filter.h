// TLS as a byte filter.
#pragma once

#include <memory>

#include "io/filter.h"
#include "io/openssl_ptr.h"
#include "io/tls.h"
#include "io/tls_error.h"

namespace mq {

class OpenSslContext;

// OpenSSL reads the bytes where they are and writes into the caller's buffer, through a BIO of our
// own: its memory BIOs would copy both ways and keep a buffer for each connection.
class TlsFilter final : public Filter {
 public:
  // `session` is a client's, or null.
  explicit TlsFilter(std::shared_ptr<const OpenSslContext> context, TlsSession* session = nullptr);
  ~TlsFilter() override;

  Result<void> from_wire(Bytes in, Buffer& plain, Buffer& wire) override;
  Result<void> to_wire(Bytes plain, Buffer& wire) override;
  void finish(Buffer& wire) override;
  bool open() const override { return state_ == State::kOpen; }
  const PeerIdentity* peer_identity() const override;
  TlsHandshake tls_handshake() const override { return handshake_; }

  // For OpenSSL's callbacks.
  static TlsFilter& of(const SSL* ssl) { return *static_cast<TlsFilter*>(SSL_get_app_data(ssl)); }
  const OpenSslContext& context() const { return *context_; }
  void reject(int reason, X509* certificate);
  // True when it is kept, and its one reference taken.
  bool keep(SSL_SESSION* session);

 private:
  enum class State : uint8_t { kHandshake, kOpen, kFailed };

  static int bio_read(BIO* bio, char* to, int size);
  static int bio_write(BIO* bio, const char* from, int size);
  static const BIO_METHOD* bio_method();

  Result<void> handshake();
  Result<void> read(Buffer& plain);
  Result<void> failed();
  void opened();

  const std::shared_ptr<const OpenSslContext> context_;
  TlsSession* const session_;
  SslPtr ssl_;
  TlsHandshake handshake_ = TlsHandshake::kNone;
  State state_ = State::kHandshake;
  Bytes in_;                // of the call that is going on
  Buffer* wire_ = nullptr;  // the same
  std::unique_ptr<RejectedCertificate> rejected_;
  std::unique_ptr<PeerIdentity> identity_;
};

}  // namespace mq
