#include "mqbench/data_table.h"

#include <string>

#include <doctest/doctest.h>

#include "base/random.h"

using namespace mq;

namespace {

std::string error(std::string_view text) {
  const auto made = DataTable::parse(text);
  return made ? "" : made.error().text;
}

}  // namespace

TEST_CASE("data: rows go round") {
  const DataTable t =
      *DataTable::parse("id,place\r\n1,north\r\n2,\"south, far \"\"east\"\"\n\"\r\n3,");
  CHECK(t.rows() == 3);
  CHECK(t.column("place") == 1);
  CHECK_FALSE(t.column("Place"));
  CHECK(t.cell(0, 1) == "north");
  CHECK(t.cell(1, 1) == "south, far \"east\"\n");
  CHECK(t.cell(2, 1) == "");
  CHECK(t.cell(3, 0) == "1");
  CHECK(DataTable::parse("a\nx\n\ny\n")->rows() == 3);  // one column may be empty
  CHECK(DataTable::parse("a,b\n1,2\n\n3,4\n\n")->rows() == 2);
}

TEST_CASE("data: errors say in which line") {
  CHECK(error("") == "line 1: a column without a name");
  CHECK(error("a,,b\n1,2,3\n") == "line 1: a column without a name");
  CHECK(error("a,a\n1,2\n") == "line 1: two columns 'a'");
  CHECK(error("a,b\n") == "line 1: no rows");
  CHECK(error("a,b\n1,2\n1\n") == "line 3: 1 fields and not 2");
  CHECK(error("a,b\n1,2,3\n") == "line 2: 3 fields and not 2");
  CHECK(error("a\n\"1\n2\n") == "line 2: a quote that never ends");
  CHECK(error("a\nx\"y\n") == "line 2: a quote within a field, or behind one");
  std::string wide = "a";
  for (size_t i = 1; i < DataTable::kColumnsMax; ++i) wide += ",c" + std::to_string(i);
  CHECK(error(wide + "\n") == "line 1: no rows");
  CHECK(error(wide + ",z\n") == "line 1: more than 256 columns");
  CHECK(DataTable::read("/nonexistent").error().text == "cannot read /nonexistent");
}

TEST_CASE("data: any bytes are a table or an error") {
  Random random(1);
  constexpr std::string_view kBytes = "a,b\"\n\r,x";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = "h,k\n";
    for (uint64_t n = random.below(12); n > 0; --n) text += kBytes[random.below(kBytes.size())];
    CAPTURE(text);
    const auto made = DataTable::parse(text);
    if (!made) continue;
    for (size_t row = 0; row < made->rows(); ++row) {
      CHECK(made->cell(row, 0).size() + made->cell(row, 1).size() <= text.size());
    }
  }
}
