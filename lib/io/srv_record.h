// Which machines offer a service in a domain (RFC 2782).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace mq {

struct SrvRecord {
  uint16_t priority = 0;  // lower ones first
  uint16_t weight = 0;    // share of the choices among those of one priority
  uint16_t port = 0;
  std::string host;  // empty: the service is decidedly not available
};

// Records beyond are left out: nobody waits for so many tries.
constexpr size_t kSrvRecordsMax = 64;

// The SRV records in the answer of a name server, a whole DNS message; an error when it is none.
Result<std::vector<SrvRecord>> parse_srv_answer(Bytes message);

// In the order in which they are to be tried: by priority, within one at random by weight.
std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, Random& random);

}  // namespace mq
