#include "io/srv_record.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace mq {
namespace {

// RFC 1035 section 4.1: a header, questions, and records with a fixed part behind their name.
constexpr size_t kHeaderSize = 12;
constexpr size_t kQuestionSize = 4;
constexpr size_t kRecordSize = 10;
constexpr size_t kSrvSize = 6;  // in front of the target

class MessageReader {
 public:
  explicit MessageReader(Bytes message) : message_(message) {}

  uint16_t u16(size_t at) const {
    return static_cast<uint16_t>(message_[at] << 8 | message_[at + 1]);
  }
  size_t at() const { return at_; }
  size_t left() const { return message_.size() - at_; }
  void go_to(size_t at) { at_ = at; }
  bool skip(size_t count) {
    if (count > left()) return false;
    at_ += count;
    return true;
  }
  // A name, compressed or not, with dots and without one at its end.
  std::optional<std::string> name() {
    char text[NS_MAXDNAME];
    const int used = dn_expand(message_.data(), message_.data() + message_.size(),
                               message_.data() + at_, text, sizeof text);
    if (used < 0 || !skip(static_cast<size_t>(used))) return std::nullopt;
    return text;
  }

 private:
  Bytes message_;
  size_t at_ = kHeaderSize;
};

tl::unexpected<Error> malformed() {
  return fail(ErrorCode::kMalformed, "the name server's answer is malformed");
}

}  // namespace

Result<std::vector<SrvRecord>> parse_srv_answer(Bytes message) {
  if (message.size() < kHeaderSize) return malformed();
  MessageReader reader(message);
  const uint16_t questions = reader.u16(4), answers = reader.u16(6);
  for (uint16_t i = 0; i < questions; ++i) {
    if (!reader.name() || !reader.skip(kQuestionSize)) return malformed();
  }
  std::vector<SrvRecord> records;
  for (uint16_t i = 0; i < answers; ++i) {
    if (!reader.name()) return malformed();
    const size_t head = reader.at();
    if (!reader.skip(kRecordSize)) return malformed();
    const uint16_t type = reader.u16(head), size = reader.u16(head + 8);
    const size_t data = reader.at();
    if (!reader.skip(size)) return malformed();
    const size_t end = reader.at();
    if (type != ns_t_srv) continue;  // a CNAME on the way
    if (size <= kSrvSize) return malformed();
    reader.go_to(data + kSrvSize);
    std::optional<std::string> host = reader.name();
    if (!host || reader.at() > end) return malformed();
    if (records.size() < kSrvRecordsMax) {
      records.push_back(
          {reader.u16(data), reader.u16(data + 2), reader.u16(data + 4), *std::move(host)});
    }
    reader.go_to(end);
  }
  return records;
}

// RFC 2782, "Usage rules": those of weight 0 in front, so that they have a small chance; then one
// is drawn at a time from the running sums of the weights.
std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, Random& random) {
  std::ranges::stable_sort(records, [](const SrvRecord& a, const SrvRecord& b) {
    return std::pair(a.priority, a.weight != 0) < std::pair(b.priority, b.weight != 0);
  });
  for (auto first = records.begin(); first != records.end(); ++first) {
    uint64_t sum = 0;
    auto end = first;
    for (; end != records.end() && end->priority == first->priority; ++end) sum += end->weight;
    uint64_t drawn = random.below(sum + 1);
    auto chosen = first;
    while (drawn > chosen->weight) {
      drawn -= chosen->weight;
      ++chosen;
    }
    std::rotate(first, chosen, chosen + 1);
  }
  return records;
}

}  // namespace mq
