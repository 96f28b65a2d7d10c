// Where messages go: standard output, a file, a directory, a command.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "codec/packet.h"

namespace mq {

class MessageSink {
 public:
  struct Owner {
    // full() or busy() has come to an end.
    virtual void sink_ready() = 0;
    // It takes nothing more; kClosed: who read it has gone.
    virtual void sink_failed(const Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  virtual ~MessageSink() = default;
  // An error, for the user, is about this message.
  virtual Result<void> put(const Publish& publish, Now now) = 0;
  // Passes on what is gathered.
  virtual void flush() {}
  // Give it no more for now.
  virtual bool full() const { return false; }
  // How the connection is doing, for those who show it.
  virtual void connected() {}
  virtual void connection_lost() {}
  // The run is over, and nothing more is put. Called once.
  virtual Result<void> finish(Now now) {
    static_cast<void>(now);
    return {};
  }
  // Not everything that was put has got where it belongs.
  virtual bool busy() const { return false; }
};

}  // namespace mq
