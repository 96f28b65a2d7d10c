// Any body is a packet or an error with an offset; all views of a packet lie in its body.
#include "codec/decode.h"
#include "codec/frame_reader.h"
#include "fuzz/check.h"
#include "fuzz/chunked.h"

using namespace mq;
using namespace mq::test;

namespace {

// Looks at everything a packet shows.
class Viewer {
 public:
  explicit Viewer(Bytes body) : body_(body) {}

  void operator()(const Connect& packet) {
    see(packet.client_id);
    see(packet.properties);
    if (packet.will) {
      see(packet.will->topic);
      see(packet.will->payload);
      see(packet.will->properties);
      FUZZ_CHECK(!packet.will->topic.empty());
    }
    if (packet.user_name) see(*packet.user_name);
    if (packet.password) see(*packet.password);
  }
  void operator()(const Connack& packet) { see(packet.properties); }
  void operator()(const Publish& packet) {
    see(packet.topic);
    see(packet.payload);
    see(packet.properties);
    FUZZ_CHECK((packet.packet_id != 0) == (packet.qos != Qos::kAtMostOnce));
    FUZZ_CHECK(!packet.topic.empty() || packet.topic_alias != 0);
    FUZZ_CHECK(packet.topic_alias == packet.properties.number(PropertyId::kTopicAlias).value_or(0));
    FUZZ_CHECK(packet.expiry_s == packet.properties.number(PropertyId::kMessageExpiryInterval));
    FUZZ_CHECK(packet.has_subscription_id ==
               packet.properties.has(PropertyId::kSubscriptionIdentifier));
  }
  void operator()(const Ack& packet) {
    FUZZ_CHECK(packet.packet_id != 0);
    see(packet.properties);
  }
  void operator()(const Subscribe& packet) { see_filters(packet); }
  void operator()(const Unsubscribe& packet) { see_filters(packet); }
  void operator()(const Suback& packet) { see_codes(packet); }
  void operator()(const Unsuback& packet) { see_codes(packet); }
  void operator()(const Pingreq&) { FUZZ_CHECK(body_.empty()); }
  void operator()(const Pingresp&) { FUZZ_CHECK(body_.empty()); }
  void operator()(const Disconnect& packet) { see(packet.properties); }
  void operator()(const Auth& packet) { see(packet.properties); }

 private:
  void see(Bytes view) {
    if (view.empty()) return;
    FUZZ_CHECK(view.data() >= body_.data());
    FUZZ_CHECK(view.data() + view.size() <= body_.data() + body_.size());
  }
  void see(std::string_view view) { see(to_bytes(view)); }
  void see(const Properties& properties) {
    see(properties.encoded());
    size_t size = 0;
    for (auto it = properties.begin(); it != properties.end(); ++it) {
      see(it.encoded());
      see(it->text);
      see(it->value);
      size += it.encoded().size();
    }
    FUZZ_CHECK(size == properties.encoded().size());
  }
  template <class T>
  void see_filters(const T& packet) {
    FUZZ_CHECK(packet.packet_id != 0);
    see(packet.properties);
    see(packet.filters.encoded());
    size_t n = 0;
    for (const Subscription& subscription : packet.filters) {
      see(subscription.filter);
      FUZZ_CHECK(!subscription.filter.empty());
      FUZZ_CHECK(static_cast<uint8_t>(subscription.options.qos) <= 2);
      ++n;
    }
    FUZZ_CHECK(n > 0 && n == packet.filters.count());
  }
  template <class T>
  void see_codes(const T& packet) {
    FUZZ_CHECK(packet.packet_id != 0);
    see(packet.properties);
    see(packet.codes);
  }

  Bytes body_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  const FuzzPeer peer(input.take_u8());
  FrameReader reader;
  for (Bytes chunk; input.next_chunk(chunk);) {
    for (;;) {
      const auto frame = reader.next(chunk);
      if (!frame) return 0;
      if (!*frame) break;
      const auto packet = decode(**frame, peer.version, peer.side);
      peek_level(**frame);
      if (packet) {
        std::visit(Viewer((*frame)->body), *packet);
      } else {
        FUZZ_CHECK(packet.error().offset <= (*frame)->body.size());
        FUZZ_CHECK(is_error(packet.error().reason));
        FUZZ_CHECK(packet.error().what != nullptr);
      }
    }
  }
  return 0;
}
