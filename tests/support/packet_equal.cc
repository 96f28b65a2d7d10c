#include "support/packet_equal.h"

#include <type_traits>

namespace mq::test {
namespace {

bool same(Bytes a, Bytes b) {
  return mq::equal(a, b);
}
bool same(const Properties& a, const Properties& b) {
  return same(a.encoded(), b.encoded());
}
bool same(const FilterList& a, const FilterList& b) {
  return same(a.encoded(), b.encoded());
}

bool same(const std::optional<Will>& a, const std::optional<Will>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->topic == b->topic && same(a->payload, b->payload) && a->qos == b->qos &&
         a->retain == b->retain && same(a->properties, b->properties);
}

bool same(const std::optional<Bytes>& a, const std::optional<Bytes>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return same(*a, *b);
}

bool same(const Connect& a, const Connect& b) {
  return a.version == b.version && a.bridge == b.bridge && a.clean_start == b.clean_start &&
         a.keep_alive_s == b.keep_alive_s && a.client_id == b.client_id && same(a.will, b.will) &&
         a.user_name == b.user_name && same(a.password, b.password) &&
         same(a.properties, b.properties);
}

bool same(const Connack& a, const Connack& b) {
  return a.session_present == b.session_present && a.reason == b.reason &&
         same(a.properties, b.properties);
}

bool same(const Publish& a, const Publish& b) {
  return a.dup == b.dup && a.qos == b.qos && a.retain == b.retain && a.topic == b.topic &&
         a.packet_id == b.packet_id && same(a.properties, b.properties) &&
         same(a.payload, b.payload) && a.topic_alias == b.topic_alias &&
         a.has_subscription_id == b.has_subscription_id && a.expiry_s == b.expiry_s;
}

bool same(const Ack& a, const Ack& b) {
  return a.type == b.type && a.packet_id == b.packet_id && a.reason == b.reason &&
         same(a.properties, b.properties);
}

template <class T>
bool same_filters(const T& a, const T& b) {
  return a.packet_id == b.packet_id && same(a.properties, b.properties) &&
         same(a.filters, b.filters);
}
bool same(const Subscribe& a, const Subscribe& b) {
  return same_filters(a, b);
}
bool same(const Unsubscribe& a, const Unsubscribe& b) {
  return same_filters(a, b);
}

template <class T>
bool same_codes(const T& a, const T& b) {
  return a.packet_id == b.packet_id && same(a.properties, b.properties) && same(a.codes, b.codes);
}
bool same(const Suback& a, const Suback& b) {
  return same_codes(a, b);
}
bool same(const Unsuback& a, const Unsuback& b) {
  return same_codes(a, b);
}

bool same(const Pingreq&, const Pingreq&) {
  return true;
}
bool same(const Pingresp&, const Pingresp&) {
  return true;
}

template <class T>
bool same_reason(const T& a, const T& b) {
  return a.reason == b.reason && same(a.properties, b.properties);
}
bool same(const Disconnect& a, const Disconnect& b) {
  return same_reason(a, b);
}
bool same(const Auth& a, const Auth& b) {
  return same_reason(a, b);
}

}  // namespace

bool equal(const Packet& a, const Packet& b) {
  return std::visit(
      [](const auto& left, const auto& right) {
        if constexpr (std::is_same_v<decltype(left), decltype(right)>) {
          return same(left, right);
        } else {
          return false;
        }
      },
      a, b);
}

}  // namespace mq::test
