// Shared objects of ours that are loaded when they are first needed: what a run does not use does
// not cost it memory or time.
#pragma once

#include <string_view>

#include "base/result.h"

namespace mq {

// The address of `symbol` in `file`, which lies in ../lib/mqkit beside the program, or where the
// program is. It is never unloaded. `user` is for the message: who needs it.
Result<void*> module_symbol(std::string_view file, const char* symbol, std::string_view user);

tl::unexpected<Error> wrong_module_version(std::string_view file);

// What the function `entry` of the module gives for this program's version: a table of functions,
// or null to a program of another version, whose types may be others.
template <class Table>
Result<const Table*> load_module(std::string_view file, const char* entry, std::string_view user,
                                 const char* version) {
  using Entry = const Table*(const char*);
  MQ_TRY(void* const symbol, module_symbol(file, entry, user));
  if (const Table* const table = reinterpret_cast<Entry*>(symbol)(version)) return table;
  return wrong_module_version(file);
}

}  // namespace mq
