#include "mqsub/probe_report.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "client/client_options.h"

namespace mq {
namespace {

using namespace std::chrono_literals;

ProbeReport report() {
  ProbeReport r;
  r.is_connected = true;
  r.broker = "h:1883";
  r.client_id = "me";
  r.connect_time = 1500us;
  return r;
}

}  // namespace

TEST_CASE("what CONNACK leaves out is as the standard has it") {
  ProbeReport r = report();
  r.read({}, 60);
  CHECK(r.qos_max == Qos::kExactlyOnce);
  CHECK(r.retains);
  CHECK(r.receive_max == 65535);
  CHECK_FALSE(r.packet_max);
  CHECK(r.text().find("largest packet            no limit\n") != std::string::npos);
}

TEST_CASE("what CONNACK says") {
  ProbeReport r = report();
  PropertyList properties;
  properties.add(PropertyId::kMaximumQos, 1)
      .add(PropertyId::kRetainAvailable, 0)
      .add(PropertyId::kSharedSubscriptionAvailable, 0)
      .add(PropertyId::kMaximumPacketSize, 1000)
      .add(PropertyId::kAssignedClientIdentifier, "auto")
      .add_user("region", "eu\x1B[2J");
  r.read(properties.view(), 30);
  CHECK(r.is_assigned_id);
  const std::string text = r.text();
  CHECK(text.find("maximum QoS               1\n") != std::string::npos);
  CHECK(text.find("largest packet            1000 bytes\n") != std::string::npos);
  CHECK(text.find("retained messages         no\n") != std::string::npos);
  CHECK(text.find("keep alive                30 s\n") != std::string::npos);
  // Nothing that a terminal would act on.
  CHECK(text.find('\x1B') == std::string::npos);
  const auto json = nlohmann::json::parse(r.json());
  CHECK(json["maximum_qos"] == 1);
  CHECK(json["retain_available"] == false);
  CHECK(json["session_expiry_s"] == nullptr);
  CHECK(json["more"][0][0] == "region");
}

TEST_CASE("outcomes") {
  ProbeReport r = report();
  r.checks = {{"one", CheckOutcome::Kind::kWorks, 250us, {}},
              {"two", CheckOutcome::Kind::kNotOffered, {}, {}}};
  CHECK_FALSE(r.failed());
  r.checks.push_back({"three", CheckOutcome::Kind::kFails, {}, "no answer"});
  CHECK(r.failed());
  CHECK(
      r.text().ends_with("checks\n"
                         "  one                       0.250 ms\n"
                         "  two                       not offered\n"
                         "  three                     FAILED: no answer\n"));
  const auto json = nlohmann::json::parse(r.json());
  CHECK(json["checks"][0]["result"] == "works");
  CHECK(json["checks"][0]["ms"] == 0.25);
  CHECK(json["checks"][2]["why"] == "no answer");
}

}  // namespace mq
