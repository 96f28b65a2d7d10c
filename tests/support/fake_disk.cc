#include "support/fake_disk.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include <sqlite3.h>

namespace mq {
namespace {

constexpr size_t kSector = 512;

std::string next_name() {
  static std::atomic<int> count = 0;
  return "fake-disk-" + std::to_string(++count);
}

}  // namespace

// SQLite makes its memory and hands it over uninitialised.
struct FakeFile : sqlite3_file {
  FakeDisk* disk;
  std::shared_ptr<FakeDisk::File> file;
  std::string path;
  bool holds_lock = false;

  static FakeFile& of(sqlite3_file* file) { return *static_cast<FakeFile*>(file); }
  // Not after a power cut.
  bool is_alive() const {
    const auto found = disk->files_.find(path);
    return found != disk->files_.end() && found->second == file;
  }

  static int close(sqlite3_file* f) {
    FakeFile& self = of(f);
    {
      const std::lock_guard lock(self.disk->mutex_);
      if (self.holds_lock) self.file->locked = false;
    }
    self.file.~shared_ptr();
    self.path.~basic_string();
    return SQLITE_OK;
  }

  static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
    FakeFile& self = of(f);
    const std::lock_guard lock(self.disk->mutex_);
    const std::vector<uint8_t>& bytes = self.file->now;
    const auto begin = std::min(static_cast<size_t>(at), bytes.size());
    const size_t there = std::min(static_cast<size_t>(size), bytes.size() - begin);
    if (there > 0) std::memcpy(to, bytes.data() + begin, there);  // of no bytes, data() is null
    if (there == static_cast<size_t>(size)) return SQLITE_OK;
    std::memset(static_cast<char*>(to) + there, 0, static_cast<size_t>(size) - there);
    return SQLITE_IOERR_SHORT_READ;
  }

  static int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
    FakeFile& self = of(f);
    const std::lock_guard lock(self.disk->mutex_);
    if (!self.is_alive()) return SQLITE_IOERR_WRITE;
    if (const int code = self.disk->count(); code != SQLITE_OK) return code;
    const auto* bytes = static_cast<const uint8_t*>(from);
    FakeDisk::Write write{static_cast<size_t>(at), {bytes, bytes + size}, false};
    apply(write, self.file->now);
    self.file->unsynced.push_back(std::move(write));
    return SQLITE_OK;
  }

  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    FakeFile& self = of(f);
    const std::lock_guard lock(self.disk->mutex_);
    if (!self.is_alive()) return SQLITE_IOERR_TRUNCATE;
    if (const int code = self.disk->count(); code != SQLITE_OK) return code;
    FakeDisk::Write write{static_cast<size_t>(size), {}, true};
    apply(write, self.file->now);
    self.file->unsynced.push_back(std::move(write));
    return SQLITE_OK;
  }

  static int sync(sqlite3_file* f, int) {
    FakeFile& self = of(f);
    const std::lock_guard lock(self.disk->mutex_);
    if (!self.is_alive()) return SQLITE_IOERR_FSYNC;
    if (const int code = self.disk->count(); code != SQLITE_OK) return code;
    self.file->synced = self.file->now;
    self.file->unsynced.clear();
    return SQLITE_OK;
  }

  static void apply(const FakeDisk::Write& write, std::vector<uint8_t>& to) {
    if (write.truncates) return to.resize(write.at);
    if (to.size() < write.at + write.bytes.size()) to.resize(write.at + write.bytes.size());
    std::copy(write.bytes.begin(), write.bytes.end(),
              to.begin() + static_cast<std::ptrdiff_t>(write.at));
  }

  static int size(sqlite3_file* f, sqlite3_int64* to) {
    FakeFile& self = of(f);
    const std::lock_guard lock(self.disk->mutex_);
    *to = static_cast<sqlite3_int64>(self.file->now.size());
    return SQLITE_OK;
  }

  static int lock(sqlite3_file* f, int) {
    FakeFile& self = of(f);
    const std::lock_guard lock(self.disk->mutex_);
    if (self.file->locked && !self.holds_lock) return SQLITE_BUSY;
    self.file->locked = self.holds_lock = true;
    return SQLITE_OK;
  }

  static int unlock(sqlite3_file* f, int level) {
    FakeFile& self = of(f);
    const std::lock_guard lock(self.disk->mutex_);
    if (level == SQLITE_LOCK_NONE && self.holds_lock) self.file->locked = self.holds_lock = false;
    return SQLITE_OK;
  }

  static int check_lock(sqlite3_file* f, int* to) {
    *to = of(f).file->locked ? 1 : 0;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return kSector; }
  static int characteristics(sqlite3_file*) { return 0; }
};

struct FakeVfs {
  static FakeDisk& of(sqlite3_vfs* vfs) { return *static_cast<FakeDisk*>(vfs->pAppData); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* to, int, int*) {
    static constexpr sqlite3_io_methods kMethods = {
        1, FakeFile::close, FakeFile::read, FakeFile::write, FakeFile::truncate, FakeFile::sync,
        FakeFile::size, FakeFile::lock, FakeFile::unlock, FakeFile::check_lock, FakeFile::control,
        FakeFile::sector_size, FakeFile::characteristics,
        nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
    FakeDisk& disk = of(vfs);
    auto& file = *new (to) FakeFile{};
    file.disk = &disk;
    file.path = name == nullptr ? "temporary" : name;
    const std::lock_guard lock(disk.mutex_);
    auto& there = disk.files_[file.path];
    if (there == nullptr) there = std::make_shared<FakeDisk::File>();
    file.file = there;
    to->pMethods = &kMethods;
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int) {
    FakeDisk& disk = of(vfs);
    const std::lock_guard lock(disk.mutex_);
    disk.files_.erase(name);
    return SQLITE_OK;
  }

  static int access(sqlite3_vfs* vfs, const char* name, int, int* to) {
    *to = of(vfs).has(name) ? 1 : 0;
    return SQLITE_OK;
  }

  static int full_name(sqlite3_vfs*, const char* name, int size, char* to) {
    sqlite3_snprintf(size, to, "%s", name);
    return SQLITE_OK;
  }
};

FakeDisk::FakeDisk() : name_(next_name()) {
  const sqlite3_vfs& system = *sqlite3_vfs_find(nullptr);
  vfs_ = std::make_unique<sqlite3_vfs>(system);  // its clock, its random numbers
  vfs_->iVersion = 1;
  vfs_->szOsFile = sizeof(FakeFile);
  vfs_->zName = name_.c_str();
  vfs_->pNext = nullptr;
  vfs_->pAppData = this;
  vfs_->xOpen = FakeVfs::open;
  vfs_->xDelete = FakeVfs::remove;
  vfs_->xAccess = FakeVfs::access;
  vfs_->xFullPathname = FakeVfs::full_name;
  sqlite3_vfs_register(vfs_.get(), 0);
}

FakeDisk::~FakeDisk() { sqlite3_vfs_unregister(vfs_.get()); }

int FakeDisk::count() {
  const uint64_t operation = operations_++;
  return fail_from_ && operation >= *fail_from_ ? code_ : SQLITE_OK;
}

uint64_t FakeDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void FakeDisk::fail_from(uint64_t operation, int code) {
  const std::lock_guard lock(mutex_);
  fail_from_ = operation;
  code_ = code;
}

void FakeDisk::heal() {
  const std::lock_guard lock(mutex_);
  fail_from_.reset();
}

void FakeDisk::crash() {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) {
    file = std::make_shared<File>(*file);
    file->locked = false;
  }
}

void FakeDisk::cut_power(Random* chance) {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) {
    auto left = std::make_shared<File>();
    left->now = file->synced;
    for (const Write& write : file->unsynced) {
      if (chance == nullptr) break;
      if (write.truncates) {
        if (chance->chance(0.5)) FakeFile::apply(write, left->now);
        continue;
      }
      for (size_t at = 0; at < write.bytes.size(); at += kSector) {
        if (!chance->chance(0.5)) continue;
        const auto begin = write.bytes.begin() + static_cast<std::ptrdiff_t>(at);
        const auto size = std::min(kSector, write.bytes.size() - at);
        FakeFile::apply({write.at + at, {begin, begin + static_cast<std::ptrdiff_t>(size)}, false},
                        left->now);
      }
    }
    left->synced = left->now;
    file = std::move(left);
  }
}

std::vector<uint8_t>& FakeDisk::bytes(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return files_.at(path)->now;
}

bool FakeDisk::has(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return files_.contains(path);
}

}  // namespace mq
