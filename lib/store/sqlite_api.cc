#include "store/sqlite_api.h"

#include <dlfcn.h>

#include <fmt/core.h>

const sqlite3_api_routines* sqlite3_api = nullptr;

// What this file calls is looked up by name.
#undef sqlite3_auto_extension
#undef sqlite3_cancel_auto_extension
#undef sqlite3_open
#undef sqlite3_close

namespace mq {
namespace {

constexpr const char* kLibrary = "libsqlite3.so.0";

int take_api(sqlite3*, char**, const sqlite3_api_routines* api) {
  sqlite3_api = api;
  return SQLITE_OK;
}

}  // namespace

Result<void> load_sqlite() {
  if (sqlite3_api != nullptr) return {};
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("a store needs SQLite ({}): install libsqlite3-0", dlerror()));
  }
  using EntryPoint = void (*)();
  const auto auto_extension =
      reinterpret_cast<int (*)(EntryPoint)>(dlsym(library, "sqlite3_auto_extension"));
  const auto cancel =
      reinterpret_cast<int (*)(EntryPoint)>(dlsym(library, "sqlite3_cancel_auto_extension"));
  const auto open =
      reinterpret_cast<int (*)(const char*, sqlite3**)>(dlsym(library, "sqlite3_open"));
  const auto close = reinterpret_cast<int (*)(sqlite3*)>(dlsym(library, "sqlite3_close"));
  if (auto_extension != nullptr && cancel != nullptr && open != nullptr && close != nullptr) {
    // An extension gets the table when a database is opened; this one is in memory, for a moment.
    const auto entry = reinterpret_cast<EntryPoint>(take_api);
    sqlite3* db = nullptr;
    auto_extension(entry);
    open(":memory:", &db);
    close(db);
    cancel(entry);
  }
  if (sqlite3_api == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("{} is not an SQLite 3", kLibrary));
  }
  return {};
}

}  // namespace mq
