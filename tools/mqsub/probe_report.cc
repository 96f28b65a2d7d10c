#include "mqsub/probe_report.h"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/buffer.h"
#include "clients/escape.h"

namespace mq {
namespace {

double milliseconds(Duration duration) {
  return seconds(duration) * 1000;
}

std::string_view version_text(Version version) {
  switch (version) {
    case Version::kV5: return "5.0";
    case Version::kV311: return "3.1.1";
    case Version::kV31: return "3.1";
  }
  return "";
}

// What a server says may be meant for a terminal to act on.
std::string escaped(std::string_view text) {
  Buffer out;
  append_escaped(out, text);
  return std::string(to_string_view(out.bytes()));
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format("  {:<26}{}\n", name, value);
}

std::string_view yes(bool is) {
  return is ? "yes" : "no";
}

std::string outcome_text(const CheckOutcome& outcome) {
  switch (outcome.kind) {
    case CheckOutcome::Kind::kWorks: return fmt::format("{:.3f} ms", milliseconds(outcome.time));
    case CheckOutcome::Kind::kFails: return fmt::format("FAILED: {}", escaped(outcome.why));
    case CheckOutcome::Kind::kNotOffered: return "not offered";
  }
  return "";
}

}  // namespace

void ProbeReport::read(const Properties& connack, uint16_t keep_alive) {
  keep_alive_s = keep_alive;
  for (const Property& property : connack) {
    const uint32_t number = property.number;
    switch (property.id) {
      case PropertyId::kMaximumQos: qos_max = static_cast<Qos>(number); break;
      case PropertyId::kRetainAvailable: retains = number != 0; break;
      case PropertyId::kWildcardSubscriptionAvailable: has_wildcards = number != 0; break;
      case PropertyId::kSharedSubscriptionAvailable: shares = number != 0; break;
      case PropertyId::kSubscriptionIdentifierAvailable: has_subscription_ids = number != 0; break;
      case PropertyId::kMaximumPacketSize: packet_max = number; break;
      case PropertyId::kReceiveMaximum: receive_max = number; break;
      case PropertyId::kTopicAliasMaximum: topic_alias_max = number; break;
      case PropertyId::kSessionExpiryInterval: session_expiry_s = number; break;
      case PropertyId::kAssignedClientIdentifier: is_assigned_id = true; break;
      case PropertyId::kResponseInformation:
        more.emplace_back("response-information", property.text);
        break;
      case PropertyId::kServerReference:
        more.emplace_back("server-reference", property.text);
        break;
      case PropertyId::kReasonString: more.emplace_back("reason-string", property.text); break;
      case PropertyId::kUserProperty: more.emplace_back(property.text, property.value); break;
      default: break;
    }
  }
}

bool ProbeReport::failed() const {
  return std::ranges::any_of(
      checks, [](const CheckOutcome& check) { return check.kind == CheckOutcome::Kind::kFails; });
}

std::string ProbeReport::text() const {
  std::string out = fmt::format("{}\n", escaped(broker));
  append_line(out, "protocol", fmt::format("MQTT {}", version_text(version)));
  append_line(out, "connected in", fmt::format("{:.3f} ms", milliseconds(connect_time)));
  if (!client_id.empty()) {
    append_line(out, "client identifier",
                escaped(client_id) + (is_assigned_id ? " (assigned)" : ""));
  }
  append_line(out, "keep alive", fmt::format("{} s", keep_alive_s));
  if (version == Version::kV5) {
    append_line(out, "largest packet",
                packet_max ? fmt::format("{} bytes", *packet_max) : "no limit");
    append_line(out, "maximum QoS", fmt::format("{}", static_cast<int>(qos_max)));
    append_line(out, "receive maximum", fmt::format("{}", receive_max));
    append_line(out, "topic aliases", fmt::format("{}", topic_alias_max));
    append_line(out, "session expiry",
                session_expiry_s ? fmt::format("{} s", *session_expiry_s) : "as asked for");
    append_line(out, "retained messages", yes(retains));
    append_line(out, "wildcards", yes(has_wildcards));
    append_line(out, "shared subscriptions", yes(shares));
    append_line(out, "subscription identifiers", yes(has_subscription_ids));
  }
  for (const auto& [name, value] : more) append_line(out, escaped(name), escaped(value));
  out += "checks\n";
  for (const CheckOutcome& check : checks) append_line(out, check.name, outcome_text(check));
  return out;
}

std::string ProbeReport::json() const {
  nlohmann::ordered_json root = {{"broker", broker},
                                 {"version", version_text(version)},
                                 {"connect_ms", milliseconds(connect_time)},
                                 {"client_id", client_id},
                                 {"assigned_client_id", is_assigned_id},
                                 {"keep_alive_s", keep_alive_s}};
  if (version == Version::kV5) {
    root["maximum_packet_size"] = packet_max ? nlohmann::ordered_json(*packet_max) : nullptr;
    root["maximum_qos"] = static_cast<int>(qos_max);
    root["receive_maximum"] = receive_max;
    root["topic_alias_maximum"] = topic_alias_max;
    root["session_expiry_s"] =
        session_expiry_s ? nlohmann::ordered_json(*session_expiry_s) : nullptr;
    root["retain_available"] = retains;
    root["wildcard_subscriptions"] = has_wildcards;
    root["shared_subscriptions"] = shares;
    root["subscription_identifiers"] = has_subscription_ids;
  }
  for (const auto& [name, value] : more) root["more"].push_back({name, value});
  root["checks"] = nlohmann::ordered_json::array();
  for (const CheckOutcome& check : checks) {
    nlohmann::ordered_json entry = {{"name", check.name}};
    switch (check.kind) {
      case CheckOutcome::Kind::kWorks:
        entry["result"] = "works";
        entry["ms"] = milliseconds(check.time);
        break;
      case CheckOutcome::Kind::kFails:
        entry["result"] = "fails";
        entry["why"] = check.why;
        break;
      case CheckOutcome::Kind::kNotOffered: entry["result"] = "not offered"; break;
    }
    root["checks"].push_back(std::move(entry));
  }
  return root.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace mq
