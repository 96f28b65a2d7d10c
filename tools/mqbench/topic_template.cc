#include "mqbench/topic_template.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "common/invalid.h"
#include "common/options.h"

namespace mq {
namespace {

// emqtt-bench's spelling of a blank, empty for anything else.
std::string_view blank_of_letter(char letter) {
  switch (letter) {
    case 'i': return "i";
    case 'c': return "client";
    case 'u': return "user";
    default: return "";
  }
}

}  // namespace

Result<TopicTemplate::Piece> TopicTemplate::parse_blank(std::string_view blank,
                                                        const Words& words) {
  const auto numbered = [&](Kind kind, std::string_view number) -> Result<Piece> {
    const auto n = parse_number(number);
    if (!n || *n == 0 || *n > kVariantsMax) {
      return invalid(
          fmt::format("{{{}}} needs a number from 1 to {}", blank, format_count(kVariantsMax)));
    }
    return Piece{kind, "", static_cast<uint32_t>(*n)};
  };
  if (blank == "i") return Piece{.kind = Kind::kNumber};
  if (blank == "client") return Piece{.kind = Kind::kClient};
  if (blank == "user") return Piece{.kind = Kind::kUser};
  if (blank == "run") return Piece{.kind = Kind::kText, .text = std::string(words.run)};
  if (blank == "n") return Piece{.kind = Kind::kTurn, .number = words.topics};
  if (blank.starts_with("rand:")) return numbered(Kind::kRandom, blank.substr(5));
  if (blank.starts_with("mod:")) return numbered(Kind::kModulo, blank.substr(4));
  if (blank.starts_with("csv.")) {
    const std::string_view name = blank.substr(4);
    if (words.data == nullptr) return invalid(fmt::format("{{{}}} needs --data", blank));
    const auto column = words.data->column(name);
    if (!column) return invalid(fmt::format("the data have no column '{}'", name));
    return Piece{.kind = Kind::kColumn, .number = static_cast<uint32_t>(*column)};
  }
  return invalid(
      fmt::format("there is no {{{}}}: only i, n, client, user, run, rand:N, mod:N and "
                  "csv.NAME are filled in",
                  blank));
}

Result<TopicTemplate> TopicTemplate::parse(std::string_view text, const Words& words) {
  TopicTemplate to;
  to.data_ = words.data;
  std::string plain;
  const auto flush = [&] {
    if (!plain.empty()) to.pieces_.push_back({Kind::kText, std::exchange(plain, {}), 0});
  };
  for (size_t at = 0; at < text.size();) {
    std::string_view blank;
    if (text[at] == '%' && at + 1 < text.size()) blank = blank_of_letter(text[at + 1]);
    size_t end = at + 2;
    if (text[at] == '{') {
      const size_t close = text.find('}', at);
      if (close == std::string_view::npos) return invalid("a { has no }");
      blank = text.substr(at + 1, close - at - 1);
      end = close + 1;
      if (blank.empty()) return invalid("{} has no name");
    } else if (text[at] == '}') {
      return invalid("a } has no {");
    }
    if (blank.empty()) {
      plain += text[at++];
      continue;
    }
    MQ_TRY(Piece piece, to.parse_blank(blank, words));
    at = end;
    if (piece.kind == Kind::kText) {
      plain += piece.text;
      continue;
    }
    flush();
    if (piece.of_message()) {
      if (uint64_t{to.variants_} * piece.number > kVariantsMax) {
        return invalid(
            fmt::format("more than {} topics for each client", format_count(kVariantsMax)));
      }
      if (piece.kind == Kind::kTurn && to.topics_ > 1) return invalid("{n} comes twice");
      to.variants_ *= piece.number;
      if (piece.kind == Kind::kTurn) to.topics_ = piece.number;
      to.random_ = to.random_ || piece.kind == Kind::kRandom;
    }
    to.pieces_.push_back(std::move(piece));
  }
  flush();
  return to;
}

bool TopicTemplate::tells_clients_apart() const {
  return std::ranges::any_of(pieces_, [](const Piece& piece) {
    return piece.kind == Kind::kNumber || piece.kind == Kind::kClient;
  });
}

bool TopicTemplate::varies() const {
  return std::ranges::any_of(
      pieces_, [](const Piece& piece) { return piece.kind != Kind::kText && !piece.of_message(); });
}

void TopicTemplate::append(std::string& to, const Piece& piece, const TemplateValues& values,
                           uint32_t& variant) const {
  switch (piece.kind) {
    case Kind::kText: to += piece.text; break;
    case Kind::kNumber: to += std::to_string(values.number); break;
    case Kind::kModulo: to += std::to_string(values.number % piece.number); break;
    case Kind::kClient: to += values.client_id; break;
    case Kind::kUser: to += values.user; break;
    case Kind::kColumn: to += data_->cell(values.number, piece.number); break;
    case Kind::kTurn: break;  // the caller's
    case Kind::kRandom:
      to += std::to_string(variant % piece.number);
      variant /= piece.number;
      break;
  }
}

std::string TopicTemplate::fill_in(const TemplateValues& values, uint32_t variant) const {
  std::string to;
  const uint32_t turn = variant % topics_;
  variant /= topics_;
  for (const Piece& piece : pieces_) {
    if (piece.kind == Kind::kTurn) {
      to += std::to_string(turn);
    } else {
      append(to, piece, values, variant);
    }
  }
  return to;
}

Result<std::string> TopicTemplate::filter_of(const TemplateValues* values) const {
  // A byte that no topic has stands for what varies until the levels are looked at.
  constexpr char kVaries = '\0';
  std::string marked;
  uint32_t none = 0;
  for (const Piece& piece : pieces_) {
    const bool fixed =
        piece.kind == Kind::kText || (piece.of_message() ? piece.number == 1 : values != nullptr);
    if (!fixed) {
      marked += kVaries;
    } else if (piece.kind == Kind::kTurn) {
      marked += '0';
    } else {
      append(marked, piece, values != nullptr ? *values : TemplateValues{}, none);
    }
  }
  std::string filter;
  for (size_t at = 0; at <= marked.size();) {
    const size_t end = std::min(marked.find('/', at), marked.size());
    const std::string_view level = std::string_view(marked).substr(at, end - at);
    if (level == std::string_view(&kVaries, 1)) {
      filter += '+';
    } else if (level.find(kVaries) != std::string_view::npos) {
      return invalid("what varies must be a level of its own, as in a/{i}");
    } else {
      filter += level;
    }
    if (end < marked.size()) filter += '/';
    at = end + 1;
  }
  return filter;
}

}  // namespace mq
