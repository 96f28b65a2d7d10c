// Messages on their way out, in a file, so that they survive the program that sends them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "codec/version.h"

namespace mq {

// Views: of the caller's in add(), of the spool's in front().
struct SpooledMessage {
  int64_t number = 0;  // in the order of add(); given by the spool
  std::string_view topic = {};
  Bytes payload = {};
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  Bytes properties = {};                            // as encoded
  std::optional<WallTime> received = std::nullopt;  // what a replay goes by
};

struct SpoolOptions {
  std::string path;
  uint64_t size_max = 100ull << 20;  // what its messages may take on disk
  const char* vfs = nullptr;         // of SQLite, null for its default
};

// A queue in a database of SQLite, of one process at a time. A message is added, sent when it comes
// to the front, and removed when it has arrived; messages that were sent and not removed are sent
// again by the process that opens the spool next.
//
// What add() and remove() change is in an open transaction until save(): a process that is killed
// before leaves the state before. A message that is added and removed between two saves never
// touches the disk, so while a server answers, nothing is written.
//
// Errors of all functions name the file. After one the spool is of no further use; what was saved
// is on the disk.
class Spool {
 public:
  // Takes up what is there, or makes the file. kRefused when another process has it open,
  // kMalformed when it is damaged, kInvalidArgument when it is something else.
  static Result<Spool> open(const SpoolOptions& options);
  Spool(Spool&&) noexcept;
  Spool& operator=(Spool&&) noexcept;
  ~Spool();

  // Over the limit of size the oldest messages that were not sent yet make room. kTooLarge, and
  // nothing has changed, when that does not help.
  Result<void> add(const SpooledMessage& message);
  // The oldest message that was not sent; null when there is none. Valid until the next call.
  Result<const SpooledMessage*> front();
  // The message at the front was sent: the next one comes. REQUIRES: front() has just given one
  void sent();
  // It has arrived, or never will.
  Result<void> remove(int64_t number);
  // The topic of a message that was not removed.
  Result<std::string> topic(int64_t number);

  Result<void> save();
  // Every message that is in it would survive the process.
  bool is_safe() const;
  // save() has something to do.
  bool is_changed() const;

  const std::string& path() const;
  uint64_t count() const;    // of the messages in it
  uint64_t unsent() const;   // of those that are still to come to the front
  uint64_t size() const;     // that they take
  uint64_t dropped() const;  // for want of room, since open()

 private:
  struct State;
  explicit Spool(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace mq
