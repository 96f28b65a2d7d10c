// What there is to say of an X.509 certificate.
#pragma once

#include <string>

#include <openssl/x509.h>

namespace mq {

// "CN=broker.example, O=Example": on one line, safe for a terminal.
std::string subject_of(const X509* certificate);
std::string issuer_of(const X509* certificate);
// The first common name of the subject, empty if it has none or one that holds a NUL.
std::string common_name_of(const X509* certificate);
// The subject as RFC 2253 writes it, "CN=broker.example,O=Example".
std::string rfc2253_subject_of(const X509* certificate);
// Whom it is for: DNS names and addresses of the subject's alternative names, "a.example, ::1";
// empty if there are none.
std::string names_of(const X509* certificate);
// "2027-01-31 12:00:00 UTC"
std::string time_text(const ASN1_TIME* time);
// "sha256//BASE64" of its public key, as pins are written.
std::string pin_of(const X509* certificate);

}  // namespace mq
