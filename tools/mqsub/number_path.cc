#include "mqsub/number_path.h"

#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "common/options.h"

namespace mq {
namespace {

constexpr double kLargest = 1e300;  // differences of such numbers are numbers, too

std::optional<double> drawable(double value) {
  if (!std::isfinite(value) || std::abs(value) > kLargest) return std::nullopt;
  return std::abs(value) < 1 / kLargest ? 0 : value;
}

// Goes through the text of a JSON document and stops at the place: no tree is made of it.
class Seeker {
 public:
  explicit Seeker(const std::vector<NumberPath::Step>& steps) : steps_(steps) {}

  std::optional<double> found() const { return found_; }

  // What nlohmann's parser calls; false ends it.
  bool null() { return value(std::nullopt); }
  bool boolean(bool is) { return value(is ? 1.0 : 0.0); }
  bool number_integer(int64_t number) { return value(static_cast<double>(number)); }
  bool number_unsigned(uint64_t number) { return value(static_cast<double>(number)); }
  bool number_float(double number, const std::string&) { return value(drawable(number)); }
  bool string(const std::string& text) {
    return value(on_path() && depth_ == steps_.size() ? number_in(text) : std::nullopt);
  }
  bool binary(const std::vector<uint8_t>&) { return value(std::nullopt); }
  bool start_object(size_t) { return open(false); }
  bool start_array(size_t) { return open(true); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(const std::string& name) {
    if (on_path() && !is_array_[depth_ - 1]) {
      const auto* const wanted = std::get_if<std::string>(&steps_[depth_ - 1]);
      matches_ = wanted != nullptr && *wanted == name;
    }
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) { return false; }

 private:
  // All containers that are open lie on the way to the place.
  bool on_path() const { return strayed_ == 0; }

  // An element of an array is reached.
  void step() {
    if (!on_path() || depth_ == 0 || !is_array_[depth_ - 1]) return;
    const auto* const wanted = std::get_if<uint64_t>(&steps_[depth_ - 1]);
    matches_ = wanted != nullptr && *wanted == index_[depth_ - 1]++;
  }
  bool value(std::optional<double> number) {
    step();
    if (!on_path() || !matches_ || depth_ != steps_.size()) return true;
    found_ = number;
    return false;
  }
  bool open(bool is_array) {
    step();
    if (!on_path() || !matches_) {
      ++strayed_;
      return true;
    }
    if (depth_ == steps_.size()) return false;  // the place holds no number
    is_array_[depth_] = is_array;
    index_[depth_] = 0;
    ++depth_;
    matches_ = false;
    return true;
  }
  bool close() {
    if (strayed_ > 0) {
      --strayed_;
      return true;
    }
    return false;  // the way went through here, and the place was not in it
  }

  const std::vector<NumberPath::Step>& steps_;
  size_t depth_ = 0;     // containers on the way that are open
  size_t strayed_ = 0;   // and those beside it
  bool matches_ = true;  // the value that comes next is on the way
  bool is_array_[NumberPath::kStepsMax] = {};
  uint64_t index_[NumberPath::kStepsMax] = {};
  std::optional<double> found_;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// A whole payload, which is a number, or JSON that counts as one.
std::optional<double> scalar(std::string_view text) {
  text = trimmed(text);
  if (text == "true") return 1;
  if (text == "false") return 0;
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return number_in(text);
}

tl::unexpected<Error> invalid(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("Invalid path '{}' given to --plot: {}; it is to be like temperature, "
                          "sensors[0].t, or a full stop for the payload itself.",
                          text, why));
}

}  // namespace

std::optional<double> number_in(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return drawable(value);
}

Result<NumberPath> NumberPath::parse(std::string_view text) {
  NumberPath path;
  std::string_view rest = text;
  if (rest.starts_with('$')) rest.remove_prefix(1);
  if (rest == "." || (rest.empty() && text == "$")) return path;
  if (rest.starts_with('.')) rest.remove_prefix(1);
  if (rest.empty()) return invalid(text, "it is empty");
  bool name_comes = true;  // at the begin, and behind a full stop
  while (!rest.empty()) {
    if (path.steps_.size() == kStepsMax) return invalid(text, "it is too deep");
    if (rest[0] == '[') {
      const bool is_quoted = rest.size() > 1 && (rest[1] == '"' || rest[1] == '\'');
      const std::string closing = is_quoted ? std::string{rest[1], ']'} : "]";
      const size_t begin = is_quoted ? 2 : 1;
      const size_t end = rest.find(closing, begin);
      if (end == std::string_view::npos) return invalid(text, "a bracket is not closed");
      const std::string_view inside = rest.substr(begin, end - begin);
      if (is_quoted) {
        path.steps_.emplace_back(std::string(inside));
      } else if (const auto index = parse_number(inside)) {
        path.steps_.emplace_back(*index);
      } else {
        return invalid(text, fmt::format("'{}' is not a number", inside));
      }
      rest.remove_prefix(end + closing.size());
    } else {
      if (!name_comes) return invalid(text, "a full stop is missing");
      const size_t end = std::min(rest.find_first_of(".["), rest.size());
      if (end == 0) return invalid(text, "a name is missing");
      path.steps_.emplace_back(std::string(rest.substr(0, end)));
      rest.remove_prefix(end);
    }
    name_comes = rest.starts_with('.');
    if (name_comes) {
      rest.remove_prefix(1);
      if (rest.empty()) return invalid(text, "a name is missing");
    }
  }
  return path;
}

std::optional<double> NumberPath::find(Bytes payload) const {
  const std::string_view text = to_string_view(payload);
  if (steps_.empty()) return scalar(text);
  Seeker seeker(steps_);
  nlohmann::json::sax_parse(text, &seeker, nlohmann::json::input_format_t::json, false);
  return seeker.found();
}

}  // namespace mq
