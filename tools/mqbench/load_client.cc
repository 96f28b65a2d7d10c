#include "mqbench/load_client.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace mq {
namespace {

// Its own copy of the connection options; what the data say of it comes before what all have.
ClientOptions client_options(const LoadOptions& options, const LoadPlan::Group& group,
                             uint32_t number) {
  ClientOptions own = options.client;
  own.client_id = options.plan.client_id(group, number);
  const DataTable* data = group.data.get();
  if (data == nullptr) return own;
  const auto cell = [&](std::string_view name) -> std::optional<std::string> {
    const auto column = data->column(name);
    if (!column) return std::nullopt;
    return std::string(data->cell(options.plan.number(number), *column));
  };
  if (auto user = cell("username")) own.user_name = std::move(user);
  if (auto password = cell("password")) own.password = std::move(password);
  return own;
}

// Clients of a group take turns with addresses and servers.
RunnerOptions runner_options(const LoadOptions& options, uint32_t number, ReadWatch* watch) {
  RunnerOptions own = options.runner;
  own.read_watch = watch;
  if (!options.local_addresses.empty()) {
    own.bind_address = options.local_addresses[number % options.local_addresses.size()];
  }
  if (!options.hosts.empty()) own.address = options.hosts[number % options.hosts.size()];
  return own;
}

}  // namespace

void LoadContext::note(std::string text, Now now) {
  if (times.window_start == kNever || tally.events.size() >= Tally::kEventsMax) return;
  tally.events.push_back({seconds(now.mono - times.window_start), std::move(text)});
}

LoadClient::LoadClient(LoadContext& context, const LoadPlan::Group& group, uint32_t number,
                       ReadWatch* watch)
    : context_(context),
      group_(group),
      number_(number),
      runner_(context.loop, runner_options(context.options, number, watch),
              client_options(context.options, group, number), *this) {
  if (group.first_subscriber) {
    subscriber_.emplace(context, *group.first_subscriber + number, runner_);
  }
}

void LoadClient::connect() {
  connect_start_ = context_.loop.read_clock().mono;
  runner_.start();
}

void LoadClient::on_step(ConnectStep step, Now now) {
  switch (step) {
    case ConnectStep::kBegun: return times_.begin(now.mono);
    case ConnectStep::kDialed: return record(&ConnectTally::tcp, now);
    case ConnectStep::kOpened: break;
  }
  const auto handshake = handshake_step(context_.options.runner, runner_.tls_handshake());
  if (handshake != nullptr) return record(handshake, now);
  times_.begin(now.mono);
}

void LoadClient::record(ConnectTimes::Step step, Now now) {
  const int64_t took = times_.end(now.mono);
  (context_.tally.steps.*step).record(took);
  if (GroupTally* of_group = context_.group_tally(group_index())) {
    (of_group->steps.*step).record(took);
  }
}

void LoadClient::connected(const Connected& event, Now now) {
  record(&ConnectTally::connack, now);
  const bool first = !std::exchange(was_connected_, true);
  if (first) {
    const int64_t took = (now.mono - connect_start_).count();
    context_.tally.connect.record(took);
    if (GroupTally* of_group = context_.group_tally(group_index())) of_group->connect.record(took);
  }
  if (!subscriber_ || (!first && event.session_present)) return ready(now);
  const Result<bool> asked = subscriber_->subscribe();
  if (!asked) return context_.owner.client_failed(asked.error());
  if (!*asked) ready(now);
}

// It does what it is to do: for the first time, or again.
void LoadClient::ready(Now now) {
  if (cut_by_) {
    GroupStormTally& storm = context_.tally.storms[*cut_by_];
    const Time began = context_.times.window_start + context_.options.storms[*cut_by_].at;
    ++storm.back;
    storm.last_back = std::max(storm.last_back, now.mono - began);
    cut_by_.reset();
  }
  if (!std::exchange(was_ready_, true)) context_.owner.client_ready();
}

uint32_t LoadClient::group_index() const {
  return static_cast<uint32_t>(&group_ - context_.options.plan.client_groups().data());
}

std::string LoadClient::name() const {
  return fmt::format("{} {}", group_.name, number_);
}

void LoadClient::on_event(const ClientEvent& event, Now now) {
  if (const auto* message = std::get_if<MessageArrived>(&event)) {
    if (subscriber_) subscriber_->on_message(message->publish, now);
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    publishers_[acked->token % publishers_.size()]->on_acked(*acked, now);
  } else if (const auto* connection = std::get_if<Connected>(&event)) {
    connected(*connection, now);
  } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
    if (const Result<void> granted = subscriber_->on_subscribed(*subscribed, now); !granted) {
      return context_.owner.client_failed(
          {granted.error().code, fmt::format("{}: {}", name(), granted.error().text)});
    }
    ready(now);
  }
}

void LoadClient::on_progress(Now now) {
  for (LoadPublisher* publisher : publishers_) publisher->pump(now.mono);
}

void LoadClient::on_lost(const Error& error, Duration, Now now) {
  context_.note(fmt::format("{}: {}", name(), error.text), now);
  for (LoadPublisher* publisher : publishers_) publisher->on_lost(now.mono);
  lost();
}

// Its roles count that; who has none is to be counted, too.
void LoadClient::lost() {
  if (subscriber_) return subscriber_->on_lost();
  GroupTally* const of_group = context_.group_tally(group_index());
  if (publishers_.empty() && of_group != nullptr) ++of_group->idle_disconnects;
}

bool LoadClient::cut(uint32_t storm, Now now) {
  if (!runner_.cut(context_.options.storms[storm].down)) return false;
  cut_by_ = storm;
  for (LoadPublisher* publisher : publishers_) publisher->on_cut(now.mono);
  lost();
  return true;
}

void LoadClient::on_ended(const Error* error, Now) {
  if (error != nullptr) {
    context_.owner.client_failed(
        {error->code, fmt::format("{}: {}", name(), error->text), error->system});
  }
  context_.owner.client_ended();
}

}  // namespace mq
