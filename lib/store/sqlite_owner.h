// A database file that belongs to one process at a time, and to one user.
#pragma once

#include <string>

#include "base/result.h"

namespace mq {

// Makes the file if it is not there, for nobody else to read: whoever reads it reads messages.
void create_private(const std::string& path);

// The error to give for one that is locked: says by which process, if that can be told.
Error in_use(const std::string& path);

}  // namespace mq
