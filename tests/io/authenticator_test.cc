#include "io/authenticator.h"

#include <optional>

#include <doctest/doctest.h>

#include "io/broker_server.h"
#include "io/client_runner.h"
#include "io/harness.h"

namespace mq::test {
namespace {

std::shared_ptr<const Users> alice() {
  Users users;
  users.set("alice", *PasswordHash::make(to_bytes("secret"), PasswordHash::Scheme::kPbkdf2, 1000));
  return std::make_shared<const Users>(std::move(users));
}

// A broker that wants passwords, and clients that try some.
struct Server {
  explicit Server(uint32_t failures_max = 100) : access(loop, failures_max) {
    access.set_rules({AuthRules{}, {.users = alice(), .acl = nullptr, .allow_anonymous = false}});
    server.emplace(loop, BrokerOptions(), access, 1);
    access.set_server(*server);
    REQUIRE(server->listen({.address = local_tcp(0)}));
  }
  bool run_until(std::function<bool()> done) { return test::run_until(loop, std::move(done)); }

  Loop loop;
  Authenticator access;
  std::optional<BrokerServer> server;
};

struct Client final : ClientRunner::Handler {
  Client(Server& s, std::optional<std::string> user, std::optional<std::string> password) {
    RunnerOptions to;
    to.address = local_tcp(s.server->listeners().front()->port());
    to.reconnect = false;
    to.seed = 1;
    ClientOptions options;
    options.version = Version::kV5;
    options.user_name = std::move(user);
    options.password = std::move(password);
    runner = std::make_unique<ClientRunner>(s.loop, to, options, *this);
    runner->start();
  }
  void on_event(const ClientEvent&, Now) override {}
  void on_lost(const Error&, Duration, Now) override {}
  void on_ended(const Error*, Now) override { ended = true; }

  // Whether it was let in.
  bool is_let_in(Server& s) {
    REQUIRE(s.run_until([this] { return ended || runner->connected(); }));
    return !ended;
  }
  std::unique_ptr<ClientRunner> runner;
  bool ended = false;
};

TEST_CASE("a password lets its user in, and nothing else does") {
  Server s;
  CHECK(Client(s, "alice", "secret").is_let_in(s));
  CHECK(!Client(s, "alice", "Secret").is_let_in(s));
  CHECK(!Client(s, "alice", "").is_let_in(s));
  CHECK(!Client(s, "alice", std::nullopt).is_let_in(s));
  CHECK(!Client(s, "bob", "secret").is_let_in(s));
  CHECK(!Client(s, std::nullopt, std::nullopt).is_let_in(s));
  CHECK(!Client(s, std::nullopt, "secret").is_let_in(s));
  s.access.set_rules({AuthRules{}, {.users = alice(), .acl = nullptr, .allow_anonymous = true}});
  CHECK(Client(s, std::nullopt, std::nullopt).is_let_in(s));
  CHECK(!Client(s, "alice", "Secret").is_let_in(s));
}

TEST_CASE("without passwords a name is only a name, where anonymous clients are let in") {
  Server s;
  s.access.set_rules({AuthRules{}, {.users = nullptr, .acl = nullptr, .allow_anonymous = true}});
  CHECK(Client(s, "anybody", "anything").is_let_in(s));
  s.access.set_rules({AuthRules{}, {.users = nullptr, .acl = nullptr, .allow_anonymous = false}});
  CHECK(!Client(s, "anybody", "anything").is_let_in(s));
}

TEST_CASE("an address that guesses too often waits, whatever it tries then") {
  Server s(2);
  CHECK(!Client(s, "alice", "1").is_let_in(s));
  CHECK(!Client(s, "alice", "2").is_let_in(s));
  CHECK(s.access.delayed() == 0);
  const Time before = s.loop.read_clock().mono;
  CHECK(Client(s, "alice", "secret").is_let_in(s));
  CHECK(s.access.delayed() == 1);
  CHECK(s.server->broker().counters().limit_auth_failures == 1);
  CHECK(s.loop.read_clock().mono - before >= 900ms);
}

TEST_CASE("a check may outlive who asked for it, and the authenticator") {
  Server s;
  {
    Client client(s, "alice", "secret");
    CHECK(s.run_until([&] { return s.server->broker().counters().connections == 1; }));
  }
  CHECK(s.run_until([&] { return s.server->broker().connections() == 0; }));
  Client last(s, "alice", "secret");
  CHECK(s.run_until([&] { return s.server->broker().counters().connections == 2; }));
}

}  // namespace
TEST_CASE("sessions are their users' as soon as one listener has users") {
  Loop loop;
  Authenticator access(loop, 100);
  CHECK(!access.proves_names());
  access.set_rules({AuthRules{}, {.users = nullptr, .acl = nullptr, .names_proven = true}});
  CHECK(access.proves_names());
  access.set_rules({AuthRules{}, {.users = alice(), .acl = nullptr}});
  CHECK(access.proves_names());
  access.set_rules({AuthRules{}, AuthRules{}});
  CHECK(!access.proves_names());
}

TEST_CASE("a session that no listener has seen yet may what it may at one of them") {
  Loop loop;
  Authenticator access(loop, 100);
  const auto rules = [](std::string_view text) {
    return std::make_shared<const Acl>(*Acl::parse(text, "acl"));
  };
  access.set_rules({{.users = nullptr, .acl = rules("topic read a\n")},
                    {.users = nullptr, .acl = rules("topic read b\n")}});
  const ClientIdentity away{"c", "", kListenerUnknown};
  CHECK(access.may_read(away, "a"));
  CHECK(access.may_read(away, "b"));
  CHECK(!access.may_read(away, "c"));
  CHECK(!access.may_publish(away, "a"));
  CHECK(!access.may_read({"c", "", 1}, "a"));
}

}  // namespace mq::test
