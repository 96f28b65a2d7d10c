// mqsim: real clients and the real broker over a simulated network, decided by a seed.
//
//   mqsim                  the known seeds, and a few hundred
//   mqsim --seed N         one of them; with --trace every packet on stderr
//   mqsim --seeds COUNT    seeds 1 to COUNT
//   mqsim --seeds A..B     seeds A to B
//   mqsim --over LAYERS    the same with filters between the ends: ws, tls, wss or proxy
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "sim/failure.h"
#include "sim/layers.h"
#include "sim/world.h"

namespace mq::sim {
namespace {

// Seeds that once found a fault.
constexpr uint64_t kKnownSeeds[] = {1};
constexpr uint64_t kDefaultSeeds = 300;

struct Arguments {
  uint64_t first = 1, last = kDefaultSeeds;
  bool known = true;
  bool trace = false;
  MakeFilters make_filters;
};

uint64_t running_seed = 0;

// An assertion ends the process: say at least which seed it was.
void on_abort(int) {
  char line[64];
  const auto end = fmt::format_to_n(line, sizeof line, "seed {} aborted\n", running_seed);
  std::fwrite(line, 1, std::min(end.size, sizeof line), stderr);
}

bool parse_number(std::string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_range(std::string_view text, Arguments& arguments) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) return parse_number(text, arguments.last);
  return parse_number(text.substr(0, dots), arguments.first) &&
         parse_number(text.substr(dots + 2), arguments.last);
}

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const std::string_view value = argv[++i];
    if (option == "--over") {
      arguments.make_filters = filters_of(value);
      if (!arguments.make_filters) return false;
      continue;
    }
    arguments.known = false;
    if (option == "--seed") {
      if (!parse_number(value, arguments.first)) return false;
      arguments.last = arguments.first;
    } else if (option != "--seeds" || !parse_range(value, arguments)) {
      return false;
    }
  }
  return true;
}

int run(const Arguments& arguments) {
  std::vector<uint64_t> seeds;
  if (arguments.known) seeds.assign(std::begin(kKnownSeeds), std::end(kKnownSeeds));
  for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) seeds.push_back(seed);
  Totals totals;
  uint64_t failed = 0;
  for (const uint64_t seed : seeds) {
    running_seed = seed;
    World world(seed, arguments.trace, arguments.make_filters);
    try {
      const Totals one = world.run();
      totals.published += one.published;
      totals.delivered += one.delivered;
    } catch (const Failure& failure) {
      ++failed;
      fmt::print("seed {} failed after {:.3f} s: {}\n", seed,
                 seconds(world.now().time_since_epoch()), failure.what());
    }
  }
  fmt::print("{} seeds, {} messages published, {} delivered\n", seeds.size(), totals.published,
             totals.delivered);
  if (failed == 0) return EXIT_SUCCESS;
  fmt::print("{} failed; mqsim --seed N --trace shows one\n", failed);
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace mq::sim

int main(int argc, char** argv) {
  mq::sim::Arguments arguments;
  if (!mq::sim::parse(argc, argv, arguments)) {
    fmt::print(stderr,
               "usage: mqsim [--seed N | --seeds COUNT | --seeds A..B] "
               "[--over ws|tls|wss|proxy] [--trace]\n");
    return 2;
  }
  std::signal(SIGABRT, mq::sim::on_abort);
  return mq::sim::run(arguments);
}
