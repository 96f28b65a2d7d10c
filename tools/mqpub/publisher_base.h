// What the two publishers have in common: one keeps in memory what it has read, the other in a
// spool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "clients/client_program.h"
#include "clients/line_reader.h"
#include "io/input.h"
#include "mqpub/pacing.h"
#include "mqpub/publisher.h"
#include "mqpub/record.h"

namespace mq {

class PublisherBase : public ClientProgram, public Input::Owner {
 protected:
  // Memory of messages that are not delivered; one may be larger.
  static constexpr uint64_t kQueuedBytesMax = 4 << 20;

  explicit PublisherBase(PublisherOptions options);

  // Does all that can be done by now.
  virtual void go_on(Now now) = 0;
  // Publishes a message of a record, or sees to it that it will be.
  virtual void put(std::string_view topic, const InputRecord& record, Now now) = 0;
  // What a message is called in errors, by its token.
  virtual std::string which(uint32_t token) = 0;

  void on_progress(Now now) override { go_on(now); }
  void on_event(const ClientEvent& event, Now now) override;
  void on_lost(const Error& error, Duration retry_in, Now now) override;

  // Makes a record of a line, or says why there is none.
  std::optional<InputRecord> take(const LineReader::Line& line);
  // Puts the messages of a record, one for each topic.
  void put_all(const InputRecord& record, Now now);
  PublishRequest request(std::string_view topic, const InputRecord& record) const;
  // Reports a message that the server has refused, if that is what it says.
  void note_refusal(const Acked& acked);
  void failed(int code, std::string_view text);
  // The session has as many messages as it should have.
  bool is_full();
  // What the session was given is out.
  bool is_delivered() { return session().queued() == 0 && runner_.flushed(); }
  void finish();
  // Begins to end by a signal; false when it is the second one, and the loop stops.
  bool stop_for(int signal);

  const PublisherOptions options_;
  Timer timer_;  // until the next message is due
  Pacing pacing_;
  std::optional<Input> input_;
  LineReader lines_;
  bool finishing_ = false;
  uint64_t fetched_ = 0;   // payloads, or lines, those that cannot be used included
  uint64_t failures_ = 0;  // messages that will not be delivered

 private:
  RecordParser parser_;
  Random random_;
  bool is_accepted_ = false;      // the connection, by the server
  uint32_t losses_in_a_row_ = 0;  // of connections on which nothing was acknowledged
};

}  // namespace mq
