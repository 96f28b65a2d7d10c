// Asks the system's name servers which machines offer a service.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/srv_record.h"

namespace mq {

class SrvLookup {
 public:
  // `done` is called once, from the loop, with one record at least, and may destroy the look-up.
  // One that is destroyed before calls nobody.
  using Done = std::function<void(Result<std::vector<SrvRecord>>)>;
  // `name` as "_mqtt._tcp.example.org". It blocks a thread of libuv's pool, the loop never.
  SrvLookup(Loop& loop, std::string name, Duration timeout, Done done);
  ~SrvLookup();
  SrvLookup(const SrvLookup&) = delete;
  SrvLookup& operator=(const SrvLookup&) = delete;

 private:
  struct Query;

  void finish(Result<std::vector<SrvRecord>> result);

  Loop& loop_;
  std::string name_;
  Done done_;
  Timer deadline_;
  Query* query_ = nullptr;
};

// The domain that this machine is in, as its resolver is told; empty when it is told none.
std::string local_domain();

}  // namespace mq
