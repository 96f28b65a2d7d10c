#include "store/sqlite_store.h"

#include <chrono>

#include "base/log.h"

namespace mq {
namespace {

// Memory that stays with the buffers of batches when they are empty.
constexpr size_t kBufferKept = 1 << 20;

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const StoreOptions& options) {
  MQ_TRY(auto file, SqliteFile::open(options));
  return std::unique_ptr<SqliteStore>(new SqliteStore(options, std::move(file)));
}

SqliteStore::~SqliteStore() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (backlog_ > 0) log(LogLevel::kError, "store_incomplete", {{"bytes", backlog_.load()}});
}

void SqliteStore::start(Reporter reporter) {
  reporter_ = std::move(reporter);
  thread_ = std::thread([this] { run(); });
}

BatchId SqliteStore::commit() {
  Buffer batch = take();
  backlog_ += batch.size();
  BatchId number;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.empty()) {
      pending_ = std::move(batch);
    } else {
      pending_.append(batch.bytes());
    }
    number = ++committed_;
    awaited_ = awaits_;
    if (settling_ && awaited_ > 0) return number;
  }
  wake_.notify_one();
  return number;
}

StoreState SqliteStore::state() {
  // Goes on at half of the limit, so that it does not stop and go with every batch.
  const uint64_t backlog = backlog_ + open_size();
  behind_ = backlog > (behind_ ? backlog_max_ / 2 : backlog_max_);
  return {behind_, failing_, begun_};
}

std::optional<double> SqliteStore::commit_ms_p99() {
  const std::lock_guard lock(mutex_);
  const double ms = static_cast<double>(commit_ns_.percentile(99)) / 1e6;
  commit_ns_ = Histogram(commit_ns_.digits());
  return ms;
}

void SqliteStore::run() {
  Buffer changes;  // of the batches up to `last`, as far as they are not written
  BatchId last = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (changes.empty()) wake_.wait(lock, [&] { return ending_ || committed_ != last; });
    if (changes.empty() && committed_ == last) return;
    if (changes.empty()) settle(lock);
    if (changes.empty()) {
      changes.swap(pending_);
    } else {
      changes.append(pending_.bytes());
    }
    pending_.clear();
    last = committed_;
    begun_ = last;
    awaited_ = 0;
    const bool ending = ending_;
    lock.unlock();
    const bool written = write(changes, last);
    lock.lock();
    if (written) continue;
    if (ending) return;
    wake_.wait_for(lock, kRetryAfter, [this] { return ending_; });
  }
}

// Waits while messages of the group are on their way to clients that may acknowledge them, but no
// longer than writing the group would take. So the wait at most doubles the time until the group is
// safe; and where the acknowledgements come, as they mostly do, there is nothing left to write.
void SqliteStore::settle(std::unique_lock<std::mutex>& lock) {
  const auto start = std::chrono::steady_clock::now();
  settling_ = true;
  while (!ending_ && awaited_ > 0) {
    const auto until = start + std::min(file_->cost(pending_.size()), settle_max_);
    if (std::chrono::steady_clock::now() >= until) break;
    wake_.wait_until(lock, until);
  }
  settling_ = false;
}

// Empties `changes` when they are safe.
bool SqliteStore::write(Buffer& changes, BatchId last) {
  const auto start = std::chrono::steady_clock::now();
  if (auto written = file_->write(changes.bytes()); !written) {
    if (!failing_.exchange(true)) reporter_({safe_, std::move(written.error())});
    return false;
  }
  const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - start;
  {
    const std::lock_guard lock(mutex_);
    commit_ns_.record(took.count());
  }
  failing_ = false;
  backlog_ -= changes.size();
  changes.clear();
  if (changes.capacity() > kBufferKept) changes.release();
  safe_ = last;
  reporter_({last, std::nullopt});
  // Those who wait have been told. The next batches gather meanwhile.
  if (auto folded = file_->fold_if_due(); !folded) reporter_({last, std::move(folded.error())});
  return true;
}

}  // namespace mq
