// Certificates for trying TLS out on one's own machine.
#pragma once

#include <string>

#include "base/result.h"
#include "io/tls.h"

namespace mq {

// In `directory`: ca.crt, ca.key, server.crt and server.key. What is there and good for another
// day is kept, so that a client that trusts the CA goes on doing so. The server's certificate is
// for "localhost", the loopback addresses and the name of this machine.
Result<DevCertificates> make_dev_certificates(const std::string& directory);

}  // namespace mq
