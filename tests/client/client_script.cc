#include "client/client_script.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace mq::test {
namespace {

struct Describe {
  std::string operator()(const Connected& e) const {
    return e.session_present ? "connected, session present" : "connected";
  }
  std::string operator()(const ConnectRefused& e) const {
    return fmt::format("refused: {} ({})", text(e.reason), e.v3_return_code);
  }
  std::string operator()(const MessageArrived& e) const {
    const Publish& p = e.publish;
    return fmt::format("message {} '{}' qos={}{}{}", p.topic, to_string_view(p.payload),
                       static_cast<int>(p.qos), p.retain ? " retain" : "", p.dup ? " dup" : "");
  }
  std::string operator()(const Acked& e) const {
    return fmt::format("acked {} id={} qos={}: {}", e.token, e.packet_id, static_cast<int>(e.qos),
                       text(e.reason));
  }
  std::string operator()(const Subscribed& e) const {
    return fmt::format("subscribed {} id={}: {}", e.token, e.packet_id, hex(e.codes));
  }
  std::string operator()(const Unsubscribed& e) const {
    return fmt::format("unsubscribed {} id={}: {}", e.token, e.packet_id, hex(e.codes));
  }
  std::string operator()(const AuthChallenge& e) const {
    return fmt::format("auth: {} '{}'", text(e.reason),
                       e.properties.text(PropertyId::kAuthenticationData).value_or("none"));
  }
  std::string operator()(const PongReceived& e) const {
    return fmt::format("pong, {} outstanding", e.outstanding);
  }
  std::string operator()(const Disconnected& e) const {
    return fmt::format("disconnected: {}", text(e.reason));
  }
};

}  // namespace

void ClientEnd::receive(Bytes bytes, Now now) {
  for (;;) {
    const auto event = session.receive(bytes, now);
    if (!event) {
      REQUIRE(session.error_reason());
      events.push_back(fmt::format("error: {}", text(*session.error_reason())));
      return;
    }
    if (!event->has_value()) {
      CHECK(bytes.empty());
      return;
    }
    events.push_back(std::visit(Describe(), **event));
  }
}

ClientScript& ClientScript::connect(std::string_view connack, Where where) {
  open(where).skip_output();
  const bool is_v5 = session.options().version == Version::kV5;
  send(!connack.empty() ? connack : is_v5 ? "20 03 00 00 00" : "20 02 00 00", where);
  const bool present = !events.empty() && events.front() == "connected, session present";
  event(present ? "connected, session present" : "connected", where);
  return *this;
}

ClientScript& ClientScript::publish(std::string_view topic, std::string_view payload, int qos,
                                    uint32_t token, Where where) {
  const auto result = session.publish(
      {.topic = topic, .payload = to_bytes(payload), .qos = static_cast<Qos>(qos), .token = token},
      now());
  if (!result) ADD_FAIL_CHECK_AT(where.file, where.line, result.error().text);
  return *this;
}

ClientScript& ClientScript::subscribe(std::string_view filter, SubscribeOptions options,
                                      uint32_t token, Where where) {
  Buffer buffer;
  FilterListWriter filters(buffer, true);
  filters.add(filter, options);
  const auto result = session.subscribe({.filters = filters.list(), .token = token});
  if (!result) ADD_FAIL_CHECK_AT(where.file, where.line, result.error().text);
  return *this;
}

ClientOptions v5() {
  ClientOptions options;
  options.version = Version::kV5;
  return options;
}

ClientOptions v311() {
  return {};
}

ClientOptions v31() {
  ClientOptions options;
  options.version = Version::kV31;
  options.client_id = "c";
  return options;
}

}  // namespace mq::test
