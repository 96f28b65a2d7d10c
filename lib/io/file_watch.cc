#include "io/file_watch.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include <uv.h>

namespace mq {

FileWatch::FileWatch(Loop& loop, Duration interval, std::function<void()> on_change)
    : loop_(loop),
      interval_(interval),
      on_change_(std::move(on_change)),
      quiet_(loop, [this](Now) { on_change_(); }) {}

FileWatch::~FileWatch() = default;

void FileWatch::set(std::vector<std::string> paths) {
  std::ranges::sort(paths);
  const auto same = std::ranges::unique(paths);
  paths.erase(same.begin(), same.end());
  if (paths == paths_) return;
  paths_ = std::move(paths);
  handles_.clear();
  for (const std::string& path : paths_) {
    int error = 0;
    UvPtr<uv_fs_poll_t> handle = make_uv<uv_fs_poll_t>(
        [this](uv_fs_poll_t* h) { return uv_fs_poll_init(loop_.uv(), h); }, error);
    assert(handle);
    handle->data = this;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(interval_).count();
    error = uv_fs_poll_start(
        handle.get(),
        [](uv_fs_poll_t* h, int status, const uv_stat_t*, const uv_stat_t*) {
          auto* const self = static_cast<FileWatch*>(h->data);
          if (self == nullptr || status != 0) return;
          self->quiet_.set(self->loop_.now().mono + self->interval_);
        },
        path.c_str(), static_cast<unsigned>(ms));
    assert(error == 0);
    uv_unref(reinterpret_cast<uv_handle_t*>(handle.get()));
    handles_.push_back(std::move(handle));
  }
}

}  // namespace mq
