// A topic or a filter with blanks, filled in for each client and, where it says so, each message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mqbench/data_table.h"

namespace mq {

// What the blanks of a template are filled in with for one client.
struct TemplateValues {
  uint64_t number = 0;              // {i}, {mod:N}; also which row {csv.NAME} is from
  std::string_view client_id = "";  // {client}
  std::string_view user = "";       // {user}
};

// Blanks of the client: {i}, {mod:N} (the number modulo N), {client}, {user}, {csv.NAME}; {run} is
// the same for all. Blanks of the message: {n}, which goes through the topics of --topics in turn,
// and {rand:N}, a number below N. emqtt-bench's %i, %c and %u are {i}, {client} and {user}.
class TopicTemplate {
 public:
  // Topics that one client may have, the product of its blanks of the message.
  static constexpr uint32_t kVariantsMax = 1'000'000;

  struct Words {
    std::string_view run;
    const DataTable* data = nullptr;  // of {csv.NAME}; outlives the template
    uint32_t topics = 1;              // of {n}
  };
  static Result<TopicTemplate> parse(std::string_view text, const Words& words);

  bool empty() const { return pieces_.empty(); }
  // How many topics the messages of one client have.
  uint32_t variants() const { return variants_; }
  // Variants go round with {n} first: the next message has the next one.
  bool random() const { return random_; }
  uint32_t topics() const { return topics_; }
  // No two clients have the same topic.
  bool tells_clients_apart() const;
  // Different for some clients.
  bool varies() const;

  // REQUIRES: variant < variants()
  std::string fill_in(const TemplateValues& values, uint32_t variant = 0) const;

  // The filter for all topics of a client or, without one, of all clients: + stands for what
  // varies. An error when a level varies only in part.
  Result<std::string> filter_of(const TemplateValues* values) const;

 private:
  enum class Kind : uint8_t { kText, kNumber, kModulo, kClient, kUser, kColumn, kTurn, kRandom };
  struct Piece {
    Kind kind = Kind::kText;
    std::string text = {};  // of kText
    uint32_t number = 0;    // N, or the column
    bool of_message() const { return kind == Kind::kTurn || kind == Kind::kRandom; }
  };

  Result<Piece> parse_blank(std::string_view blank, const Words& words);
  void append(std::string& to, const Piece& piece, const TemplateValues& values,
              uint32_t& variant) const;

  std::vector<Piece> pieces_;
  const DataTable* data_ = nullptr;
  uint32_t variants_ = 1, topics_ = 1;
  bool random_ = false;
};

}  // namespace mq
