#include "io/filter_module.h"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <climits>

#include <fmt/core.h>

namespace mq {
namespace {

constexpr const char* kFile = "mqkit-filters.so";

std::string directory_of_program() {
  std::array<char, PATH_MAX> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return ".";
  const std::string_view program(path.data(), static_cast<size_t>(size));
  return std::string(program.substr(0, program.rfind('/')));
}

Result<const FilterModule*> load() {
  const std::string directory = directory_of_program();
  std::string why;
  for (const char* from : {"/../lib/mqkit/", "/"}) {
    // Never unloaded: filters live as long as their connections.
    void* const module = dlopen((directory + from + kFile).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      if (why.empty()) why = dlerror();
      continue;
    }
    const auto entry = reinterpret_cast<FilterModuleEntry*>(dlsym(module, "mqkit_filter_module"));
    if (entry == nullptr) {
      why = dlerror();
      continue;
    }
    if (const FilterModule* const found = entry(MQKIT_VERSION)) return found;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not of version {}, as this program is: has it been updated "
                            "since this started?",
                            kFile, MQKIT_VERSION));
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("TLS and WebSocket need {}, which belongs into ../lib/mqkit beside the "
                          "program: {}",
                          kFile, why));
}

}  // namespace

Result<const FilterModule*> filter_module() {
  static const Result<const FilterModule*> module = load();
  return module;
}

}  // namespace mq
