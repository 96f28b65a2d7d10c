#include "mqbench/payload_pool.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/random.h"
#include "base/units.h"

namespace mq {
namespace {

using nlohmann::ordered_json;

// All there is to read, or one byte more than `size_max`.
std::string read_all(std::FILE* file, uint64_t size_max) {
  std::string text;
  std::array<char, 65536> block;
  while (text.size() <= size_max) {
    const size_t want = std::min<uint64_t>(block.size(), size_max + 1 - text.size());
    const size_t got = std::fread(block.data(), 1, want, file);
    if (got == 0) break;
    text.append(block.data(), got);
  }
  return text;
}

tl::unexpected<Error> cannot_read(const std::string& path, int error) {
  return fail(ErrorCode::kIo, fmt::format("cannot read {}: {}", path, std::strerror(error)), error);
}

// Nothing that is wrong with it is repeated: it may be large.
Result<std::string> payload_of(std::string_view line) {
  const ordered_json message = ordered_json::parse(line, nullptr, false);
  if (!message.is_object()) return fail(ErrorCode::kMalformed, "not a JSON object");
  if (const auto coded = message.find("payload_b64"); coded != message.end()) {
    if (coded->is_string()) {
      if (const auto bytes = decode_base64(coded->get_ref<const std::string&>())) {
        return std::string(to_string_view(*bytes));
      }
    }
    return fail(ErrorCode::kMalformed, "\"payload_b64\" is not base64");
  }
  const auto found = message.find("payload");
  if (found == message.end()) return fail(ErrorCode::kMalformed, "no \"payload\"");
  if (found->is_null()) return std::string();
  if (found->is_string()) return found->get<std::string>();
  return found->dump();  // mqsub -J prints the JSON that a payload is
}

}  // namespace

Result<std::string> read_whole(const std::string& path, uint64_t size_max) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return cannot_read(path, errno);
  errno = 0;
  std::string text = read_all(file, size_max);
  const int error = std::ferror(file) != 0 ? errno : 0;
  std::fclose(file);
  if (error != 0) return cannot_read(path, error);
  if (text.size() > size_max) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} has more than {}", path, format_size(size_max)));
  }
  return text;
}

Result<void> PayloadPool::add(std::string_view payload) {
  if (payload.size() > SizeSpec::kSizeMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("larger than a payload can be ({})", format_size(SizeSpec::kSizeMax)));
  }
  if (size() == kCountMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("more than {} payloads", format_count(kCountMax)));
  }
  if (bytes_.size() + payload.size() > kBytesMax) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("more than {} of payloads", format_size(kBytesMax)));
  }
  bytes_ += payload;
  ends_.push_back(bytes_.size());
  return {};
}

Bytes PayloadPool::at(size_t index) const {
  const size_t begin = index == 0 ? 0 : ends_[index - 1];
  return to_bytes(std::string_view(bytes_).substr(begin, ends_[index] - begin));
}

size_t PayloadPool::largest() const {
  size_t largest = 0;
  for (size_t i = 0; i < size(); ++i) largest = std::max(largest, at(i).size());
  return largest;
}

Result<PayloadPool> PayloadPool::of_text(std::string_view payload) {
  PayloadPool to;
  MQ_CHECK(to.add(payload));
  return to;
}

Result<PayloadPool> PayloadPool::of_file(const std::string& path) {
  MQ_TRY(const std::string payload, read_whole(path, SizeSpec::kSizeMax));
  return of_text(payload);
}

Result<PayloadPool> PayloadPool::parse_record(std::string_view lines) {
  PayloadPool to;
  for (size_t number = 1; !lines.empty(); ++number) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Result<std::string> payload = payload_of(line);
    const Result<void> added = payload ? to.add(*payload) : tl::unexpected(payload.error());
    if (!added) {
      return fail(added.error().code, fmt::format("line {}: {}", number, added.error().text));
    }
  }
  if (to.size() == 0) return fail(ErrorCode::kMalformed, "there are no messages in it");
  return to;
}

Result<PayloadPool> PayloadPool::of_record(const std::string& path) {
  // Base64, escapes and what else a line has take room, too.
  MQ_TRY(const std::string lines, read_whole(path, 4 * kBytesMax));
  Result<PayloadPool> pool = parse_record(lines);
  if (!pool) return fail(pool.error().code, fmt::format("{}, {}", path, pool.error().text));
  return pool;
}

Result<PayloadPool> PayloadPool::of_command(const std::string& command, uint32_t count) {
  PayloadPool to;
  for (uint32_t i = 0; i < count; ++i) {
    setenv("MQBENCH_PAYLOAD", std::to_string(i).c_str(), 1);
    std::FILE* const output = popen(command.c_str(), "re");
    if (output == nullptr) {
      return fail(ErrorCode::kIo, fmt::format("cannot run '{}': {}", command, std::strerror(errno)),
                  errno);
    }
    const Result<void> added = to.add(read_all(output, SizeSpec::kSizeMax));
    const int status = pclose(output);
    // One that printed too much has been cut off, which is why it failed.
    if (!added) {
      return fail(added.error().code,
                  fmt::format("what '{}' prints is {}", command, added.error().text));
    }
    if (status != 0) {
      return fail(ErrorCode::kIo,
                  fmt::format("'{}' failed with {}", command,
                              WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                                                : fmt::format("signal {}", WTERMSIG(status))));
    }
  }
  unsetenv("MQBENCH_PAYLOAD");
  return to;
}

Result<PayloadPool> PayloadPool::random(const SizeSpec& sizes, uint32_t count, uint64_t seed) {
  PayloadPool to;
  Random random(seed);
  std::string payload;
  for (uint32_t i = 0; i < count; ++i) {
    payload.resize(sizes.at(random.next()));
    for (char& c : payload) c = static_cast<char>(random.next());
    MQ_CHECK(to.add(payload));
  }
  return to;
}

}  // namespace mq
