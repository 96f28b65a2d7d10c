#include "io/tls_error.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <fmt/core.h>

#include "io/certificate.h"

namespace mq {
namespace {

// What the other side, or the lack of an answer, means to a client and what its user can do.
const char* client_advice(int reason) {
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return "it does not answer in TLS; is this its port for plain connections?";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the server wants a client certificate: give one with --cert and --key";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "the server and this side have no cipher in common, or it wants a client certificate "
             "(--cert, --key) or a pre-shared key (--psk, --psk-identity)";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "the server does not trust the CA of the client certificate";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "the server does not accept the client certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "the client certificate has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: return "the client certificate has been revoked";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "the server speaks no version of TLS that this side allows (--tls-version)";
    case SSL_R_TLSV1_ALERT_UNKNOWN_PSK_IDENTITY:
      return "the server does not know the identity of --psk-identity";
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
    case SSL_R_SSLV3_ALERT_BAD_RECORD_MAC:
    case SSL_R_BAD_PSK:
    case SSL_R_DIGEST_CHECK_FAILED:
      return "the keys of the two sides differ: see --psk";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
      return "the server does not speak the protocol of --tls-alpn";
    default: return nullptr;
  }
}

const char* server_advice(int reason) {
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST: return "the client does not speak TLS";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA: return "the client does not trust the CA of our certificate";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "the client does not accept our certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "to the client our certificate has expired";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "the client gave no certificate";
    case SSL_R_PSK_IDENTITY_NOT_FOUND: return "the client's identity is not in the PSK file";
    default: return nullptr;
  }
}

}  // namespace

std::string take_openssl_reason() {
  // The oldest is the cause, the others are what failed because of it.
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return {};
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("error {:08X} of OpenSSL", code);
}

tl::unexpected<Error> tls_setup_error(std::string_view what) {
  const std::string reason = take_openssl_reason();
  return fail(ErrorCode::kInvalidArgument,
              reason.empty() ? std::string(what) : fmt::format("{}: {}", what, reason));
}

std::string explain(const RejectedCertificate& rejected, TlsSide side, std::string_view host) {
  const X509* const certificate = rejected.certificate.get();
  const bool client = side == TlsSide::kClient;
  std::string text = fmt::format("the {}'s certificate is not accepted: {}",
                                 client ? "server" : "client",
                                 X509_verify_cert_error_string(rejected.reason));
  if (certificate == nullptr) return text;
  text += fmt::format(" (subject {}; issuer {}", subject_of(certificate), issuer_of(certificate));
  switch (rejected.reason) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return text + fmt::format("; valid until {})", time_text(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return text + fmt::format("; valid from {}); is the clock of this machine right?",
                                time_text(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      std::string names = names_of(certificate);
      if (names.empty()) names = common_name_of(certificate);
      return text + fmt::format("); it is for {}, and not for {}: connect by one of its names, or "
                                "say which one to expect with --tls-hostname",
                                names.empty() ? "no name at all" : names, host);
    }
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      text += ")";
      if (client) text += "; give the certificate of its CA with --cafile";
      return text;
    default: return text + ")";
  }
}

Error tls_error(TlsSide side, std::string_view host, const RejectedCertificate& rejected) {
  if (rejected.reason != X509_V_OK) {
    ERR_clear_error();
    return {ErrorCode::kTls, explain(rejected, side, host)};
  }
  const unsigned long code = ERR_peek_error();
  std::string reason = take_openssl_reason();
  if (reason.empty()) reason = "the connection broke off";
  const bool from_ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
  const char* const advice = !from_ssl ? nullptr
                             : side == TlsSide::kClient ? client_advice(ERR_GET_REASON(code))
                                                        : server_advice(ERR_GET_REASON(code));
  return {ErrorCode::kTls, advice != nullptr ? fmt::format("{} ({})", advice, reason) : reason};
}

}  // namespace mq
