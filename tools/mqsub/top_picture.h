// The table of --top: topics with count, rate, bytes, age and last value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "clients/notation.h"
#include "mqsub/picture.h"
#include "mqsub/topic_table.h"

namespace mq {

struct TopOptions {
  TopicTable::Limits limits = {};
  TopicOrder order = TopicOrder::kRate;
  std::optional<Notation> decode = {};  // of values
};

class TopPicture final : public Picture {
 public:
  TopPicture(const TopOptions& options, Time now);

  Result<void> put(const Publish& publish, Now now) override;
  void draw(Canvas& canvas, const RunState& state, Now now) override;
  bool key_pressed(const Key& key, Now now) override;
  void print(Buffer& out, const RunState& state, Now now) override;

 private:
  struct Columns;

  void type(const Key& key);
  void sort_by(TopicOrder order);
  void scroll(const Key& key);
  std::string totals(Time now);
  void draw_head(Canvas& canvas, const Columns& columns) const;
  void draw_row(Canvas& canvas, size_t row, const Columns& columns, const SeenTopic& topic,
                Time now) const;

  TopicTable table_;
  std::optional<Notation> decode_;
  Buffer decoded_;
  size_t first_ = 0;          // row of the table that is seen on top
  size_t page_ = 1;           // rows that are seen
  size_t topic_columns_ = 0;  // what the widest topic took so far
  bool is_typing_ = false;    // the filter
  std::optional<Now> paused_;
};

}  // namespace mq
