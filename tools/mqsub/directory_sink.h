// Messages as files of a directory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "clients/printing.h"
#include "mqsub/message_sink.h"

namespace mq {

enum class FilePer : uint8_t { kTopic, kMessage };

// The name of the file for a topic: one component, whatever the topic. Letters, digits and
// "-_,=+@:" stand for themselves, as does a full stop that is not in front; all other bytes become
// %XX. What would be longer than file systems take is cut off and gets a hash of the whole.
std::string file_name_of(std::string_view topic);

// A file for each topic, which messages are appended to, or for each message: its payload, in a
// file named after the topic and the microsecond of its arrival. Never writes outside of the
// directory, nor through a link that somebody put into it.
class DirectorySink final : public MessageSink {
 public:
  static Result<std::unique_ptr<DirectorySink>> open(const std::string& path, FilePer per,
                                                     Printing printing);
  ~DirectorySink() override;

  Result<void> put(const Publish& publish, Now now) override;

 private:
  DirectorySink(int fd, FilePer per, Printing printing)
      : fd_(fd), per_(per), printing_(std::move(printing)) {}
  Result<int> open_file(const std::string& name, WallTime received) const;

  int fd_;
  FilePer per_;
  Printing printing_;
  Buffer text_;
};

}  // namespace mq
