#include "mqsub/directory_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "common/console.h"

namespace mq {
namespace {

constexpr size_t kNameMax = 200;  // leaves room for a number within the usual 255

bool stands_for_itself(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_,=+@:").find(c) != std::string_view::npos;
}

// FNV-1a: the same name in every run.
uint64_t hash(std::string_view text) {
  uint64_t value = 0xCBF29CE484222325;
  for (const char c : text) value = (value ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  return value;
}

Error system_error(std::string_view what, std::string_view name) {
  return {ErrorCode::kIo, fmt::format("cannot {} {}: {}", what, name, std::strerror(errno)), errno};
}

}  // namespace

std::string file_name_of(std::string_view topic) {
  std::string name;
  for (const char c : topic) {
    if (stands_for_itself(c) || (c == '.' && !name.empty())) {
      name += c;
    } else {
      name += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  if (name.size() > kNameMax) {
    name.resize(kNameMax - 17);
    name += fmt::format("~{:016x}", hash(topic));  // '~' stands in no other name
  }
  return name;
}

Result<std::unique_ptr<DirectorySink>> DirectorySink::open(const std::string& path, FilePer per,
                                                           Printing printing) {
  if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return tl::unexpected(system_error("make the directory", path));
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return tl::unexpected(system_error("open the directory", path));
  return std::unique_ptr<DirectorySink>(new DirectorySink(fd, per, std::move(printing)));
}

DirectorySink::~DirectorySink() {
  close(fd_);
}

Result<int> DirectorySink::open_file(const std::string& name, WallTime received) const {
  // Somebody may have put a pipe there that nobody reads: O_NONBLOCK makes an error of it.
  constexpr int kFlags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  if (per_ == FilePer::kTopic) {
    const int fd = openat(fd_, name.c_str(), kFlags | O_APPEND, 0666);
    if (fd < 0) return tl::unexpected(system_error("write", name));
    return fd;
  }
  for (auto us = received.time_since_epoch().count();; ++us) {
    const int fd = openat(fd_, fmt::format("{}.{}", name, us).c_str(), kFlags | O_EXCL, 0666);
    if (fd >= 0) return fd;
    if (errno != EEXIST) return tl::unexpected(system_error("write", name));
  }
}

Result<void> DirectorySink::put(const Publish& publish, Now now) {
  text_.clear();
  if (per_ == FilePer::kMessage && !printing_.format && !printing_.decode) {
    text_.append(publish.payload);
  } else {
    MQ_CHECK(print(printing_, publish, now.wall, text_));
  }
  const std::string name = file_name_of(publish.topic);
  MQ_TRY(const int fd, open_file(name, now.wall));
  const bool written = write_all(fd, to_string_view(text_.bytes()));
  const bool closed = close(fd) == 0;
  if (!written || !closed) return tl::unexpected(system_error("write", name));
  return {};
}

}  // namespace mq
