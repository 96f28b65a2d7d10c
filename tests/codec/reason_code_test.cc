#include "codec/reason_code.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace mq;

namespace {

constexpr ReasonIn kPackets[] = {ReasonIn::kConnack,  ReasonIn::kPuback,     ReasonIn::kPubrec,
                                 ReasonIn::kPubrel,   ReasonIn::kPubcomp,    ReasonIn::kSuback,
                                 ReasonIn::kUnsuback, ReasonIn::kDisconnect, ReasonIn::kAuth};

size_t count_of(ReasonIn packet) {
  size_t n = 0;
  for (int code = 0; code < 256; ++code) n += is_allowed(static_cast<ReasonCode>(code), packet);
  return n;
}

}  // namespace

TEST_CASE("43 reason codes have texts, each its own") {
  std::set<std::string_view> texts;
  int known = 0;
  for (int code = 0; code < 256; ++code) {
    const std::string_view words = text(static_cast<ReasonCode>(code));
    if (words == "Unknown reason code") continue;
    ++known;
    texts.insert(words);
  }
  CHECK(known == 43);
  CHECK(texts.size() == 43);
  CHECK(text(ReasonCode::kNotAuthorized) == "Not authorized");
}

TEST_CASE("each packet has as many reason codes as its table in the standard") {
  CHECK(count_of(ReasonIn::kConnack) == 22);  // table 3-1
  CHECK(count_of(ReasonIn::kPuback) == 9);    // table 3-4
  CHECK(count_of(ReasonIn::kPubrec) == 9);    // table 3-5
  CHECK(count_of(ReasonIn::kPubrel) == 2);    // table 3-6
  CHECK(count_of(ReasonIn::kPubcomp) == 2);   // table 3-7
  CHECK(count_of(ReasonIn::kSuback) == 12);   // table 3-8
  CHECK(count_of(ReasonIn::kUnsuback) == 7);  // table 3-9
  // Table 3-10 has 29; 0x8C is in table 2-6 and in section 4.12.1 only.
  CHECK(count_of(ReasonIn::kDisconnect) == 30);
  CHECK(count_of(ReasonIn::kAuth) == 3);  // table 3-11
}

TEST_CASE("a reason code without a text is allowed nowhere") {
  for (int code = 0; code < 256; ++code) {
    if (text(static_cast<ReasonCode>(code)) != "Unknown reason code") continue;
    for (const ReasonIn packet : kPackets) {
      CHECK(!is_allowed(static_cast<ReasonCode>(code), packet));
    }
  }
}

TEST_CASE("success is allowed everywhere") {
  for (const ReasonIn packet : kPackets) CHECK(is_allowed(ReasonCode::kSuccess, packet));
}

TEST_CASE("codes from 0x80 are errors") {
  CHECK(!is_error(ReasonCode::kReAuthenticate));
  CHECK(is_error(ReasonCode::kUnspecifiedError));
}

TEST_CASE("return codes of 3.x survive the way to 5.0 and back") {
  for (uint8_t code = 0; code <= 5; ++code) CHECK(to_v3_connack(from_v3_connack(code)) == code);
}

TEST_CASE("every refusal of 5.0 is a refusal in 3.x") {
  for (int code = 0x80; code < 256; ++code) {
    const auto reason = static_cast<ReasonCode>(code);
    if (!is_allowed(reason, ReasonIn::kConnack)) continue;
    INFO(text(reason));
    CHECK(to_v3_connack(reason) >= 1);
    CHECK(to_v3_connack(reason) <= 5);
  }
  CHECK(to_v3_connack(ReasonCode::kServerBusy) == 3);
  CHECK(to_v3_connack(ReasonCode::kBanned) == 5);
}
