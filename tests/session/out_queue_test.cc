#include "session/out_queue.h"

#include <doctest/doctest.h>

#include "codec/encode.h"

using namespace mq;
using Kind = OutEntry::Kind;

namespace {

Ref<const Message> message(std::string_view payload) {
  return Message::make({.topic = "a", .payload = to_bytes(payload)});
}

void push_text(OutQueue& queue, std::string_view text) {
  queue.push_control([=](Buffer& to) { to.append(text); });
}

std::string ack_bytes(PacketType type, uint16_t id, ReasonCode reason, Version version) {
  OutQueue queue;
  queue.push_ack(type, id, reason);
  uint8_t bytes[kAckSizeMax];
  uint8_t* const end = store_ack(bytes, queue.front(), version);
  return std::string(to_string_view({bytes, end}));
}

}  // namespace

TEST_CASE("entries of all kinds come out in the order they went in") {
  const size_t before = Message::alive();
  OutQueue queue;
  push_text(queue, "first");
  queue.push_publish(message("x"), 0x32, 9, 77);
  queue.push_ack(PacketType::kPuback, 3, ReasonCode::kSuccess);
  push_text(queue, "second one");
  CHECK(queue.size() == 4);

  CHECK(queue.front().kind == Kind::kControl);
  CHECK(to_string_view(queue.front_control()) == "first");
  queue.pop_front();
  CHECK(queue.front().kind == Kind::kPublish);
  CHECK(queue.front().packet_id == 9);
  CHECK(queue.front().aux == 77);
  CHECK(queue.message_bytes() == queue.front().message->memory());
  queue.pop_front();
  CHECK(queue.message_bytes() == 0);
  CHECK(Message::alive() == before);
  CHECK(queue.front().kind == Kind::kAck);
  queue.pop_front();
  CHECK(to_string_view(queue.front_control()) == "second one");
  queue.pop_front();
  CHECK(queue.empty());
}

TEST_CASE("ready frames that follow each other share an entry that fits into a batch") {
  OutQueue queue;
  for (uint32_t size : {5u, 7u}) queue.push_frame(size);
  queue.push_ack(PacketType::kPuback, 1, ReasonCode::kSuccess);
  queue.push_frame(OutQueue::kFramesMax - 1);
  for (uint32_t size : {1u, 1u}) queue.push_frame(size);
  CHECK(queue.size() == 4);
  CHECK(queue.front().kind == Kind::kFrames);
  CHECK(queue.front().packet_id == 2);
  CHECK(queue.front().aux == 12);
  queue.pop_front();
  queue.pop_front();
  CHECK(queue.front().packet_id == 2);
  CHECK(queue.front().aux == OutQueue::kFramesMax);
  queue.pop_front();
  CHECK(queue.front().packet_id == 1);
  queue.pop_front();
  CHECK(queue.empty());
}

TEST_CASE("a control frame can be taken in parts") {
  OutQueue queue;
  push_text(queue, "abcdef");
  push_text(queue, "next");
  queue.consume_control(4);
  CHECK(to_string_view(queue.front_control()) == "ef");
  queue.consume_control(1);
  CHECK(to_string_view(queue.front_control()) == "f");
  queue.pop_front();
  CHECK(to_string_view(queue.front_control()) == "next");
}

TEST_CASE("drop_publishes() keeps everything else in order") {
  const size_t before = Message::alive();
  OutQueue queue;
  queue.push_publish(message("x"), 0x30, 0, 0);
  push_text(queue, "one");
  queue.push_publish(message("y"), 0x30, 0, 0);
  queue.push_ack(PacketType::kPubrel, 3, ReasonCode::kSuccess);
  push_text(queue, "two");
  queue.drop_publishes();
  CHECK(Message::alive() == before);
  CHECK(queue.message_bytes() == 0);
  CHECK(queue.size() == 3);
  CHECK(to_string_view(queue.front_control()) == "one");
  queue.pop_front();
  CHECK(queue.front().kind == Kind::kAck);
  queue.pop_front();
  CHECK(to_string_view(queue.front_control()) == "two");
}

TEST_CASE("clear() lets go of the messages") {
  const size_t before = Message::alive();
  OutQueue queue;
  for (int i = 0; i < 1000; ++i) queue.push_publish(message("x"), 0x30, 0, 0);
  push_text(queue, "text");
  queue.clear();
  CHECK(queue.empty());
  CHECK(queue.message_bytes() == 0);
  CHECK(Message::alive() == before);
}

TEST_CASE("store_ack() writes what encode() writes") {
  for (const PacketType type :
       {PacketType::kPuback, PacketType::kPubrec, PacketType::kPubrel, PacketType::kPubcomp}) {
    for (const ReasonCode reason : {ReasonCode::kSuccess, ReasonCode::kPacketIdentifierNotFound}) {
      for (const Version version : {Version::kV31, Version::kV311, Version::kV5}) {
        Buffer encoded;
        encode(Ack{type, 0x1234, reason, {}}, version, encoded);
        CHECK(ack_bytes(type, 0x1234, reason, version) == to_string_view(encoded.bytes()));
      }
    }
  }
}
