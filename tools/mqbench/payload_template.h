// A payload with blanks, filled in for each message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mqbench/data_table.h"
#include "mqbench/topic_template.h"

namespace mq {

// Blanks of the client are those of topics: {i}, {mod:N}, {client}, {user}, {csv.NAME} and {run}.
// Of the message: {n}, its number in its stream; {rand:N}, a number below N; {stamp}, the stamp in
// base64, before which there is only what has the same length in all messages, so that it is found
// again. Any other brace is text, since payloads are often JSON.
class PayloadTemplate {
 public:
  static constexpr size_t kTextMax = 1 << 20;
  static constexpr size_t kBlanksMax = 1000;
  static constexpr size_t kStampTextSize = 44;  // 32 bytes

  struct Words {
    std::string_view run;
    const DataTable* data = nullptr;  // of {csv.NAME}; outlives the template
  };
  static Result<PayloadTemplate> parse(std::string_view text, const Words& words);

  // Where the stamp begins.
  std::optional<size_t> stamp_at() const { return stamp_at_; }
  // About the size of a payload: blanks that vary count for a few characters each.
  size_t size_estimate() const;

  // A message: whose, its number, and 64 random bits that belong to it.
  struct Message {
    TemplateValues values;
    uint64_t number = 0;
    uint64_t random = 0;
    std::string_view stamp;  // kStampTextSize characters, where there is a blank for it
  };
  void fill_in(const Message& message, std::string& to) const;

 private:
  enum class Kind : uint8_t {
    kText,
    kClientNumber,
    kModulo,
    kClient,
    kUser,
    kColumn,
    kNumber,
    kRandom,
    kStamp
  };
  struct Piece {
    Kind kind = Kind::kText;
    std::string text = {};  // of kText
    uint64_t number = 0;    // N, or the column
  };
  // Nothing where it is no blank at all.
  static Result<std::optional<Piece>> parse_blank(std::string_view blank, const Words& words);

  std::vector<Piece> pieces_;
  const DataTable* data_ = nullptr;
  std::optional<size_t> stamp_at_;
};

}  // namespace mq
