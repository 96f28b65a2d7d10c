#include "mqbench/payload_template.h"

#include <cassert>
#include <utility>

#include <fmt/core.h>

#include "base/units.h"
#include "common/invalid.h"
#include "common/options.h"
#include "mqbench/message_random.h"

namespace mq {
namespace {

constexpr size_t kBlankEstimate = 6;

}  // namespace

Result<std::optional<PayloadTemplate::Piece>> PayloadTemplate::parse_blank(std::string_view blank,
                                                                           const Words& words) {
  const auto numbered = [&](Kind kind, std::string_view number) -> Result<std::optional<Piece>> {
    const auto n = parse_number(number);
    if (!n || *n == 0) return invalid(fmt::format("{{{}}} needs a number from 1 on", blank));
    return Piece{kind, "", *n};
  };
  if (blank == "i") return Piece{.kind = Kind::kClientNumber};
  if (blank == "client") return Piece{.kind = Kind::kClient};
  if (blank == "user") return Piece{.kind = Kind::kUser};
  if (blank == "run") return Piece{.kind = Kind::kText, .text = std::string(words.run)};
  if (blank == "n") return Piece{.kind = Kind::kNumber};
  if (blank == "stamp") return Piece{.kind = Kind::kStamp};
  if (blank.starts_with("rand:")) return numbered(Kind::kRandom, blank.substr(5));
  if (blank.starts_with("mod:")) return numbered(Kind::kModulo, blank.substr(4));
  if (blank.starts_with("csv.")) {
    if (words.data == nullptr) return invalid(fmt::format("{{{}}} needs --data", blank));
    const auto column = words.data->column(blank.substr(4));
    if (!column) {
      return invalid(fmt::format("the data have no column '{}'", blank.substr(4)));
    }
    return Piece{.kind = Kind::kColumn, .number = *column};
  }
  return std::optional<Piece>();
}

Result<PayloadTemplate> PayloadTemplate::parse(std::string_view text, const Words& words) {
  PayloadTemplate to;
  to.data_ = words.data;
  if (text.size() > kTextMax) {
    return invalid(fmt::format("it has more than {}", format_size(kTextMax)));
  }
  const auto add_text = [&to](std::string_view more) {
    if (to.pieces_.empty() || to.pieces_.back().kind != Kind::kText) to.pieces_.emplace_back();
    to.pieces_.back().text += more;
  };
  size_t blanks = 0;
  while (!text.empty()) {
    const size_t open = std::min(text.find('{'), text.size());
    if (open > 0) add_text(text.substr(0, open));
    text.remove_prefix(open);
    if (text.empty()) break;
    const size_t close = text.find_first_of("{}", 1);
    std::optional<Piece> piece;
    if (close != std::string_view::npos && text[close] == '}') {
      MQ_TRY(piece, parse_blank(text.substr(1, close - 1), words));
    }
    if (!piece) {
      add_text("{");
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(close + 1);
    if (piece->kind == Kind::kText) {
      add_text(piece->text);
      continue;
    }
    if (++blanks > kBlanksMax) {
      return invalid(fmt::format("more than {} blanks", format_count(kBlanksMax)));
    }
    if (piece->kind == Kind::kStamp) {
      if (to.stamp_at_) return invalid("{stamp} comes twice");
      if (blanks > 1) {
        return invalid("only text and {run} may stand before {stamp}: it must be found again");
      }
      to.stamp_at_ = to.pieces_.empty() ? 0 : to.pieces_.back().text.size();
    }
    to.pieces_.push_back(*std::move(piece));
  }
  return to;
}

size_t PayloadTemplate::size_estimate() const {
  size_t size = 0;
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Kind::kText: size += piece.text.size(); break;
      case Kind::kStamp: size += kStampTextSize; break;
      default: size += kBlankEstimate; break;
    }
  }
  return size;
}

void PayloadTemplate::fill_in(const Message& message, std::string& to) const {
  to.clear();
  MessageRandom random(message.random);
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Kind::kText: to += piece.text; break;
      case Kind::kClientNumber: to += std::to_string(message.values.number); break;
      case Kind::kModulo: to += std::to_string(message.values.number % piece.number); break;
      case Kind::kClient: to += message.values.client_id; break;
      case Kind::kUser: to += message.values.user; break;
      case Kind::kColumn:
        to += data_->cell(message.values.number, static_cast<size_t>(piece.number));
        break;
      case Kind::kNumber: to += std::to_string(message.number); break;
      case Kind::kRandom: to += std::to_string(random.next() % piece.number); break;
      case Kind::kStamp:
        assert(message.stamp.size() == kStampTextSize);
        to += message.stamp;
        break;
    }
  }
}

}  // namespace mq
