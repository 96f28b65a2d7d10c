#include "mqbench/shard_args.h"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string_view>

#include <fmt/core.h>

#include "base/units.h"
#include "base/utf8.h"
#include "codec/topic.h"
#include "common/invalid.h"
#include "common/options.h"
#include "io/address.h"

namespace mq {
namespace {

constexpr uint64_t kShardsMax = 10'000;
constexpr Duration kSyncTimeoutMin = std::chrono::milliseconds(100);
constexpr uint32_t kRunMax = 0xFFFFFF;

// The number of this one of several processes, as who started them numbers them: an Indexed Job of
// Kubernetes, Slurm, parallel-ssh.
std::string_view shard_from_environment() {
  for (const char* name : {"JOB_COMPLETION_INDEX", "SLURM_PROCID", "PSSH_NODENUM"}) {
    if (const char* value = std::getenv(name)) return value;
  }
  return "";
}

// "I/N" or "auto/N"
Result<void> resolve_shard(const std::string& text, LoadOptions& to) {
  const size_t slash = std::min(text.find('/'), text.size());
  std::string_view number = std::string_view(text).substr(0, slash);
  if (number == "auto") {
    number = shard_from_environment();
    if (number.empty()) {
      return invalid(
          "--shard auto/N needs JOB_COMPLETION_INDEX, SLURM_PROCID or PSSH_NODENUM in "
          "the environment.");
    }
  }
  const auto index = parse_number(number);
  const uint64_t of =
      parse_number(std::string_view(text).substr(std::min(slash + 1, text.size()))).value_or(0);
  if (!index || of > kShardsMax || *index >= of) {
    return invalid(
        fmt::format("Invalid shard given: {}, it must be I/N or auto/N with I from 0 and "
                    "less than N.",
                    text));
  }
  to.shard = static_cast<uint32_t>(*index);
  to.shards = static_cast<uint32_t>(of);
  return {};
}

Result<void> resolve_sync(const ShardArgs& args, LoadOptions& to) {
  if (!args.sync) return {};
  if (!args.shard || !args.run_id) return invalid("--sync needs --shard and --run-id.");
  const Result<ParsedUrl> url = parse_url(*args.sync);
  if (!url) return invalid(fmt::format("Invalid URL of --sync given: {}.", url.error().text));
  const TransportKind kind = url->address.kind;
  if (kind != TransportKind::kTcp && kind != TransportKind::kUnix) {
    return invalid("--sync goes over mqtt:// or unix://.");
  }
  LoadOptions::Sync& sync = to.sync.emplace();
  sync.timeout = args.sync_timeout;
  sync.runner.address = url->address;
  sync.client.user_name = url->user_name;
  sync.client.password = url->password;
  return {};
}

}  // namespace

void declare(CLI::App& app, ShardArgs& args) {
  Options(app, "Load")
      .text("--shard", args.shard, "I/N",
            "Be number I, from 0, of N that carry out one load together: take every Nth pair of "
            "clients and its part of the rate. With auto, I is that of Kubernetes, Slurm or "
            "parallel-ssh.")
      .text("--sync", args.sync, "URL",
            "Begin when all shards are ready; they tell each other over the broker at URL, which "
            "may be another one than the one that is measured.")
      .seconds("--sync-timeout", args.sync_timeout, "SECONDS",
               "Longest wait for the other shards; then all give up.", kSyncTimeoutMin);
}

void declare_run_id(CLI::App& app, ShardArgs& args) {
  Options(app, "Load")
      .text("--run-id", args.run_id, "NAME",
            "Name of the run, the same for all shards; made up without.");
}

Result<void> resolve(const ShardArgs& args, LoadOptions& to) {
  MQ_CHECK(resolve_sync(args, to));
  if (args.shard) MQ_CHECK(resolve_shard(*args.shard, to));
  if (!args.run_id) {
    to.run = std::random_device{}() & kRunMax;
    to.run_name = fmt::format("{:06x}", to.run);
    return {};
  }
  if (args.run_id->empty() || topic_name_fault(*args.run_id) != nullptr || !is_utf8(*args.run_id)) {
    return invalid(fmt::format("Invalid run given: {}.", *args.run_id));
  }
  to.run_name = *args.run_id;
  // The same number for the same name, on every machine (FNV-1a).
  uint32_t hash = 2166136261;
  for (const char c : to.run_name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619;
  to.run = hash & kRunMax;
  return {};
}

}  // namespace mq
