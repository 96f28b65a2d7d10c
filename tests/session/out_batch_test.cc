#include "session/out_batch.h"

#include <string>

#include <doctest/doctest.h>

using namespace mq;

namespace {

std::string contents(const OutBatch& batch) {
  std::string text;
  for (const OutBatch::Piece& piece : batch.pieces()) text += to_string_view(piece.bytes);
  return text;
}

}  // namespace

TEST_CASE("what is copied one after the other is one piece") {
  OutBatch batch;
  CHECK(batch.empty());
  batch.append(to_bytes("ab"));
  batch.append(to_bytes(""));
  batch.append(to_bytes("cd"));
  CHECK(batch.pieces().size() == 1);
  CHECK(contents(batch) == "abcd");
  CHECK(batch.size() == 4);
}

TEST_CASE("references keep their message alive and their place") {
  const size_t before = Message::alive();
  OutBatch batch;
  {
    const Ref<const Message> message =
        Message::make({.topic = "a", .payload = to_bytes("PAYLOAD")});
    batch.append(to_bytes("<"));
    batch.reference(message->payload(), message);
    batch.reference({}, message);  // nothing
    batch.append(to_bytes(">"));
  }
  CHECK(Message::alive() == before + 1);
  CHECK(batch.pieces().size() == 3);
  CHECK(contents(batch) == "<PAYLOAD>");
  batch.clear();
  CHECK(batch.empty());
  CHECK(batch.size() == 0);
  CHECK(Message::alive() == before);
}

TEST_CASE("room is bounded in bytes and in pieces") {
  OutBatch batch;
  CHECK(batch.has_room(OutBatch::kScratchSize));
  CHECK_FALSE(batch.has_room(OutBatch::kScratchSize + 1));
  CHECK(batch.scratch_left() == OutBatch::kScratchSize);
  batch.append(to_bytes(std::string(OutBatch::kScratchSize - 1, 'x')));
  CHECK(batch.has_room(1));
  CHECK(batch.scratch_left() == 1);
  batch.append(to_bytes("x"));
  CHECK_FALSE(batch.has_room(1));
  CHECK(batch.scratch_left() == 0);

  batch.clear();
  const Ref<const Message> message = Message::make({.topic = "a", .payload = to_bytes("p")});
  while (batch.has_room(1, 1)) {
    batch.append(to_bytes("x"));
    batch.reference(message->payload(), message);
  }
  CHECK(batch.pieces().size() <= OutBatch::kPiecesMax);
}
