#include "io/dev_certificates.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <fmt/core.h>

#include "io/openssl_ptr.h"
#include "io/tls_error.h"

namespace mq {
namespace {

constexpr long kDay = 24 * 60 * 60;
constexpr long kCaDays = 3650;
constexpr long kServerDays = 397;  // what browsers accept

struct Identity {
  X509Ptr certificate;
  PkeyPtr key;
};

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

Result<void> write_pem(const std::string& path, mode_t mode, auto&& write) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  std::FILE* const file = fd < 0 ? nullptr : fdopen(fd, "w");
  if (file == nullptr) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return fail(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, std::strerror(error)),
                error);
  }
  const bool written = write(file) == 1;
  const bool closed = std::fclose(file) == 0;
  if (written && closed) return {};
  return fail(ErrorCode::kIo, fmt::format("cannot write {}", path));
}

// Null members where there is none.
Identity read(const std::string& cert_file, const std::string& key_file) {
  Identity identity;
  if (std::FILE* const file = std::fopen(cert_file.c_str(), "re")) {
    identity.certificate.reset(PEM_read_X509(file, nullptr, nullptr, nullptr));
    std::fclose(file);
  }
  if (std::FILE* const file = std::fopen(key_file.c_str(), "re")) {
    identity.key.reset(PEM_read_PrivateKey(file, nullptr, nullptr, nullptr));
    std::fclose(file);
  }
  ERR_clear_error();
  return identity;
}

bool is_good(const Identity& identity, const X509* issuer) {
  if (!identity.certificate || !identity.key) return false;
  time_t tomorrow = time(nullptr) + kDay;
  return X509_cmp_time(X509_get0_notAfter(identity.certificate.get()), &tomorrow) > 0 &&
         X509_check_private_key(identity.certificate.get(), identity.key.get()) == 1 &&
         X509_verify(identity.certificate.get(), X509_get0_pubkey(issuer)) == 1;
}

bool add_extension(X509* certificate, X509V3_CTX& context, int id, const std::string& value) {
  const X509ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// Without an issuer it signs itself. Null members when OpenSSL fails.
Identity make(const std::string& common_name, long days, const Identity* issuer,
              std::initializer_list<std::pair<int, std::string>> extensions) {
  Identity identity;
  // EVP_EC_gen() with the casts of C++.
  identity.key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", const_cast<char*>("P-256")));
  X509Ptr certificate(X509_new());
  if (!identity.key || !certificate) return identity;
  X509* const x = certificate.get();
  std::array<unsigned char, 16> serial{};
  RAND_bytes(serial.data(), static_cast<int>(serial.size()));
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);  // positive, no zero in front
  ASN1_STRING_set(X509_get_serialNumber(x), serial.data(), static_cast<int>(serial.size()));
  X509_set_version(x, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x), -kDay);  // clocks differ
  X509_gmtime_adj(X509_getm_notAfter(x), days * kDay);
  X509_set_pubkey(x, identity.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509* const by = issuer == nullptr ? x : issuer->certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(by));
  X509V3_CTX context;
  X509V3_set_ctx(&context, by, x, nullptr, nullptr, 0);
  for (const auto& [id, value] : extensions) {
    if (!add_extension(x, context, id, value)) return identity;
  }
  EVP_PKEY* const signer = issuer == nullptr ? identity.key.get() : issuer->key.get();
  if (X509_sign(x, signer, EVP_sha256()) > 0) identity.certificate = std::move(certificate);
  return identity;
}

Result<void> write(const Identity& identity, const std::string& cert_file,
                   const std::string& key_file) {
  if (!identity.certificate) return tls_setup_error("cannot make a certificate");
  MQ_CHECK(write_pem(key_file, 0600, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }));
  return write_pem(cert_file, 0644, [&](std::FILE* file) {
    return PEM_write_X509(file, identity.certificate.get());
  });
}

}  // namespace

Result<DevCertificates> make_dev_certificates(const std::string& directory) {
  if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot make {}: {}", directory, std::strerror(errno)), errno);
  }
  const DevCertificates files = DevCertificates::in(directory);
  const std::string ca_key_file = directory + "/ca.key";
  const std::string machine = machine_name();

  Identity ca = read(files.ca_file, ca_key_file);
  if (!is_good(ca, ca.certificate.get())) {
    ca = make(fmt::format("mqbroker development CA of {}", machine).substr(0, 64), kCaDays, nullptr,
              {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
               {NID_key_usage, "critical,keyCertSign,cRLSign"},
               {NID_subject_key_identifier, "hash"}});
    MQ_CHECK(write(ca, files.ca_file, ca_key_file));
  }
  if (is_good(read(files.cert_file, files.key_file), ca.certificate.get())) return files;
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (!machine.empty() && machine != "localhost") names += ",DNS:" + machine;
  const Identity server = make("localhost", kServerDays, &ca,
                               {{NID_basic_constraints, "critical,CA:FALSE"},
                                {NID_key_usage, "critical,digitalSignature"},
                                {NID_ext_key_usage, "serverAuth"},
                                {NID_subject_alt_name, names},
                                {NID_subject_key_identifier, "hash"},
                                {NID_authority_key_identifier, "keyid"}});
  MQ_CHECK(write(server, files.cert_file, files.key_file));
  return files;
}

}  // namespace mq
