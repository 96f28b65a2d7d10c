#include "mqpub/spool_publisher.h"

#include <unistd.h>

#include <chrono>
#include <deque>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "mqpub/publisher_base.h"

namespace mq {
namespace {

// How long an acknowledgement may take before the disk is asked instead, and so how often it is at
// most asked while the server is there.
constexpr Duration kSaveAfter = std::chrono::milliseconds(100);

// Each message goes through the spool: from the input into it, from its front to the session, and
// out of it when the server has acknowledged it (QoS 0: when it was handed to a connection).
//
// The input is peeked into. A block is taken out of it when each of its messages is acknowledged
// or on the disk, and not before: a kill at any moment finds every line in the pipe, in the spool,
// or at the server. Where the input cannot be peeked into, one block may be lost.
class SpoolPublisher final : public PublisherBase {
 public:
  SpoolPublisher(PublisherOptions options, Spool spool);
  int run();

 private:
  void on_event(const ClientEvent& event, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;
  void on_ended(const Error* error, Now now) override;
  void interrupted(int signal) override;
  void input_read(Bytes block) override;
  void input_ended(const Error* error) override;
  void go_on(Now now) override;
  void put(std::string_view topic, const InputRecord& record, Now now) override;
  std::string which(uint32_t token) override;

  void send_waiting(Now now);
  void send(const SpooledMessage& message, Now now);
  void on_acked(const Acked& acked);
  void settle(Now now);
  bool may_read();
  void save();
  void note_dropped();
  // True for success; else the program ends.
  bool check(const Result<void>& result);
  int64_t number_of(uint32_t token) const;
  bool is_done() { return read_all_ && spool_.count() == held_back_ && is_delivered(); }
  bool gives_up() const { return read_all_ && is_away_ && !options_.keep_trying; }

  Spool spool_;
  Timer save_timer_;
  size_t block_ = 0;           // bytes of the input that are in the spool and not taken
  bool read_all_ = false;      // there is no more input
  bool is_away_ = false;       // the last try to connect has failed
  bool was_accepted_ = false;  // the present connection, or the last one
  bool is_broken_ = false;     // the spool
  int64_t last_sent_ = 0;      // number of the message that the session was given last
  std::deque<int64_t> qos0_;   // given to the session and not known to be out
  uint64_t qos0_out_ = 0;      // of all the session has produced, those we know of
  uint64_t held_back_ = 0;     // refused for a while: for the next run
  bool said_dropped_ = false;
};

SpoolPublisher::SpoolPublisher(PublisherOptions options, Spool spool)
    : PublisherBase(std::move(options)),
      spool_(std::move(spool)),
      save_timer_(loop_, [this](Now now) {
        save();
        go_on(now);
        runner_.wake();
      }) {}

int SpoolPublisher::run() {
  note_dropped();  // to fit into a --spool-size that is smaller than it was
  if (options_.records) {
    input_.emplace(loop_, STDIN_FILENO, *this, Input::Mode::kPeek);
    input_->resume();
  } else {
    if (!options_.only_spool) {
      ++fetched_;
      put_all({.payload = to_bytes(options_.payload)}, loop_.now());
    }
    read_all_ = true;
    settle(loop_.now());
  }
  if (!is_broken_) run_loop();
  if (!is_broken_) save();
  if (failures_ > 1) console_.error(fmt::format("{} messages were not delivered.", failures_));
  if (const uint64_t dropped = spool_.dropped(); dropped > 0) {
    console_.error(fmt::format("{} of the oldest messages were dropped to keep {} to {}.", dropped,
                               spool_.path(), format_size(options_.spool->size_max)));
  }
  if (spool_.count() > 0 && !is_broken_) {
    const bool one = spool_.count() == 1;
    console_.error(fmt::format("{} message{} kept in {} for the next run.", spool_.count(),
                               one ? " is" : "s are", spool_.path()));
  }
  return code_;
}

void SpoolPublisher::on_event(const ClientEvent& event, Now now) {
  PublisherBase::on_event(event, now);
  if (std::holds_alternative<Connected>(event)) {
    is_away_ = false;
    was_accepted_ = true;
  } else if (const auto* acked = std::get_if<Acked>(&event)) {
    on_acked(*acked);
  }
}

void SpoolPublisher::on_acked(const Acked& acked) {
  note_refusal(acked);
  const int64_t number = number_of(acked.token);
  if (acked.qos == Qos::kAtMostOnce) std::erase(qos0_, number);
  // What the server has no room for now it may take another time; all else it will not.
  if (acked.reason == ReasonCode::kQuotaExceeded && !options_.ignore_denied) {
    ++held_back_;
    return;
  }
  check(spool_.remove(number));
}

void SpoolPublisher::on_lost(const Error& error, Duration retry_in, Now now) {
  const bool again = std::exchange(was_accepted_, false);
  // A connection that was lost may be there again at once; after a try that failed we go by it.
  if (!again) is_away_ = true;
  if (is_done()) return finish();
  if (gives_up()) {
    console_.error(error.text);
    end_with(kExitKept);
    return finish();
  }
  PublisherBase::on_lost(error, retry_in, now);
  go_on(now);
}

void SpoolPublisher::on_ended(const Error* error, Now now) {
  const bool may_pass = error != nullptr && !was_refused() &&
                        error->code != ErrorCode::kInvalidArgument &&
                        error->code != ErrorCode::kProtocol && error->code != ErrorCode::kMalformed;
  if (may_pass && spool_.count() > 0) end_with(kExitKept);
  PublisherBase::on_ended(error, now);
}

void SpoolPublisher::interrupted(int signal) {
  if (!stop_for(signal)) return;
  save_timer_.cancel();
  save();
}

void SpoolPublisher::input_read(Bytes block) {
  const Bytes whole = input_->peeks() ? lines_.whole_lines(block) : block;
  block_ = whole.size();
  lines_.feed(whole);
  const Now now = loop_.now();
  while (const auto line = lines_.next()) {
    if (const auto record = take(*line)) put_all(*record, now);
  }
  input_->pause();
  go_on(now);
  runner_.wake();
}

void SpoolPublisher::input_ended(const Error* error) {
  if (error != nullptr) failed(kExitSystem, error->text);
  const Now now = loop_.now();
  if (const auto line = lines_.rest()) {
    if (const auto record = take(*line)) put_all(*record, now);
    save();  // its bytes were taken before it was known to be a line
  }
  read_all_ = true;
  go_on(now);
  runner_.wake();
}

// Into the spool. Line numbers end here: the next run would not know them.
void SpoolPublisher::put(std::string_view topic, const InputRecord& record, Now) {
  if (is_broken_) return;
  const PublishRequest message = request(topic, record);
  const auto added = spool_.add({.topic = topic,
                                 .payload = message.payload,
                                 .qos = message.qos,
                                 .retain = message.retain,
                                 .properties = message.properties.encoded(),
                                 .received = record.received});
  if (!added && added.error().code == ErrorCode::kTooLarge) {
    failed(kExitTooLarge, fmt::format("{}: see --spool-size.", added.error().text));
    return;
  }
  check(added);
  note_dropped();
}

void SpoolPublisher::go_on(Now now) {
  if (finishing_ || is_broken_) return;
  for (; qos0_out_ < session().produced_qos0(); ++qos0_out_) {
    const int64_t number = qos0_.front();
    qos0_.pop_front();
    if (!check(spool_.remove(number))) return;
  }
  send_waiting(now);
  settle(now);
  if (is_broken_) return;
  if (is_done()) {
    finish();
  } else if (gives_up()) {
    end_with(kExitKept);
    finish();
  }
}

void SpoolPublisher::send_waiting(Now now) {
  while (runner_.connected() && !is_full()) {
    const auto message = spool_.front();
    if (!message) {
      check(tl::unexpected(message.error()));
      return;
    }
    if (*message == nullptr) return;
    const auto received = (*message)->received;
    if (const Time due = pacing_.due(received, now.mono); due > now.mono) {
      timer_.set(due);
      return;
    }
    pacing_.sent(received, now.mono);
    send(**message, now);
    if (is_broken_) return;
  }
}

void SpoolPublisher::send(const SpooledMessage& message, Now now) {
  last_sent_ = message.number;
  if (message.qos == Qos::kAtMostOnce) qos0_.push_back(message.number);
  const auto published = session().publish({.topic = message.topic,
                                            .payload = message.payload,
                                            .qos = message.qos,
                                            .retain = message.retain,
                                            .properties = Properties(message.properties),
                                            .token = static_cast<uint32_t>(message.number)},
                                           now);
  spool_.sent();
  if (published) return;
  if (message.qos == Qos::kAtMostOnce) qos0_.pop_back();
  failed(exit_code(published.error()), fmt::format("A message to '{}' cannot be sent to {}: {}",
                                                   message.topic, where(), published.error().text));
  check(spool_.remove(last_sent_));
}

// Takes from the input what is safe, at once if it has to be, and reads on if that is wanted.
void SpoolPublisher::settle(Now now) {
  if (is_away_ && !spool_.is_safe()) save();
  if (is_broken_) return;
  if (spool_.is_changed() && save_timer_.at() == kNever) save_timer_.set(now.mono + kSaveAfter);
  if (!input_ || read_all_ || !spool_.is_safe()) return;
  input_->take(std::exchange(block_, 0));
  if (may_read()) input_->resume();
}

// While the server is there, half of the spool may fill: it takes up what comes too fast for the
// server, but nothing is ever dropped from it. While it is away, there is no other choice.
bool SpoolPublisher::may_read() {
  return !runner_.connected() || spool_.unsent() < options_.queue_max ||
         spool_.size() < options_.spool->size_max / 2;
}

void SpoolPublisher::save() {
  save_timer_.cancel();
  if (check(spool_.save()) && input_) input_->take(std::exchange(block_, 0));
}

void SpoolPublisher::note_dropped() {
  if (spool_.dropped() == 0 || std::exchange(said_dropped_, true)) return;
  console_.warning(fmt::format(
      "{} is full: the oldest messages are dropped from it (--spool-size).", spool_.path()));
  end_with(kExitFailure);
}

bool SpoolPublisher::check(const Result<void>& result) {
  if (result) return true;
  if (std::exchange(is_broken_, true)) return false;
  console_.error(result.error().text);
  end_with(result.error().code == ErrorCode::kMalformed ? kExitFailure : kExitSystem);
  loop_.stop();
  return false;
}

// Tokens have 32 bits. Those in flight are not so far apart.
int64_t SpoolPublisher::number_of(uint32_t token) const {
  return last_sent_ - static_cast<uint32_t>(static_cast<uint32_t>(last_sent_) - token);
}

std::string SpoolPublisher::which(uint32_t token) {
  const auto topic = spool_.topic(number_of(token));
  return fmt::format("A message to '{}'", topic ? *topic : "?");
}

}  // namespace

int publish_spooled(PublisherOptions options) {
  auto spool = Spool::open(*options.spool);
  if (!spool) {
    options.connection.console.error(spool.error().text);
    return kExitFailure;
  }
  return SpoolPublisher(std::move(options), std::move(*spool)).run();
}

}  // namespace mq
