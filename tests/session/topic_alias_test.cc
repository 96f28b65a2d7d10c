#include "session/topic_alias.h"

#include <doctest/doctest.h>

using namespace mq;

TEST_CASE("[MQTT-3.2.2-18] without a maximum there are no aliases") {
  OutboundAliases aliases;
  CHECK(aliases.find("a").alias == 0);
}

TEST_CASE("[MQTT-3.2.2-17] aliases are given out up to the maximum, first come, first served") {
  OutboundAliases aliases;
  aliases.set_maximum(2);
  for (const std::string_view topic : {"a", "b"}) {
    const OutboundAliases::Use use = aliases.find(topic);
    CHECK(use.alias == (topic == "a" ? 1 : 2));
    CHECK_FALSE(use.known);
    // Only proposed: nothing was sent yet.
    CHECK_FALSE(aliases.find(topic).known);
    aliases.learned(topic);
    CHECK(aliases.find(topic).alias == use.alias);
    CHECK(aliases.find(topic).known);
  }
  CHECK(aliases.find("c").alias == 0);
  CHECK(aliases.find("a").alias == 1);
}

TEST_CASE("[MQTT-3.3.2-7] clear() forgets aliases and maximum") {
  OutboundAliases out;
  out.set_maximum(1);
  out.learned("a");
  out.clear();
  CHECK(out.find("a").alias == 0);

  InboundAliases in;
  in.set(1, "a");
  in.clear();
  CHECK(in.find(1).empty());
  CHECK(in.bytes() == 0);
}

TEST_CASE("inbound aliases are set, found and set anew; their bytes are counted") {
  InboundAliases aliases;
  CHECK(aliases.find(1).empty());
  aliases.set(1, "abc");
  aliases.set(65'535, "de");
  CHECK(aliases.find(1) == "abc");
  CHECK(aliases.bytes() == 5);
  aliases.set(1, "f");
  CHECK(aliases.find(1) == "f");
  CHECK(aliases.find(65'535) == "de");
  CHECK(aliases.bytes() == 3);
}
