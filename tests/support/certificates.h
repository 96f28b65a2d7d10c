// Certificates for tests: what is wrong with them is what a test asks for.
#pragma once

#include <string>
#include <vector>

namespace mq::test {

struct CertificateFiles {
  std::string cert_file, key_file;
};

// A directory of certificates that goes with the test.
class TestCertificates {
 public:
  TestCertificates();
  ~TestCertificates();
  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;

  struct Request {
    std::string common_name = "localhost";
    std::string names = "DNS:localhost,IP:127.0.0.1";  // empty: none
    int days_from = -1, days_until = 1;                // from now
    std::string key_pass = {};
  };
  // Signed by "NAME.crt" of ca().
  CertificateFiles make(const std::string& file, const Request& request,
                        const std::string& ca_name = "ca");
  // A CA of that name; the file of its certificate.
  std::string ca(const std::string& name = "ca");
  // A list of what `ca_name` has revoked: that certificate.
  std::string revoke(const CertificateFiles& certificate, const std::string& ca_name = "ca");
  // A file of this content.
  std::string file(const std::string& name, const std::string& content);
  std::string path(const std::string& name) const { return directory_ + "/" + name; }

 private:
  std::string directory_;
};

}  // namespace mq::test
