// A disk in memory for SQLite, as a VFS of its own: it fails when told to, and when its power is
// cut it has only what was synced.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"

struct sqlite3_vfs;

namespace mq {

class FakeDisk {
 public:
  FakeDisk();
  ~FakeDisk();
  FakeDisk(const FakeDisk&) = delete;
  FakeDisk& operator=(const FakeDisk&) = delete;

  // What SQLite knows it by.
  const char* vfs() const { return name_.c_str(); }

  // Writes, truncations and syncs so far.
  uint64_t operations() const;
  // The operation with that number, counted from 0, and all after it fail with SQLite's `code`.
  void fail_from(uint64_t operation, int code);
  void heal();

  // The process dies: whoever has a file open is dead to the disk, and what was written is there.
  void crash();
  // The power fails: the same, but of what was not synced, whatever `chance` leaves is there,
  // sector by sector; without it, nothing.
  void cut_power(Random* chance = nullptr);

  // A file's bytes, to look at and to spoil.
  std::vector<uint8_t>& bytes(const std::string& path);
  bool has(const std::string& path) const;

 private:
  friend struct FakeFile;
  friend struct FakeVfs;
  struct Write {
    size_t at;
    std::vector<uint8_t> bytes;
    bool truncates;  // to `at`
  };
  struct File {
    std::vector<uint8_t> now, synced;
    std::vector<Write> unsynced;
    bool locked = false;
  };
  // SQLITE_OK or what the operation at hand has to fail with.
  int count();

  const std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  mutable std::mutex mutex_;  // protects what follows
  std::map<std::string, std::shared_ptr<File>> files_;
  uint64_t operations_ = 0;
  std::optional<uint64_t> fail_from_;
  int code_ = 0;
};

}  // namespace mq
