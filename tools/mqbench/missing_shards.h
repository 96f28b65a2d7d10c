// Which shards of a load are not there, for those who start them.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace mq {

// "0, 3", or "0, 1, 2 and 97 more" of many.
std::string missing_shards(const std::set<uint32_t>& there, uint32_t of);

}  // namespace mq
