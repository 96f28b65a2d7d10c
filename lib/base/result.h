// Result<T>: a value or an Error that says what went wrong in words for the user.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace mq {

enum class ErrorCode : uint8_t {
  kInvalidArgument,  // the caller's or the user's value cannot be used
  kNotFound,         // a host name, file or key does not exist
  kRefused,          // the other side is there and said no
  kUnreachable,      // the network could not reach the other side
  kTimedOut,         // the time allowed was over
  kClosed,           // the other side ended the connection
  kAddressInUse,     // somebody else listens there
  kMalformed,        // bytes that break the format
  kProtocol,         // well-formed, but not allowed here
  kNotAuthorized,    // credentials or rights are missing
  kTooLarge,         // over a named limit of size
  kFull,             // over a named limit of number
  kIo,               // the operating system failed; `system` holds its error number
  kTls,              // the TLS layer failed
};

std::string_view name(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string text;  // a clause without a full stop: what, where, and what to do about it
  int system = 0;    // errno or a negative libuv code, 0 if it came from neither
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string text, int system = 0) {
  return tl::unexpected<Error>(Error{code, std::move(text), system});
}

}  // namespace mq

// `MQ_TRY(auto value, expression)`: the value of a Result, or return its error from here.
#define MQ_TRY(declaration, ...) MQ_TRY_(MQ_TRY_NAME_(__LINE__), declaration, __VA_ARGS__)
#define MQ_TRY_NAME_(line) MQ_TRY_JOIN_(mq_try_, line)
#define MQ_TRY_JOIN_(a, b) a##b
#define MQ_TRY_(temporary, declaration, ...)                          \
  auto temporary = (__VA_ARGS__);                                     \
  if (!temporary) return tl::unexpected(std::move(temporary).error()); \
  declaration = std::move(*temporary)

// The same for a Result<void>.
#define MQ_CHECK(...)                                                   \
  do {                                                                  \
    if (auto mq_check = (__VA_ARGS__); !mq_check)                       \
      return tl::unexpected(std::move(mq_check).error());               \
  } while (false)
