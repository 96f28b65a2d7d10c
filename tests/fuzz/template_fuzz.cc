// Templates of topics and tables of values as users may write them. The input is a template, a line
// feed, and a file of values.
#include <string>
#include <vector>

#include "fuzz/check.h"
#include "mqbench/data_table.h"
#include "mqbench/topic_template.h"

using namespace mq;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(0, line);
  const auto table = DataTable::parse(input.substr(std::min(line + 1, input.size())));
  const DataTable* values = table && table->rows() > 0 ? &*table : nullptr;
  const auto topic = TopicTemplate::parse(text, {"run", values, 3});
  if (!topic) return 0;
  FUZZ_CHECK(topic->variants() >= 1 && topic->variants() <= TopicTemplate::kVariantsMax);
  const TemplateValues client{7, "client", "user"};
  for (const uint32_t variant : {0u, topic->variants() / 2, topic->variants() - 1}) {
    const std::string filled = topic->fill_in(client, variant);
    if (!topic->varies() && topic->variants() == 1) FUZZ_CHECK(filled == topic->fill_in({}, 0));
  }
  static_cast<void>(topic->filter_of(&client));
  static_cast<void>(topic->filter_of(nullptr));
  return 0;
}
