#include "io/certificate.h"

#include <arpa/inet.h>

#include <array>

#include <fmt/core.h>

#include "io/openssl_ptr.h"

namespace mq {
namespace {

std::string text_of(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  return {bytes, static_cast<size_t>(size)};
}

std::string print(const X509_NAME* name, unsigned long flags) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), name, 0, flags);
  return text_of(memory.get());
}

// Control characters are escaped; UTF-8 is left as it is.
constexpr unsigned long kOneLine = XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ;

}  // namespace

std::string subject_of(const X509* certificate) {
  return print(X509_get_subject_name(certificate), kOneLine);
}

std::string issuer_of(const X509* certificate) {
  return print(X509_get_issuer_name(certificate), kOneLine);
}

std::string rfc2253_subject_of(const X509* certificate) {
  return print(X509_get_subject_name(certificate), XN_FLAG_RFC2253);
}

std::string common_name_of(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  // "admin\0.example.com" must not become somebody else where texts end at a NUL.
  if (name.find('\0') != std::string::npos) return {};
  return name;
}

std::string names_of(const X509* certificate) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string text;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    if (!text.empty()) text += ", ";
    const unsigned char* const bytes = ASN1_STRING_get0_data(value);
    const int size = ASN1_STRING_length(value);
    if (type == GEN_DNS) {
      for (int c = 0; c < size; ++c) {
        text += bytes[c] > ' ' && bytes[c] < 0x7F ? static_cast<char>(bytes[c]) : '?';
      }
      continue;
    }
    std::array<char, INET6_ADDRSTRLEN> address{};
    inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, address.data(), address.size());
    text += size == 4 || size == 16 ? address.data() : "?";
  }
  return text;
}

std::string time_text(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable date";
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}:{:02} UTC", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string pin_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size < 0) return {};
  std::array<unsigned char, 32> hash{};
  EVP_Digest(der, static_cast<size_t>(size), hash.data(), nullptr, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  std::array<unsigned char, 4 * ((32 + 2) / 3) + 1> base64{};
  EVP_EncodeBlock(base64.data(), hash.data(), static_cast<int>(hash.size()));
  return fmt::format("sha256//{}", reinterpret_cast<const char*>(base64.data()));
}

}  // namespace mq
