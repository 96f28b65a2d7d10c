// The SessionStore on disk: batches are written on a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/histogram.h"
#include "store/change.h"
#include "store/sqlite_file.h"

namespace mq {

// While one transaction is written the next batches gather, and go into one transaction together:
// the slower the disk, the larger the groups. What fails to be written is kept and tried again
// until it succeeds, and meanwhile nothing is reported.
class SqliteStore final : public ChangeWriter {
 public:
  static constexpr std::chrono::milliseconds kRetryAfter{1000};

  struct Report {
    BatchId durable = 0;           // this batch and all before it are safe
    std::optional<Error> failure;  // what went wrong with those after it, or in keeping order
  };
  // Called on the store's thread: when batches became safe, and once when writing begins to fail.
  using Reporter = std::function<void(const Report&)>;

  static Result<std::unique_ptr<SqliteStore>> open(const StoreOptions& options);
  // Writes what is left, or gives it up if that fails, and folds the journal. Returns after that.
  ~SqliteStore() override;

  // Starts the thread. After load(), before the first commit().
  void start(Reporter reporter);

  Result<void> load(StoreSink& to, Now now) override { return file_->load(to, now); }
  BatchId commit() override;
  void awaits(uint32_t messages) override { awaits_ = messages; }
  StoreState state() override;
  std::optional<double> commit_ms_p99() override;

 private:
  SqliteStore(const StoreOptions& options, std::unique_ptr<SqliteFile> file)
      : backlog_max_(options.backlog_max),
        settle_max_(options.settle_max),
        file_(std::move(file)) {}
  void run();
  void settle(std::unique_lock<std::mutex>& lock);
  bool write(Buffer& changes, BatchId last);

  const uint64_t backlog_max_;
  const std::chrono::nanoseconds settle_max_;
  const std::unique_ptr<SqliteFile> file_;  // the thread's, once there is one
  Reporter reporter_;
  BatchId safe_ = 0;     // the thread's
  bool behind_ = false;  // of the last state()
  uint32_t awaits_ = 0;  // the broker's thread has it

  std::mutex mutex_;  // protects what follows, up to commit_ns_
  std::condition_variable wake_;
  Buffer pending_;         // closed batches that nobody writes yet
  BatchId committed_ = 0;  // the last of them
  uint32_t awaited_ = 0;   // messages of theirs that may be acknowledged soon
  bool settling_ = false;  // the thread waits for that
  bool ending_ = false;
  Histogram commit_ns_{2};  // since it was last asked for

  std::atomic<uint64_t> backlog_ = 0;  // bytes of batches that are closed and not safe
  std::atomic<bool> failing_ = false;
  std::atomic<BatchId> begun_ = 0;
  std::thread thread_;
};

}  // namespace mq
