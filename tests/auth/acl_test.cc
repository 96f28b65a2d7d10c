#include "auth/acl.h"

#include <doctest/doctest.h>

using namespace mq;

namespace {

Acl acl(std::string_view text) {
  auto parsed = Acl::parse(text, "acl");
  if (!parsed) FAIL(parsed.error().text);
  return std::move(*parsed);
}

std::string error(std::string_view text) {
  const auto parsed = Acl::parse(text, "acl");
  return parsed ? "" : parsed.error().text;
}

constexpr ClientIdentity kAnonymous{"c", ""};
constexpr ClientIdentity kAlice{"c", "alice"};
constexpr ClientIdentity kBob{"c", "bob"};

}  // namespace

TEST_CASE("what no rule allows is denied") {
  const Acl none = acl("# nothing\n");
  CHECK(!none.may_publish(kAlice, "t"));
  CHECK(!none.may_read(kAlice, "t"));
  CHECK(!none.may_subscribe(kAlice, "t"));
}

TEST_CASE("read, write, readwrite, and neither word, which is readwrite") {
  const Acl rules = acl("topic read r\ntopic write w\ntopic readwrite rw\ntopic both\n");
  CHECK(rules.may_read(kAnonymous, "r"));
  CHECK(!rules.may_publish(kAnonymous, "r"));
  CHECK(!rules.may_read(kAnonymous, "w"));
  CHECK(rules.may_publish(kAnonymous, "w"));
  for (const char* topic : {"rw", "both"}) {
    CHECK(rules.may_read(kAnonymous, topic));
    CHECK(rules.may_publish(kAnonymous, topic));
  }
}

TEST_CASE("rules before a user line are for anonymous clients, those behind it for the user") {
  const Acl rules = acl("topic open\nuser alice\ntopic a/#\nuser bob smith\ntopic b\n");
  CHECK(rules.may_read(kAnonymous, "open"));
  CHECK(!rules.may_read(kAlice, "open"));
  CHECK(rules.may_publish(kAlice, "a/b/c"));
  CHECK(!rules.may_publish(kBob, "a/b/c"));
  CHECK(!rules.may_read(kBob, "b"));
  CHECK(rules.may_read({"c", "bob smith"}, "b"));
}

TEST_CASE("a rule that denies beats those that allow, wherever it stands") {
  const Acl rules = acl("user alice\ntopic a/#\ntopic deny a/secret/#\nuser bob\n"
                        "topic deny a/secret/#\ntopic a/#\n");
  for (const ClientIdentity& client : {kAlice, kBob}) {
    CHECK(rules.may_read(client, "a/x"));
    CHECK(!rules.may_read(client, "a/secret"));
    CHECK(!rules.may_publish(client, "a/secret/x"));
    CHECK(!rules.may_subscribe(client, "a/secret/+"));
    CHECK(rules.may_subscribe(client, "a/#"));  // what is secret of it is not delivered
  }
}

TEST_CASE("patterns are for everybody, with their own names in them") {
  const Acl rules = acl("pattern home/%u/#\npattern read dev/%c\npattern deny home/%u/no\n");
  CHECK(rules.may_publish(kAlice, "home/alice/x"));
  CHECK(!rules.may_publish(kAlice, "home/bob/x"));
  CHECK(!rules.may_publish(kAlice, "home/alice/no"));
  CHECK(!rules.may_publish(kAnonymous, "home//x"));
  CHECK(rules.may_read(kAnonymous, "dev/c"));
  CHECK(!rules.may_read(kAnonymous, "dev/d"));
  CHECK(!rules.may_publish(kAnonymous, "dev/c"));
}

TEST_CASE("a name with wildcards or slashes in it is no way around a pattern") {
  const Acl rules = acl("pattern home/%u/#\npattern dev/%c/#\n");
  for (const char* name : {"+", "#", "+/x", "a/b", "alice/#", "/"}) {
    CAPTURE(name);
    const ClientIdentity client{name, name};
    CHECK(!rules.may_publish(client, "home/alice/x"));
    CHECK(!rules.may_read(client, "home/a/b/x"));
    CHECK(!rules.may_read(client, "dev/a/b/x"));
    CHECK(!rules.may_subscribe(client, "home/#"));
    CHECK(!rules.may_subscribe(client, "dev/+/#"));
  }
}

TEST_CASE("a subscription is refused when it could deliver nothing") {
  const Acl rules = acl("topic read a/b\ntopic write w/#\ntopic read s/+/x\n");
  for (const char* filter : {"a/b", "a/+", "#", "+/b", "a/b/#", "s/#", "s/1/x", "s/+/+"}) {
    CAPTURE(filter);
    CHECK(rules.may_subscribe(kAnonymous, filter));
  }
  for (const char* filter : {"a", "a/c", "w/#", "s/1/y", "s/1", "+", "$SYS/#", "a/b/c"}) {
    CAPTURE(filter);
    CHECK(!rules.may_subscribe(kAnonymous, filter));
  }
}

TEST_CASE("a wildcard is not about the topics of the server") {
  const Acl rules = acl("topic #\n");
  CHECK(!rules.may_read(kAnonymous, "$SYS/broker/uptime"));
  CHECK(!rules.may_subscribe(kAnonymous, "$SYS/#"));
  CHECK(acl("topic read $SYS/#\n").may_subscribe(kAnonymous, "$SYS/broker/uptime"));
  CHECK(acl("topic deny #\ntopic $SYS/#\n").may_read(kAnonymous, "$SYS/broker/uptime"));
}

TEST_CASE("topics with blanks and with '#' that is no comment") {
  const Acl rules = acl("  topic read two words/#\r\n");
  CHECK(rules.may_read(kAnonymous, "two words/x"));
}

TEST_CASE("an error names the line") {
  CHECK(error("topic read a\nfoo b\n") == "acl:2: 'foo' is none of topic, pattern and user");
  CHECK(error("topic\n") == "acl:1: a topic is missing");
  CHECK(error("user\n") == "acl:1: a user name is missing");
  CHECK(error("topic read a/#/b\n").starts_with("acl:1: 'a/#/b': "));
  CHECK(error("topic two words\n").starts_with("acl:1: 'two' is none of read"));
}

TEST_CASE("filters that overlap and filters that cover") {
  CHECK(filters_overlap("a/+", "+/b"));
  CHECK(filters_overlap("a/#", "a"));
  CHECK(filters_overlap("#", "a/b"));
  CHECK(!filters_overlap("a", "a/b"));
  CHECK(!filters_overlap("a/+", "a"));
  CHECK(!filters_overlap("#", "$SYS/x"));
  CHECK(filter_covers("a/#", "a/+/b"));
  CHECK(filter_covers("a/#", "a"));
  CHECK(filter_covers("a/+", "a/b"));
  CHECK(!filter_covers("a/+", "a/#"));
  CHECK(!filter_covers("a/b", "a/+"));
  CHECK(!filter_covers("+", "$x"));
  CHECK(!filter_covers("a/+/c", "a/b"));
}
