#include "support/certificates.h"

#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <doctest/doctest.h>

#include "io/openssl_ptr.h"

namespace mq::test {
namespace {

constexpr long kDay = 24 * 60 * 60;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File open_file(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode), std::fclose);
  REQUIRE(file != nullptr);
  return file;
}

X509Ptr read_certificate(const std::string& path) {
  X509Ptr certificate(PEM_read_X509(open_file(path, "r").get(), nullptr, nullptr, nullptr));
  REQUIRE(certificate != nullptr);
  return certificate;
}

PkeyPtr read_key(const std::string& path) {
  PkeyPtr key(PEM_read_PrivateKey(open_file(path, "r").get(), nullptr, nullptr, nullptr));
  REQUIRE(key != nullptr);
  return key;
}

void add(X509* certificate, X509V3_CTX& context, int id, const std::string& value) {
  const X509ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  REQUIRE(extension != nullptr);
  REQUIRE(X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Without an issuer it signs itself, and is a CA.
void make_files(const CertificateFiles& files, const TestCertificates::Request& request,
                const CertificateFiles* issuer) {
  const PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", const_cast<char*>("P-256")));
  const X509Ptr certificate(X509_new());
  X509* const x = certificate.get();
  unsigned char serial[8];
  RAND_bytes(serial, sizeof serial);
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);  // positive, no zero in front
  ASN1_STRING_set(X509_get_serialNumber(x), serial, sizeof serial);
  X509_set_version(x, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x), request.days_from * kDay);
  X509_gmtime_adj(X509_getm_notAfter(x), request.days_until * kDay);
  X509_set_pubkey(x, key.get());
  X509_NAME* const subject = X509_get_subject_name(x);
  const auto name = [&](const char* id, const std::string& value) {
    X509_NAME_add_entry_by_txt(subject, id, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(value.data()),
                               static_cast<int>(value.size()), -1, 0);
  };
  name("O", "mqkit tests");
  if (!request.common_name.empty()) name("CN", request.common_name);
  X509Ptr issuer_certificate;
  PkeyPtr issuer_key;
  if (issuer != nullptr) {
    issuer_certificate = read_certificate(issuer->cert_file);
    issuer_key = read_key(issuer->key_file);
  }
  X509* const by = issuer == nullptr ? x : issuer_certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(by));
  X509V3_CTX context;
  X509V3_set_ctx(&context, by, x, nullptr, nullptr, 0);
  add(x, context, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (!request.names.empty()) add(x, context, NID_subject_alt_name, request.names);
  REQUIRE(X509_sign(x, issuer == nullptr ? key.get() : issuer_key.get(), EVP_sha256()) > 0);
  REQUIRE(PEM_write_X509(open_file(files.cert_file, "w").get(), x) == 1);
  const std::string& pass = request.key_pass;
  REQUIRE(PEM_write_PrivateKey(open_file(files.key_file, "w").get(), key.get(),
                               pass.empty() ? nullptr : EVP_aes_128_cbc(),
                               reinterpret_cast<const unsigned char*>(pass.data()),
                               static_cast<int>(pass.size()), nullptr, nullptr) == 1);
}

}  // namespace

TestCertificates::TestCertificates() : directory_("/tmp/mqtls.XXXXXX") {
  REQUIRE(mkdtemp(directory_.data()) != nullptr);
}

TestCertificates::~TestCertificates() { std::filesystem::remove_all(directory_); }

CertificateFiles TestCertificates::make(const std::string& file, const Request& request,
                                        const std::string& ca_name) {
  ca(ca_name);
  const CertificateFiles issuer{path(ca_name + ".crt"), path(ca_name + ".key")};
  const CertificateFiles files{path(file + ".crt"), path(file + ".key")};
  make_files(files, request, &issuer);
  return files;
}

std::string TestCertificates::ca(const std::string& name) {
  const CertificateFiles files{path(name + ".crt"), path(name + ".key")};
  if (!std::filesystem::exists(files.cert_file)) {
    make_files(files, {.common_name = name, .names = {}}, nullptr);
  }
  return files.cert_file;
}

std::string TestCertificates::revoke(const CertificateFiles& certificate,
                                     const std::string& ca_name) {
  using CrlPtr = std::unique_ptr<X509_CRL, OpenSslFree<X509_CRL_free>>;
  using TimePtr = std::unique_ptr<ASN1_TIME, OpenSslFree<ASN1_TIME_free>>;
  const X509Ptr by = read_certificate(path(ca_name + ".crt"));
  const PkeyPtr key = read_key(path(ca_name + ".key"));
  const X509Ptr revoked = read_certificate(certificate.cert_file);
  const CrlPtr crl(X509_CRL_new());
  const TimePtr from(X509_gmtime_adj(nullptr, -kDay)), until(X509_gmtime_adj(nullptr, kDay));
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(by.get()));
  X509_CRL_set1_lastUpdate(crl.get(), from.get());
  X509_CRL_set1_nextUpdate(crl.get(), until.get());
  X509_REVOKED* const entry = X509_REVOKED_new();
  X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked.get()));
  X509_REVOKED_set_revocationDate(entry, from.get());
  X509_CRL_add0_revoked(crl.get(), entry);
  REQUIRE(X509_CRL_sign(crl.get(), key.get(), EVP_sha256()) > 0);
  REQUIRE(PEM_write_X509_CRL(open_file(path(ca_name + ".crl"), "w").get(), crl.get()) == 1);
  return path(ca_name + ".crl");
}

std::string TestCertificates::file(const std::string& name, const std::string& content) {
  std::ofstream(path(name)) << content;
  return path(name);
}

}  // namespace mq::test
