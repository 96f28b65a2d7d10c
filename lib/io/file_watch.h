// Notices that files have changed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/loop.h"
#include "io/uv_ptr.h"

struct uv_fs_poll_s;

namespace mq {

// Looks at the files once in an interval, and calls back when some have changed and then not for
// an interval: who writes a certificate and its key writes one after the other. Links are
// followed, so that it does not matter whether a file, a link or a directory above was replaced. A
// file that is gone is waited for. Keeps no loop running.
class FileWatch {
 public:
  FileWatch(Loop& loop, Duration interval, std::function<void()> on_change);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Watches these and no others; nothing happens when they are the same as before.
  void set(std::vector<std::string> paths);

 private:
  Loop& loop_;
  const Duration interval_;
  const std::function<void()> on_change_;
  std::vector<std::string> paths_;
  std::vector<UvPtr<uv_fs_poll_s>> handles_;
  Timer quiet_;
};

}  // namespace mq
