#include "screen/key_reader.h"

#include <string>

#include <doctest/doctest.h>

using namespace mq;

namespace {

struct Reader {
  std::string read(std::string_view bytes) {
    keys.clear();
    reader.read(to_bytes(bytes));
    return keys;
  }

  std::string keys;  // texts as they are, names in brackets
  KeyReader reader{[this](const Key& key) {
    static constexpr const char* kNames[] = {"",   "enter", "escape", "back",   "erase", "redraw",
                                             "up", "down",  "pageup", "pagedn", "home",  "end"};
    if (key.name == KeyName::kText) {
      keys += key.text;
    } else {
      keys += std::string("<") + kNames[static_cast<size_t>(key.name)] + ">";
    }
  }};
};

}  // namespace

TEST_CASE("characters, and keys that are one byte") {
  Reader r;
  CHECK(r.read("q/é温\r\x7F\b\x15\x0C") == "q/é温<enter><back><back><erase><redraw>");
  CHECK(r.read("\x01\x02") == "");
}

TEST_CASE("sequences of both forms") {
  Reader r;
  CHECK(r.read("\x1B[A\x1BOB\x1B[5~\x1B[6~\x1B[H\x1B[4~\x1BOF\x1B[1~") ==
        "<up><down><pageup><pagedn><home><end><end><home>");
}

TEST_CASE("sequences of other keys are passed over whole") {
  Reader r;
  CHECK(r.read("\x1B[1;5Cq") == "q");  // Ctrl and right
  CHECK(r.read("\x1B[200~t\x1B[201~") == "t");
  CHECK(r.read("\x1Bxq") == "q");   // Alt and x
  CHECK(r.read("\x1BOPq") == "q");  // F1
}

TEST_CASE("a sequence in pieces, and the Escape key") {
  Reader r;
  CHECK(r.read("\x1B") == "");
  CHECK(r.reader.undecided());
  CHECK(r.read("[") == "");
  CHECK(r.read("A") == "<up>");
  CHECK(!r.reader.undecided());
  r.read("\x1B");
  r.reader.settle();
  CHECK(r.keys == "<escape>");
  CHECK(r.read("\x1B\x1B[A") == "<escape><up>");
}

TEST_CASE("what is no key is forgotten") {
  Reader r;
  CHECK(r.read("\x1B[" + std::string(100, '1')).size() == 70);  // the rest is text again
  CHECK(r.read("\xC3") == "");
  CHECK(r.read("q") == "q");
  CHECK(r.read("\xFF\x80\xC3\xA9") == "é");
}
