#include "common/config_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/core.h>

namespace mq {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr size_t kFileMax = 16 << 20;
constexpr int kIncludeDepthMax = 10;

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Result<std::vector<std::string>> files_of(const ConfigLine& include) {
  std::vector<std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(include.value, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".conf") files.push_back(at->path().string());
  }
  if (error) {
    return fail(ErrorCode::kIo, fmt::format("{}cannot read the directory {}: {}", include.where(),
                                            include.value, error.message()));
  }
  std::ranges::sort(files);
  return files;
}

Result<void> read_into(std::vector<ConfigLine>& lines, const std::string& path, int depth) {
  MQ_TRY(const std::string text, read_file(path));
  for (ConfigLine& line : split_config(text, path)) {
    if (line.key != "include-dir") {
      lines.push_back(std::move(line));
      continue;
    }
    if (depth == kIncludeDepthMax) {
      return fail(ErrorCode::kFull, fmt::format("{}include_dir: files that include each other",
                                                line.where()));
    }
    MQ_TRY(const auto files, files_of(line));
    for (const std::string& file : files) MQ_CHECK(read_into(lines, file, depth + 1));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  std::string text;
  char part[4096];
  size_t count = 0;
  while (file != nullptr && (count = std::fread(part, 1, sizeof part, file.get())) > 0) {
    text.append(part, count);
    if (text.size() > kFileMax) {
      return fail(ErrorCode::kTooLarge,
                  fmt::format("{} is over 16 MiB: that is no file of settings", path));
    }
  }
  // A directory can be opened, and fails when it is read.
  if (file == nullptr || std::ferror(file.get()) != 0) {
    return fail(ErrorCode::kIo, fmt::format("cannot read {}: {}", path, std::strerror(errno)),
                errno);
  }
  return text;
}

std::string ConfigLine::where() const {
  return fmt::format("{}:{}: ", file, number);
}

std::string ConfigLine::file_key() const {
  std::string name = key;
  std::ranges::replace(name, '-', '_');
  return name;
}

std::vector<ConfigLine> split_config(std::string_view text, const std::string& file) {
  std::vector<ConfigLine> lines;
  for (uint32_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const size_t key_end = std::min(line.find_first_of(kBlanks), line.size());
    ConfigLine& to = lines.emplace_back();
    to.file = file;
    to.number = number;
    to.key = line.substr(0, key_end);
    std::ranges::replace(to.key, '_', '-');
    to.value = trimmed(line.substr(key_end));
  }
  return lines;
}

Result<std::vector<ConfigLine>> read_config(const std::string& path) {
  std::vector<ConfigLine> lines;
  MQ_CHECK(read_into(lines, path, 0));
  return lines;
}

}  // namespace mq
