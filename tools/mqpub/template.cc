#include "mqpub/template.h"

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <fmt/chrono.h>

namespace mq {
namespace {

// Whether `text` is a whole number and nothing else.
bool read_number(std::string_view text, int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::string utc(WallTime at) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at - second).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(second.time_since_epoch().count())), ms);
}

}  // namespace

Result<Template> Template::parse(std::string_view text) {
  Template result;
  const auto add_text = [&result](std::string_view more) {
    if (result.pieces_.empty() || result.pieces_.back().kind != Piece::Kind::kText) {
      result.pieces_.emplace_back();
    }
    result.pieces_.back().text += more;
  };
  while (!text.empty()) {
    const size_t open = text.find('{');
    add_text(text.substr(0, open));
    if (open == std::string_view::npos) break;
    text.remove_prefix(open);
    const size_t close = text.find('}');
    if (close != std::string_view::npos) {
      MQ_TRY(const bool is_place, parse_place(text.substr(1, close - 1), result.pieces_));
      if (is_place) {
        text.remove_prefix(close + 1);
        continue;
      }
    }
    add_text("{");
    text.remove_prefix(1);
  }
  return result;
}

// False when it is no place to fill in.
Result<bool> Template::parse_place(std::string_view place, std::vector<Piece>& to) {
  if (place == "n") {
    to.push_back({Piece::Kind::kNumber});
  } else if (place == "now") {
    to.push_back({Piece::Kind::kNow});
  } else if (place == "uuid") {
    to.push_back({Piece::Kind::kUuid});
  } else if (place.starts_with("env ")) {
    const std::string name(place.substr(4));
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("There is no environment variable {} for the template.", name));
    }
    to.push_back({Piece::Kind::kText, value});
  } else if (place.starts_with("rand ")) {
    const std::string_view range = place.substr(5);
    const size_t blank = range.find(' ');
    Piece piece{Piece::Kind::kRandom};
    const bool are_numbers = blank != std::string_view::npos &&
                             read_number(range.substr(0, blank), piece.min) &&
                             read_number(range.substr(blank + 1), piece.max);
    if (!are_numbers || piece.max < piece.min) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("Invalid template '{{{}}}', write {{rand MIN MAX}}.", place));
    }
    to.push_back(std::move(piece));
  } else {
    return false;
  }
  return true;
}

std::string Template::filled(uint64_t n, WallTime now, Random& random) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Piece::Kind::kText: out += piece.text; break;
      case Piece::Kind::kNumber: out += fmt::format("{}", n); break;
      case Piece::Kind::kNow: out += utc(now); break;
      case Piece::Kind::kUuid: out += random.uuid(); break;
      case Piece::Kind::kRandom: {
        // As unsigned numbers, where the widest range does not overflow.
        const uint64_t width = static_cast<uint64_t>(piece.max) - static_cast<uint64_t>(piece.min);
        const uint64_t above = width == UINT64_MAX ? random.next() : random.below(width + 1);
        out += fmt::format("{}", static_cast<int64_t>(static_cast<uint64_t>(piece.min) + above));
        break;
      }
    }
  }
  return out;
}

}  // namespace mq
