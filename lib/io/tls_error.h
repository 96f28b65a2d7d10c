// OpenSSL's errors in words that help.
#pragma once

#include <string>
#include <string_view>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/result.h"
#include "io/openssl_ptr.h"

namespace mq {

enum class TlsSide : uint8_t { kClient, kServer };

// A certificate of the peer that was not accepted.
struct RejectedCertificate {
  int reason = X509_V_OK;  // X509_V_ERR_...
  X509Ptr certificate;     // the one in the chain that is meant; may be null
};

// Takes what OpenSSL has noted for this thread. Empty when there is nothing.
std::string take_openssl_reason();

// Setting up: "cannot use FILE: reason".
tl::unexpected<Error> tls_setup_error(std::string_view what);

// Why a certificate was not accepted, which one, and what can be done.
std::string explain(const RejectedCertificate& rejected, TlsSide side, std::string_view host);

// Why a handshake or a connection failed, from the errors of this thread.
Error tls_error(TlsSide side, std::string_view host, const RejectedCertificate& rejected);

}  // namespace mq
