// Both ends of SCRAM take any message: what is not an exchange with the right proof is refused.
#include <algorithm>
#include <string>

#include "auth/password_hash.h"
#include "auth/scram_client.h"
#include "auth/scram_message.h"
#include "auth/scram_server.h"
#include "fuzz/check.h"
#include "fuzz/chunked.h"

using namespace mq;
using namespace mq::test;

namespace {

// No cryptography: a sum of 32 bytes, which is enough to tell messages apart.
Crypto::Hash mix(Bytes first, Bytes second) {
  Crypto::Hash sum(32, 0x5C);
  uint32_t state = 2166136261;
  size_t at = 0;
  for (const Bytes part : {first, second}) {
    for (const uint8_t byte : part) {
      state = (state ^ byte) * 16777619;
      sum[at++ % sum.size()] ^= static_cast<uint8_t>(state >> 24);
    }
  }
  return sum;
}

const Crypto kCrypto{
    [](std::span<uint8_t> to) {
      std::ranges::fill(to, uint8_t{7});
      return true;
    },
    [](Digest, Bytes first, Bytes second) { return mix(first, second); },
    [](Digest, Bytes key, Bytes data) { return mix(key, data); },
    [](Digest, Bytes password, Bytes salt, uint32_t) { return mix(password, salt); },
    nullptr,
    nullptr,
    [](Bytes a, Bytes b) { return std::ranges::equal(a, b); },
    nullptr,
    nullptr};

ScramServer::Found find(std::string_view) {
  ScramServer::Found found;
  found.secret.salt = {1, 2, 3};
  found.secret.iterations = kScramIterationsMin;
  found.secret.stored_key = found.secret.server_key = Crypto::Hash(32, 1);
  return found;  // not real: no proof is the right one
}

std::string text_of(FuzzInput& input) {
  Bytes chunk;
  return input.next_chunk(chunk) ? std::string(to_string_view(chunk)) : std::string();
}

void try_server(FuzzInput& input, bool begun) {
  ScramServer server(kCrypto, "server");
  const std::string first = begun ? "n,,n=user,r=client" : text_of(input);
  const auto challenge = server.challenge(to_bytes(first), find);
  FUZZ_CHECK(!begun || challenge);
  if (!challenge) return;
  FUZZ_CHECK(challenge->starts_with("r="));
  const std::string head = begun ? "c=biws,r=clientserver" : "";
  FUZZ_CHECK(!server.verify(to_bytes(head + text_of(input))));
}

void try_client(FuzzInput& input, bool begun) {
  ScramClient client(kCrypto, Digest::kSha256, "user", "client");
  const std::string head = begun ? "r=client" : "";
  const auto final = client.answer(to_bytes(head + text_of(input)),
                                   [](Bytes salt, uint32_t) { return mix(salt, {}); });
  if (!final) return;
  FUZZ_CHECK(final->starts_with("c=biws,r=client"));
  // "v=" and the signature of this very exchange, which the fuzzer may find, or anything.
  static_cast<void>(client.check(to_bytes((begun ? "v=" : "") + text_of(input))));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const uint8_t mode = input.take_u8();
  const bool begun = (mode & 4) != 0;
  switch (mode & 3) {
    case 0: try_server(input, begun); break;
    case 1: try_client(input, begun); break;
    case 2: {
      const std::string name = text_of(input);
      if (const auto back = unescape_scram_name(name)) {
        FUZZ_CHECK(unescape_scram_name(escape_scram_name(*back)) == *back);
      }
      break;
    }
    case 3: static_cast<void>(PasswordHash::parse(text_of(input))); break;
  }
  return 0;
}
