#include "sim/deliveries.h"

#include <algorithm>

#include <fmt/core.h>

#include "sim/failure.h"

namespace mq::sim {
namespace {

constexpr size_t kNone = SIZE_MAX;

bool same_shape(const Shape& expected, const Shape& arrived, bool has_ids) {
  return expected.qos == arrived.qos && expected.retain == arrived.retain &&
         (!has_ids || expected.subscription_ids == arrived.subscription_ids);
}

std::string describe(const Publish& publish, const Publication* message, const Epoch& epoch) {
  return fmt::format("message {} on '{}' at QoS {}{}{} for session {} of {}",
                     message == nullptr ? 0 : message->number, publish.topic,
                     static_cast<int>(publish.qos), publish.dup ? " DUP" : "",
                     publish.retain ? " RETAIN" : "", epoch.number, epoch.client_id);
}

}  // namespace

Deliveries::Copies& Deliveries::copies_of(uint32_t number, std::string_view topic) {
  return number == 0 ? empty_[std::string(topic)] : by_number_[number];
}

void Deliveries::add(uint32_t number, std::string_view topic, Copy copy) {
  Copies& all = copies_of(number, topic);
  copy.sequence = ++sequence_;
  copy.calm = calm_;
  all.copies.push_back(std::move(copy));
  all.arrival_of.push_back(kNone);
}

void Deliveries::expect(Epoch& epoch, uint32_t number, std::string_view topic, Shape shape,
                        Time expires, bool replay) {
  add(number, topic, {{}, {{&epoch, std::move(shape)}}, 0, expires, replay, false});
}

void Deliveries::expect_shared(const std::string& group, std::vector<Member> members,
                               uint32_t number, std::string_view topic, Time expires) {
  add(number, topic, {group, std::move(members), 0, expires, false, false});
}

void Deliveries::joined(const std::string& group, const Epoch& epoch) {
  groups_[group].ever.insert(epoch.number);
}

void Deliveries::left(const std::string& group) { groups_[group].last_left = ++sequence_; }

void Deliveries::arrived(Epoch& epoch, const Publish& publish, bool has_ids) {
  ++arrived_count_;
  Arrival arrival{&epoch, {publish.qos, publish.retain, {}}, has_ids};
  for (const Property& property : publish.properties) {
    if (property.id == PropertyId::kSubscriptionIdentifier) {
      arrival.shape.subscription_ids.push_back(property.number);
    }
  }
  std::ranges::sort(arrival.shape.subscription_ids);

  const Publication* message = ledger_.find(publish.payload);
  const auto fail = [&](const char* what) {
    throw Failure(fmt::format("{}: {}", what, describe(publish, message, epoch)));
  };
  if (message != nullptr && (message->topic != publish.topic ||
                             !equal(to_bytes(message->payload), publish.payload))) {
    fail("topic or payload was changed");
  }
  Copies& all = copies_of(message == nullptr ? 0 : message->number, publish.topic);
  const auto possible = [&](const Copy& copy) { return is_possible(copy, arrival); };
  if (std::ranges::none_of(all.copies, possible)) fail("not expected, or not in this form");
  if (!epoch.trusted) return;

  // A session's identifiers do not come round in one run: the same again is the same delivery.
  if (publish.qos != Qos::kAtMostOnce &&
      !all.packets.insert({epoch.number, publish.packet_id}).second) {
    if (publish.qos == Qos::kExactlyOnce) fail("more than once");
    if (!publish.dup) fail("sent again without DUP");  // [MQTT-3.3.1-1]
    return;
  }
  all.arrivals.push_back(std::move(arrival));
  const size_t last = all.arrivals.size() - 1;
  const auto fits = [&](Repetitions repetitions) {
    std::vector<bool> seen(all.copies.size());
    return assign(all, last, repetitions, seen);
  };
  if (fits(Repetitions::kHold)) return check_order(all, publish);
  if (may_repeat(all, all.arrivals[last])) return;
  if (!fits(Repetitions::kYield)) fail("one copy too many");
}

// Whether a member has left the share group since: what that one did not take comes to another
// one, in the form that suits it.
bool Deliveries::has_left(const Copy& copy) const {
  return !copy.group.empty() && groups_.at(copy.group).last_left > copy.sequence;
}

bool Deliveries::is_possible(const Copy& copy, const Arrival& arrival) const {
  if (has_left(copy)) return groups_.at(copy.group).ever.contains(arrival.epoch->number);
  const auto member = std::ranges::find(copy.members, arrival.epoch, &Member::epoch);
  return member != copy.members.end() &&
         same_shape(member->shape, arrival.shape, arrival.has_ids);
}

// Finds a copy for the arrival, for which others may have to take another one (Kuhn's algorithm),
// or to be none of the copies at all, when they may be repetitions.
bool Deliveries::assign(Copies& all, size_t arrival, Repetitions repetitions,
                        std::vector<bool>& seen) const {
  for (size_t i = 0; i < all.copies.size(); ++i) {
    if (seen[i] || !is_possible(all.copies[i], all.arrivals[arrival])) continue;
    seen[i] = true;
    const size_t other = all.arrival_of[i];
    const bool yields =
        other == kNone || assign(all, other, repetitions, seen) ||
        (repetitions == Repetitions::kYield && may_repeat(all, all.arrivals[other]));
    if (!yields) continue;
    all.arrival_of[i] = arrival;
    return true;
  }
  return false;
}

// [MQTT-4.6.0-1] [MQTT-4.6.0-6]: in the order in which the broker took the messages, as long as it
// is certain which copy has come. A share group's messages may come from somebody who left.
void Deliveries::check_order(Copies& all, const Publish& publish) {
  const Arrival& arrival = all.arrivals.back();
  const Publication* message = ledger_.find(publish.payload);
  if (message == nullptr) return;
  const Copy* only = nullptr;
  for (const Copy& copy : all.copies) {
    if (!is_possible(copy, arrival)) continue;
    if (only != nullptr || copy.replay || !copy.group.empty()) return;
    only = &copy;
  }
  uint64_t& last = last_[{arrival.epoch->number, message->peer, publish.qos}];
  if (only->sequence < last) {
    throw Failure("out of order: " + describe(publish, message, *arrival.epoch));
  }
  last = only->sequence;
}

// Whether there can be more copies than were expected: when one member of a share group left in
// the middle of a delivery, or was not alone.
bool Deliveries::may_repeat(const Copies& all, const Arrival& arrival) const {
  return std::ranges::any_of(all.copies, [&](const Copy& copy) {
    const auto trusted = [](const Member& member) { return member.epoch->trusted; };
    return is_possible(copy, arrival) &&
           (has_left(copy) || !std::ranges::all_of(copy.members, trusted));
  });
}

// Whether the session may not get a message: because it is over, because it is shared by several
// clients, or because the packet may be larger than the client allows.
bool Deliveries::is_excused(const Epoch& epoch, const Publication* message) const {
  if (!epoch.alive || !epoch.trusted) return true;
  if (epoch.packet_max == kPacketMax || message == nullptr) return false;
  constexpr size_t kHeader = 5 + 2 + 2 + 4 + 3;  // up to topic alias
  constexpr size_t kIds = 16 * 5;
  return kHeader + kIds + message->topic.size() + message->properties.view().encoded().size() +
             message->payload.size() >
         epoch.packet_max;
}

bool Deliveries::must_come(const Copy& copy, const Publication* message, Time now) const {
  if (copy.expires <= now || has_left(copy)) return false;
  return std::ranges::all_of(copy.members, [&](const Member& member) {
    // At QoS 0 a share group's member may have been away.
    const bool certain =
        member.shape.qos != Qos::kAtMostOnce || (copy.calm && copy.group.empty());
    return certain && !is_excused(*member.epoch, message);
  });
}

void Deliveries::check(const Copies& all, const Publication* message, Time now) const {
  // Arrivals are shared out anew, to the copies that must come only.
  Copies certain{{}, all.arrivals, {}, {}};
  for (const Copy& copy : all.copies) {
    if (must_come(copy, message, now)) certain.copies.push_back(copy);
  }
  certain.arrival_of.assign(certain.copies.size(), kNone);
  for (size_t i = 0; i < certain.arrivals.size(); ++i) {
    std::vector<bool> seen(certain.copies.size());
    assign(certain, i, Repetitions::kHold, seen);
  }
  const auto lost = std::ranges::find(certain.arrival_of, kNone);
  if (lost == certain.arrival_of.end()) return;
  const Copy& copy = certain.copies[static_cast<size_t>(lost - certain.arrival_of.begin())];
  const Member& member = copy.members[0];
  throw Failure(fmt::format(
      "lost: message {} at QoS {}{} for {}", message == nullptr ? 0 : message->number,
      static_cast<int>(member.shape.qos), copy.replay ? ", retained," : "",
      copy.group.empty()
          ? fmt::format("session {} of {}", member.epoch->number, member.epoch->client_id)
          : copy.group));
}

void Deliveries::check(Time now) const {
  if (lossy_) return;
  for (const auto& [number, all] : by_number_) check(all, &ledger_[number], now);
  for (const auto& [topic, all] : empty_) check(all, nullptr, now);
}

}  // namespace mq::sim
