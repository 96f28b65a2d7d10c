#include "base/module.h"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string>

#include <fmt/core.h>

namespace mq {
namespace {

std::string directory_of_program() {
  std::array<char, PATH_MAX> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  if (size <= 0) return ".";
  const std::string_view program(path.data(), static_cast<size_t>(size));
  return std::string(program.substr(0, program.rfind('/')));
}

}  // namespace

Result<void*> module_symbol(std::string_view file, const char* symbol, std::string_view user) {
  const std::string directory = directory_of_program();
  std::string why;
  for (const char* from : {"/../lib/mqkit/", "/"}) {
    const std::string path = fmt::format("{}{}{}", directory, from, file);
    void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const found = module == nullptr ? nullptr : dlsym(module, symbol);
    if (found != nullptr) return found;
    if (const char* error = dlerror(); why.empty()) why = error != nullptr ? error : "no symbol";
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("{} need {}, which belongs into ../lib/mqkit beside the program: {}",
                          user, file, why));
}

tl::unexpected<Error> wrong_module_version(std::string_view file) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is not of the version of this program: has it been updated since "
                          "this started?",
                          file));
}

}  // namespace mq
