// Messages on their way out, in a file, so that they survive the program that sends them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/version.h"

namespace mq {

// Views: of the caller in add(), of the spool in next().
struct SpooledMessage {
  int64_t number = 0;  // in the order of add(); given by the spool
  std::string_view topic = {};
  Bytes payload = {};
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  Bytes properties = {};  // as encoded
};

// A queue in a database of SQLite, of one process at a time. What add() and remove() change is on
// disk when commit() has returned; a process that is killed before leaves the state before.
class Spool {
 public:
  // Takes up what is there. Messages may take `size_max` bytes: over that the oldest one that was
  // not read makes room.
  static Result<Spool> open(const std::string& path, uint64_t size_max);
  Spool(Spool&&) noexcept;
  Spool& operator=(Spool&&) noexcept;
  ~Spool();

  Result<void> add(const SpooledMessage& message);
  // The oldest message that was not read yet; false when there is none. Valid until the next call.
  Result<bool> next(SpooledMessage& message);
  // It has been delivered, or never will be.
  Result<void> remove(int64_t number);
  Result<void> commit();

  uint64_t count() const;    // of the messages in it
  uint64_t unread() const;   // of those that next() has still to give
  uint64_t dropped() const;  // for want of room, since open()

 private:
  struct State;
  explicit Spool(std::unique_ptr<State> state);
  Result<void> make_room();

  std::unique_ptr<State> state_;
};

}  // namespace mq
