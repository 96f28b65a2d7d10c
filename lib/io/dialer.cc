#include "io/dialer.h"

#include <sys/un.h>

#include <algorithm>

#include <fmt/core.h>
#include <uv.h>

#include "io/uv_error.h"

namespace mq {
namespace {

constexpr Duration kStagger = std::chrono::milliseconds(250);  // RFC 8305 section 5

void connected(uv_connect_t* request, int status, void (*report)(void*, uv_stream_t*, int)) {
  uv_stream_t* handle = request->handle;
  delete request;
  if (handle->data != nullptr) report(handle->data, handle, status);
}

}  // namespace

// Belongs to libuv until it calls back; `data` is null when the dialer has gone.
struct Dialer::Lookup {
  uv_getaddrinfo_t uv;
};

Dialer::Dialer(Loop& loop, DialOptions options, Done done)
    : loop_(loop),
      options_(std::move(options)),
      done_(std::move(done)),
      deadline_(loop,
                [this](Now) {
                  finish(fail(ErrorCode::kTimedOut,
                              fmt::format("cannot connect to {}: timed out after {:g} s",
                                          options_.address.text(), seconds(options_.timeout)),
                              UV_ETIMEDOUT));
                }),
      stagger_(loop, [this](Now) { dial_next(); }) {
  deadline_.set(add(loop_.now().mono, options_.timeout));
  loop_.once(*this);  // from where `done` may be called
}

Dialer::~Dialer() {
  if (lookup_ == nullptr) return;
  lookup_->uv.data = nullptr;
  uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->uv));
  loop_.abandon(1);
}

void Dialer::before_sleep(Now) {
  if (options_.address.kind == TransportKind::kUnix) return dial_unix();
  auto known = known_addresses(options_.address.host, options_.address.port);
  if (known.empty()) return look_up();
  looked_up(std::move(known));
}

void Dialer::look_up() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  lookup_ = new Lookup{};
  lookup_->uv.data = this;
  const int error = uv_getaddrinfo(
      loop_.uv(), &lookup_->uv,
      [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        auto* self = static_cast<Dialer*>(request->data);
        if (self == nullptr) Loop::of(request->loop).abandon(-1);
        delete reinterpret_cast<Lookup*>(request);
        auto addresses = in_turn(found);
        uv_freeaddrinfo(found);
        if (self == nullptr) return;
        self->lookup_ = nullptr;
        if (status != 0) return self->finish(tl::unexpected(self->error(status)));
        self->looked_up(std::move(addresses));
      },
      options_.address.host.c_str(), std::to_string(options_.address.port).c_str(), &hints);
  if (error != 0) {  // a name longer than there can be
    delete std::exchange(lookup_, nullptr);
    finish(tl::unexpected(this->error(UV_EAI_NONAME)));
  }
}

// Drops addresses of the family that the user does not want; false when that leaves none.
bool Dialer::keep_family() {
  if (options_.family == Family::kAny || addresses_.empty()) return true;
  const bool v4 = options_.family == Family::kV4;
  std::erase_if(addresses_,
                [v4](const SocketAddress& a) { return a.family() != (v4 ? AF_INET : AF_INET6); });
  if (!addresses_.empty()) return true;
  finish(fail(ErrorCode::kUnreachable, fmt::format("cannot connect to {}: it has no {} address",
                                                   options_.address.text(), v4 ? "IPv4" : "IPv6")));
  return false;
}

void Dialer::looked_up(std::vector<SocketAddress> addresses) {
  addresses_ = std::move(addresses);
  if (!keep_family()) return;
  if (!options_.bind_address.empty()) {
    const auto local = numeric_address(options_.bind_address, 0);
    if (!local) {
      return finish(fail(ErrorCode::kInvalidArgument,
                         fmt::format("'{}' is not an address to connect from: give a numeric one",
                                     options_.bind_address)));
    }
    std::erase_if(addresses_,
                  [&](const SocketAddress& a) { return a.family() != local->family(); });
    if (addresses_.empty()) {
      return finish(fail(
          ErrorCode::kUnreachable,
          fmt::format("cannot connect to {} from {}: it has no {} address", options_.address.text(),
                      options_.bind_address, local->family() == AF_INET ? "IPv4" : "IPv6")));
    }
  }
  dial_next();
}

void Dialer::dial_unix() {
  // libuv would cut it.
  if (options_.address.host.size() >= sizeof(sockaddr_un::sun_path)) {
    return finish(tl::unexpected(error(UV_ENAMETOOLONG)));
  }
  int code = 0;
  auto handle =
      make_uv<uv_pipe_t>([&](uv_pipe_t* h) { return uv_pipe_init(loop_.uv(), h, 0); }, code);
  if (!handle) return finish(tl::unexpected(error(code)));
  handle->data = this;
  uv_pipe_connect(new uv_connect_t, handle.get(), options_.address.host.c_str(),
                  [](uv_connect_t* request, int status) {
                    connected(request, status, [](void* self, uv_stream_t* h, int s) {
                      static_cast<Dialer*>(self)->attempt_ended(h, s);
                    });
                  });
  attempts_.push_back(as_stream(std::move(handle)));
}

void Dialer::dial_next() {
  while (next_ < addresses_.size()) {
    const int code = dial(addresses_[next_++]);
    if (code == 0) {
      if (next_ < addresses_.size()) stagger_.set(loop_.now().mono + kStagger);
      return;
    }
    attempt_failed(code);
  }
  fail_if_over();
}

int Dialer::dial(const SocketAddress& address) {
  int code = 0;
  auto handle = make_uv<uv_tcp_t>([&](uv_tcp_t* h) { return uv_tcp_init(loop_.uv(), h); }, code);
  if (!handle) return code;
  if (!options_.bind_address.empty()) {
    const auto local = numeric_address(options_.bind_address, 0);
    code = uv_tcp_bind(handle.get(), local->get(), 0);
    if (code != 0) return code;
  }
  auto request = std::make_unique<uv_connect_t>();
  handle->data = this;
  code =
      uv_tcp_connect(request.get(), handle.get(), address.get(), [](uv_connect_t* r, int status) {
        connected(r, status, [](void* self, uv_stream_t* h, int s) {
          static_cast<Dialer*>(self)->attempt_ended(h, s);
        });
      });
  if (code != 0) return code;
  static_cast<void>(request.release());  // connected() deletes it
  if (options_.no_delay) uv_tcp_nodelay(handle.get(), 1);
  attempts_.push_back(as_stream(std::move(handle)));
  return 0;
}

void Dialer::attempt_ended(uv_stream_t* handle, int status) {
  const auto at =
      std::ranges::find_if(attempts_, [&](const UvStream& a) { return a.get() == handle; });
  UvStream stream = std::move(*at);
  attempts_.erase(at);
  if (status == 0) return finish(std::move(stream));
  attempt_failed(status);
  stream.reset();
  dial_next();
}

void Dialer::attempt_failed(int status) {
  // "Refused" came from a machine that is there; "no route" to one of its addresses says less.
  if (failure_ == 0 || status == UV_ECONNREFUSED) failure_ = status;
}

void Dialer::fail_if_over() {
  if (attempts_.empty()) finish(tl::unexpected(error(failure_ != 0 ? failure_ : UV_EAI_NONAME)));
}

void Dialer::finish(Result<UvStream> result) {
  deadline_.cancel();
  stagger_.cancel();
  attempts_.clear();
  const Done done = std::move(done_);  // outlives us when it destroys us
  done(std::move(result));
}

Error Dialer::error(int code) const {
  const bool unix_socket = options_.address.kind == TransportKind::kUnix;
  const bool nobody = code == UV_ECONNREFUSED || (unix_socket && code == UV_ENOENT);
  Error e = uv_error(code, fmt::format("cannot connect to {}", options_.address.text()));
  if (nobody) e.text += " (is a broker running there?)";
  return e;
}

}  // namespace mq
