#include "io/tls_filter.h"

#include <algorithm>
#include <cassert>

#include <openssl/err.h>

#include <fmt/core.h>

#include "io/certificate.h"
#include "io/tls_context.h"

namespace mq {
namespace {

// What a TLS record holds at most (RFC 8446 section 5.1): one call takes out one record.
constexpr size_t kRecordMax = 16 * 1024;

// "TLSv1.3, TLS_AES_256_GCM_SHA384", and who the server is.
std::string describe(const SSL* ssl) {
  std::string text = fmt::format("TLS: {}, {}", SSL_get_version(ssl),
                                 SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)));
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  if (alpn_size != 0) {
    text +=
        fmt::format(", ALPN {}", std::string_view(reinterpret_cast<const char*>(alpn), alpn_size));
  }
  const X509* const certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return text + "\nTLS: no certificate (a pre-shared key)";
  text += fmt::format("\nTLS: subject {}\nTLS: issuer {}", subject_of(certificate),
                      issuer_of(certificate));
  if (const std::string names = names_of(certificate); !names.empty()) {
    text += fmt::format("\nTLS: names {}", names);
  }
  text += fmt::format("\nTLS: valid from {} until {}", time_text(X509_get0_notBefore(certificate)),
                      time_text(X509_get0_notAfter(certificate)));
  text += fmt::format("\nTLS: pin {}", pin_of(certificate));
  return text;
}

// The identity of the pre-shared key that the session began with, "" without.
std::string psk_identity_of(const SSL* ssl) {
  if (SSL_version(ssl) == TLS1_3_VERSION) {
    void* identity = nullptr;  // as find_psk_session() left it
    size_t size = 0;
    SSL_SESSION_get0_ticket_appdata(SSL_get0_session(ssl), &identity, &size);
    return {static_cast<const char*>(identity), size};
  }
  const char* const identity = SSL_get_psk_identity(ssl);
  return identity != nullptr ? identity : "";
}

// As the client sees it. OpenSSL's word for it is true of a pre-shared key of TLS 1.3, too, which
// is no ticket.
bool was_resumed(SSL* ssl) {
  return SSL_session_reused(ssl) == 1 &&
         (SSL_version(ssl) < TLS1_3_VERSION || SSL_SESSION_has_ticket(SSL_get0_session(ssl)) == 1);
}

}  // namespace

int TlsFilter::bio_read(BIO* bio, char* to, int size) {
  auto& filter = *static_cast<TlsFilter*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const size_t count = std::min(static_cast<size_t>(size), filter.in_.size());
  if (count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  copy_to(reinterpret_cast<uint8_t*>(to), filter.in_.first(count));
  filter.in_ = filter.in_.subspan(count);
  return static_cast<int>(count);
}

int TlsFilter::bio_write(BIO* bio, const char* from, int size) {
  const auto& filter = *static_cast<TlsFilter*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  assert(filter.wire_ != nullptr);
  filter.wire_->append({reinterpret_cast<const uint8_t*>(from), static_cast<size_t>(size)});
  return size;
}

const BIO_METHOD* TlsFilter::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mqkit");
    assert(made != nullptr);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    // It is flushed after every flight, and asked things that this one has nothing to say to.
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return method;
}

TlsFilter::TlsFilter(std::shared_ptr<const OpenSslContext> context, TlsSession* session)
    : context_(std::move(context)), session_(session), ssl_(context_->make_ssl()) {
  BIO* const bio = BIO_new(bio_method());
  if (!ssl_ || bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // owns it from here
  SSL_set_app_data(ssl_.get(), this);
  if (session_ == nullptr || !session_->kept) return;
  // What is refused here, as too old, or by the server, becomes a full handshake.
  SSL_set_session(ssl_.get(), static_cast<SSL_SESSION*>(session_->kept.get()));
}

TlsFilter::~TlsFilter() {
  // A connection that was cut would take its session with it: OpenSSL marks it as not to be
  // resumed, which SSL 3 asked for and no TLS does.
  if (session_ != nullptr) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

bool TlsFilter::keep(SSL_SESSION* session) {
  if (session_ == nullptr) return false;
  session_->kept.reset(session, [](SSL_SESSION* last) { SSL_SESSION_free(last); });
  return true;
}

Result<void> TlsFilter::from_wire(Bytes in, Buffer& plain, Buffer& wire) {
  in_ = in;
  wire_ = &wire;
  Result<void> result;
  if (state_ == State::kHandshake) result = handshake();
  if (result && state_ == State::kOpen) result = read(plain);
  in_ = {};
  wire_ = nullptr;
  return result;
}

Result<void> TlsFilter::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) {
    return SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ ? Result<void>{} : failed();
  }
  if (auto wrong = context_->pin_error(ssl_.get())) {
    state_ = State::kFailed;
    return tl::unexpected(std::move(*wrong));
  }
  state_ = State::kOpen;
  opened();
  return {};
}

void TlsFilter::opened() {
  if (const auto& report = context_->client_options().report) report(describe(ssl_.get()));
  if (context_->side() == TlsSide::kClient) {
    handshake_ = was_resumed(ssl_.get()) ? TlsHandshake::kResumed : TlsHandshake::kFull;
    return;
  }
  identity_ = std::make_unique<PeerIdentity>();
  if (const X509* const certificate = SSL_get0_peer_certificate(ssl_.get())) {
    identity_->common_name = common_name_of(certificate);
    identity_->subject = rfc2253_subject_of(certificate);
  } else {
    identity_->common_name = psk_identity_of(ssl_.get());
    identity_->subject = identity_->common_name;
  }
  if (identity_->common_name.empty() && identity_->subject.empty()) identity_.reset();
}

const PeerIdentity* TlsFilter::peer_identity() const {
  return identity_.get();
}

Result<void> TlsFilter::read(Buffer& plain) {
  for (;;) {
    ERR_clear_error();
    const size_t before = plain.size();
    size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), plain.grow(kRecordMax), kRecordMax, &count);
    plain.truncate(before + (result == 1 ? count : 0));
    if (result == 1) continue;
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ: return {};
      case SSL_ERROR_ZERO_RETURN:
        return fail(ErrorCode::kClosed, "connection closed by the other side");
      default: return failed();
    }
  }
}

Result<void> TlsFilter::to_wire(Bytes plain, Buffer& wire) {
  assert(open());
  if (plain.empty()) return {};
  wire_ = &wire;
  ERR_clear_error();
  size_t count = 0;
  const int result = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &count);
  wire_ = nullptr;
  // A buffer takes everything, and renegotiation, for which it would have to read, is off.
  if (result != 1) return failed();
  assert(count == plain.size());
  return {};
}

void TlsFilter::finish(Buffer& wire) {
  if (state_ != State::kOpen) return;
  wire_ = &wire;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());  // close_notify; the other side's is not waited for
  ERR_clear_error();
  wire_ = nullptr;
}

Result<void> TlsFilter::failed() {
  // The next connection must not fail by the same session.
  if (session_ != nullptr && state_ == State::kHandshake) session_->kept.reset();
  state_ = State::kFailed;
  static const RejectedCertificate kNone;
  return tl::unexpected(
      tls_error(context_->side(), context_->host(), rejected_ ? *rejected_ : kNone));
}

void TlsFilter::reject(int reason, X509* certificate) {
  if (rejected_) return;  // the first is the cause
  rejected_ = std::make_unique<RejectedCertificate>();
  rejected_->reason = reason;
  if (certificate != nullptr) {
    X509_up_ref(certificate);
    rejected_->certificate.reset(certificate);
  }
}

}  // namespace mq
