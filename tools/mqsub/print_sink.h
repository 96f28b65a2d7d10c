// Messages as text on standard output or in a file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "clients/printing.h"
#include "io/output.h"
#include "mqsub/message_sink.h"

namespace mq {

class PrintSink final : public MessageSink, private Output::Owner {
 public:
  // To standard output.
  PrintSink(Loop& loop, Printing printing, MessageSink::Owner& owner);
  // Appends to a file. Once it has `rotate_size` bytes (0: never) it is put aside under the next
  // free name of FILE.1, FILE.2 ... and begun anew.
  static Result<std::unique_ptr<PrintSink>> to_file(Loop& loop, const std::string& path,
                                                    uint64_t rotate_size, Printing printing,
                                                    MessageSink::Owner& owner);
  ~PrintSink() override;

  Result<void> put(const Publish& publish, Now now) override;
  void flush() override { output_.flush(); }
  bool full() const override { return output_.blocked(); }
  bool busy() const override { return !output_.empty(); }
  // For what is printed beside messages.
  Output& output() { return output_; }

 private:
  struct File {
    int fd = -1;
    std::string path;
    uint64_t size = 0;
    uint64_t rotate_size = 0;
  };
  PrintSink(Loop& loop, File file, Printing printing, MessageSink::Owner& owner);

  void output_drained() override { owner_.sink_ready(); }
  void output_failed(const Error& error) override { owner_.sink_failed(error); }
  void rotate();

  MessageSink::Owner& owner_;
  Printing printing_;
  File file_;
  Output output_;
  const bool is_terminal_;
};

}  // namespace mq
