#include "io/srv_lookup.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

#include <fmt/core.h>
#include <uv.h>

namespace mq {
namespace {

// The resolver of the C library, with a state of this thread's own.
class Resolver {
 public:
  Resolver() { ready_ = res_ninit(&state_) == 0; }
  ~Resolver() {
    if (ready_) res_nclose(&state_);
  }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  bool ready() const { return ready_; }
  res_state operator->() { return &state_; }
  res_state get() { return &state_; }

 private:
  struct __res_state state_ {};
  bool ready_ = false;
};

tl::unexpected<Error> failure(const std::string& name, int why) {
  switch (why) {
    case HOST_NOT_FOUND:
    case NO_DATA:
      return fail(ErrorCode::kNotFound,
                  fmt::format("there is no SRV record {}: is the domain right? Without -S, the "
                              "host itself is connected to",
                              name));
    case TRY_AGAIN:
      return fail(
          ErrorCode::kTimedOut,
          fmt::format("cannot look up the SRV record {}: the name server does not answer", name));
    default:
      return fail(ErrorCode::kIo, fmt::format("cannot look up the SRV record {}: the name server "
                                              "failed",
                                              name));
  }
}

Result<std::vector<SrvRecord>> look_up(const std::string& name) {
  Resolver resolver;
  if (!resolver.ready()) return failure(name, NO_RECOVERY);
  std::vector<uint8_t> answer(NS_MAXMSG);
  const int size = res_nquery(resolver.get(), name.c_str(), ns_c_in, ns_t_srv, answer.data(),
                              static_cast<int>(answer.size()));
  if (size < 0) return failure(name, resolver->res_h_errno);
  answer.resize(std::min(static_cast<size_t>(size), answer.size()));
  MQ_TRY(std::vector<SrvRecord> records, parse_srv_answer(answer));
  if (records.empty()) return failure(name, NO_DATA);
  std::erase_if(records, [](const SrvRecord& record) { return record.host.empty(); });
  if (records.empty()) {
    return fail(ErrorCode::kRefused,
                fmt::format("the SRV record {} says that the domain does not offer this", name));
  }
  return records;
}

}  // namespace

// Belongs to libuv until it calls back; `owner` is null when the look-up has gone.
struct SrvLookup::Query {
  uv_work_t uv{};
  SrvLookup* owner;
  std::string name;
  Result<std::vector<SrvRecord>> result;
};

SrvLookup::SrvLookup(Loop& loop, std::string name, Duration timeout, Done done)
    : loop_(loop),
      name_(std::move(name)),
      done_(std::move(done)),
      deadline_(loop, [this, timeout](Now) {
        finish(fail(ErrorCode::kTimedOut,
                    fmt::format("cannot look up the SRV record {}: timed out after {:g} s", name_,
                                seconds(timeout))));
      }) {
  deadline_.set(add(loop.now().mono, timeout));
  query_ = new Query{{}, this, name_, {}};
  query_->uv.data = query_;
  const int error = uv_queue_work(
      loop.uv(), &query_->uv,
      [](uv_work_t* request) {
        auto* const query = static_cast<Query*>(request->data);
        query->result = look_up(query->name);
      },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Query> query(static_cast<Query*>(request->data));
        if (query->owner == nullptr) return Loop::of(request->loop).abandon(-1);
        query->owner->query_ = nullptr;
        query->owner->finish(std::move(query->result));
      });
  assert(error == 0);  // fails only without a function to call
  static_cast<void>(error);
}

SrvLookup::~SrvLookup() {
  if (query_ == nullptr) return;
  query_->owner = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&query_->uv));
  loop_.abandon(1);
}

void SrvLookup::finish(Result<std::vector<SrvRecord>> result) {
  deadline_.cancel();
  const Done done = std::move(done_);  // outlives us when it destroys us
  done(std::move(result));
}

std::string local_domain() {
  Resolver resolver;
  if (!resolver.ready() || resolver->dnsrch[0] == nullptr) return {};
  return resolver->dnsrch[0];
}

}  // namespace mq
