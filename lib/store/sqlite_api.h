// SQLite's functions, for lib/store/sqlite_*.cc.
//
// The library is loaded when the first store is opened and not linked: linked, it costs every
// broker 0.8 MB of resident memory and the dynamic linker's time, with a store or without. The
// table of its functions is the one that SQLite itself hands to extensions, so sqlite3ext.h turns
// each sqlite3_x() into a call through it.
#pragma once

#include <sqlite3ext.h>

#include "base/result.h"

extern const sqlite3_api_routines* sqlite3_api;

namespace mq {

// Loads it, the first time. Before that no other function may be called.
Result<void> load_sqlite();

}  // namespace mq
