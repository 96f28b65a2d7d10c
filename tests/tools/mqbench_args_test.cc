#include "mqbench/run_args.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <CLI/CLI.hpp>

#include "common/argv.h"
#include "mqbench/emqtt_advice.h"
#include "mqbench/side_commands.h"

using namespace mq;
using namespace std::chrono_literals;

namespace {

// As the program reads its command line: throws where the parser objects.
Result<RunOptions> parse(std::vector<std::string> words) {
  RunArgs args;
  CLI::App app("", "mqbench");
  app.set_help_flag("");
  declare(app, args);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  auto spelled = spell_out(app, pointers);
  if (!spelled) return tl::unexpected(spelled.error());
  std::reverse(spelled->begin(), spelled->end());
  app.parse(std::move(*spelled));
  return resolve(args);
}

std::string error(std::vector<std::string> words) {
  try {
    const auto options = parse(std::move(words));
    return options ? "" : options.error().text;
  } catch (const CLI::ParseError& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("args: defaults") {
  const auto options = parse({});
  REQUIRE(options);
  CHECK(options->load.rate == 1000.0);
  CHECK(options->load.duration == 10s);
  CHECK(options->load.warm_up == 1s);
  CHECK(options->load.drain == 3s);
  CHECK(options->load.payload_size == 256);
  CHECK(options->load.client.inflight_max == 1000);
  CHECK(options->load.threads == 1);  // there is one client of each kind
  CHECK(options->load.run_name.size() == 6);
  CHECK(options->load.plan.topic(0) == "mqbench/" + options->load.run_name + "/0");
  CHECK(options->load.client.client_id == "mqbench-" + options->load.run_name + "-");
  CHECK(options->target == "localhost:1883");
  CHECK(options->percentiles == std::vector<double>{50, 90, 99, 99.9, 99.99, 100});
}

TEST_CASE("args: rate, duration and number of messages") {
  CHECK(parse({"--rate", "10k"})->load.rate == 10'000.0);
  CHECK_FALSE(parse({"--rate", "max"})->load.rate);
  CHECK(parse({"--rate", "max"})->load.duration == 10s);
  CHECK(parse({"--rate", "2k", "--messages", "500"})->load.duration == 250ms);
  CHECK(parse({"--rate", "max", "--messages", "500"})->load.duration == 0s);
  CHECK(parse({"-d", "2m"})->load.duration == 2min);
  CHECK(error({"-d", "1", "--messages", "5"}) ==
        "--duration and --messages cannot be used together.");
  CHECK(error({"--rate", "0.1", "-d", "1"}) != "");
  for (const char* rate : {"0", "-1", "fast", "1e3", "10G"}) {
    CAPTURE(rate);
    CHECK(error({"--rate", rate}) == std::string("Invalid rate given: ") + rate +
                                         ", it must be like 500, 10k or 1.5M/s, or max.");
  }
}

TEST_CASE("args: rates that change, and when messages come") {
  const auto staged = parse({"--stages", "10s:1k,30s:10k,10s:0"});
  REQUIRE(staged);
  CHECK(staged->load.duration == 50s);
  CHECK(staged->load.planned() == 220'000);
  CHECK(staged->load.rate == doctest::Approx(4400));
  CHECK(staged->load.flow(0).first_rate() == 0);
  CHECK(staged->load.warm_up == 0s);  // nothing would be sent in it
  const auto jump = parse({"--stages", "0s:500,1.5s,0.25s:0"});
  CHECK(jump->load.flow(0).first_rate() == 500);
  CHECK(jump->load.warm_up == 1s);
  CHECK(jump->load.planned() == 813);  // 812.5
  // Intervals begin with each second and each stage.
  CHECK(jump->load.interval_start(0) == 0s);
  CHECK(jump->load.interval_start(1) == 1s);
  CHECK(jump->load.interval_start(2) == 1500ms);
  CHECK(jump->load.interval_start(3) == 1750ms);
  CHECK(parse({"-d", "5"})->load.interval_start(3) == 3s);
  for (const char* other : {"--rate", "-d", "--messages"}) {
    CHECK(error({"--stages", "1s:1", other, "5"}) ==
          "--stages has rates and durations of its own: no --rate, -d or --messages.");
  }
  CHECK(error({"--stages", "x"}).find("'x' must be LENGTH:RATE") != std::string::npos);

  CHECK(parse({"--rate", "10", "-d", "10"})->load.planned() == 100);
  const auto random = parse({"--arrival", "poisson", "--run-id", "r"});
  CHECK_FALSE(random->load.planned());
  CHECK(random->load.arrival.seed == parse({"--run-id", "r"})->load.run);
  CHECK(parse({"--seed", "7"})->load.arrival.seed == 7);
  CHECK(parse({"--arrival", "poisson", "--messages", "5"})->load.planned() == 5);
  CHECK(parse({"--phase", "sync"})->load.arrival.phase == Phase::kSync);
  CHECK(error({"--arrival", "poisson", "--rate", "max"}) != "");
  CHECK(error({"--arrival", "poisson", "--phase", "sync"}) != "");
}

TEST_CASE("args: qualities of service") {
  CHECK(parse({"-q", "2"})->load.sub_qos == Qos::kExactlyOnce);
  CHECK(parse({"-q", "2", "--sub-qos", "0"})->load.sub_qos == Qos::kAtMostOnce);
}

TEST_CASE("args: the receive window of subscribers is that of the publishers") {
  CHECK(parse({"-V", "5", "--inflight", "100"})->load.client.receive_maximum == 100);
  CHECK(parse({"-D", "connect", "receive-maximum", "7"})->load.client.receive_maximum == 7);
  CHECK_FALSE(parse({"-V", "311"})->load.client.receive_maximum);
}

TEST_CASE("args: properties go where they belong") {
  const auto options =
      parse({"-D", "publish", "content-type", "x", "-D", "subscribe", "user-property", "a", "b"});
  REQUIRE(options);
  CHECK(options->load.publish_properties.view().has(PropertyId::kContentType));
  CHECK(options->load.subscribe_properties.view().has(PropertyId::kUserProperty));
  CHECK(error({"-D", "disconnect", "reason-string", "x"}) ==
        "Properties are for connect, publish and subscribe.");
}

TEST_CASE("args: limits") {
  CHECK(error({"-s", "0"}) == "");
  CHECK(error({"-s", "15", "--rate", "max"}) != "");
  CHECK(error({"-s", "15", "--rate", "max", "-V", "5"}) == "");
  CHECK(error({"--pubs", "0"}) != "");
  CHECK(error({"--subs", "0"}) == "");
  CHECK(error({"--pattern", "fanin", "--pubs", "4000", "--subs", "4000"}) == "");
  CHECK(error({"--pattern", "fanin", "--pubs", "4001", "--subs", "4000"}) ==
        "16 004 000 pairs of publisher and subscriber are more than can be accounted for "
        "(16 000 000); --verify count takes more.");
  CHECK(error({"--pattern", "fanin", "--pubs", "4001", "--subs", "4000", "--verify", "count"}) ==
        "");
}

TEST_CASE("args: where the stamp travels") {
  const auto place = [](std::vector<std::string> words) { return parse(words)->load.stamp; };
  CHECK(place({}) == StampPlace::kPayload);
  CHECK(place({"-s", "16"}) == StampPlace::kPayload);
  CHECK(place({"-s", "15"}) == StampPlace::kNone);
  CHECK(place({"-s", "15", "-V", "5"}) == StampPlace::kCorrelation);
  CHECK(place({"-m", "a payload that has room for a stamp and is the user's"}) ==
        StampPlace::kNone);
  CHECK(place({"-m", "x", "-V", "5"}) == StampPlace::kCorrelation);
  CHECK(parse({"-m", "four"})->load.payload_size == 4);
  // Nobody could tell the warm-up from the rest.
  CHECK(parse({"-s", "15"})->load.warm_up == 0s);
  CHECK(parse({"-s", "15", "-V", "5"})->load.warm_up == 1s);
  CHECK(error({"-s", "15", "-V", "5", "-D", "publish", "correlation-data", "x"}) != "");
  CHECK(error({"-m", "x", "--payload-file", "y"}) != "");
  CHECK(error({"--payload-file", "/nowhere/none"}).starts_with("cannot read /nowhere/none"));
  // Nothing could be verified without a stamp.
  CHECK(error({"-m", "x", "--verify", "strict"}) != "");
  CHECK(error({"-m", "x", "--verify", "strict", "-V", "5"}) == "");
  for (const auto& [size, fits] : {std::pair{"23", false},
                                   {"24", true},
                                   {"31", true},
                                   {"32", false},
                                   {"39", false},
                                   {"40", true},
                                   {"0", false}}) {
    CAPTURE(size);
    CHECK((error({"-s", size, "--verify", "strict"}) == "") == fits);
  }
  CHECK(error({"-s", "7", "-V", "5", "--verify", "strict"}) != "");
  CHECK(error({"-s", "8", "-V", "5", "--verify", "strict"}) == "");
}

TEST_CASE("args: threads that do not sleep need a plan") {
  CHECK(parse({"--busy-poll"})->load.busy_poll);
  CHECK(error({"--busy-poll", "--rate", "max"}) != "");
}

TEST_CASE("args: payloads") {
  const auto load = [](std::vector<std::string> words) { return parse(std::move(words))->load; };
  CHECK(load({"-s", "100..300"}).payload_size == 200);
  CHECK(load({"-s", "100..300"}).stamp == StampPlace::kPayload);
  CHECK(load({"-s", "10,300"}).stamp == StampPlace::kNone);
  CHECK(load({"-s", "10,300", "-V", "5"}).stamp == StampPlace::kCorrelation);
  CHECK(error({"-s", "100..300", "--verify", "strict"}) == "");
  CHECK(error({"-s", "exp:512", "--verify", "strict"}) == "");
  CHECK(error({"-s", "30..300", "--verify", "strict"}) != "");  // 32..39 say hardly anything
  CHECK(error({"-s", "24..31", "--verify", "strict"}) == "");
  CHECK(error({"-s", "64,33", "--verify", "strict"}) != "");
  CHECK(error({"-s", "300..100"}) == "Invalid size given: 300..100, the smaller one comes first.");
  CHECK(load({"--pool", "3"}).payloads.pool->size() == 3);
  CHECK(load({"--pool", "3"}).stamp == StampPlace::kPayload);
  CHECK(error({"--pool", "3", "--verify", "strict"}) != "");
  CHECK(error({"--pool", "3", "-m", "x"}) == "--pool is for random bytes and --payload-cmd.");
  CHECK(error({"--pool", "0"}) != "");
  CHECK(error({"-s", "5", "-m", "x"}) == "--size is that of random bytes, and none are sent.");
  CHECK(error({"--template", "x", "--replay", "y"}) != "");
  CHECK(error({"--template", "/nowhere/none"}).starts_with("cannot read /nowhere/none"));
  const auto printed = load({"--payload-cmd", "printf \"$MQBENCH_PAYLOAD\"", "--pool", "2"});
  REQUIRE(printed.payloads.pool->size() == 2);
  CHECK(to_string_view(printed.payloads.pool->at(1)) == "1");
  CHECK(error({"--payload-cmd", "exit 3"}) == "'exit 3' failed with exit code 3");
}

TEST_CASE("args: several local addresses and several servers") {
  CHECK(parse({"--local-addr", "127.0.0.2,127.0.0.3"})->load.local_addresses.size() == 2);
  const auto options = parse({"--hosts", "127.0.0.1,127.0.0.2:1884", "-p", "1999"});
  REQUIRE(options);
  CHECK(options->load.hosts[0].port == 1999);
  CHECK(options->load.hosts[1].port == 1884);
  CHECK(options->target == "127.0.0.1:1999");
  CHECK(error({"--local-addr", "127.0.0.2,"}).find("'127.0.0.2,' has an empty place") !=
        std::string::npos);
  CHECK(
      error({"--local-addr", "127.0.0.2,1.2.3.4.5"}).starts_with("'1.2.3.4.5' is not an address"));
  CHECK(error({"--hosts", ""}).starts_with("--hosts is a list"));
}

TEST_CASE("args: emqtt-bench's options mean what they mean there, or say what to do") {
  SideArgs side(SideArgs::Kind::kConn);
  side.clean_start = false;
  auto options = resolve(run_args(side));
  REQUIRE(options);
  CHECK_FALSE(options->load.client.clean_start);
  CHECK_FALSE(options->load.client.session_expiry_s);
  side.run.connect.version = Version::kV5;
  CHECK(resolve(run_args(side))->load.client.session_expiry_s == 3600);
  side.session_expiry_s = 60;
  CHECK(resolve(run_args(side))->load.client.session_expiry_s == 60);
  side.clean_start = true;
  side.run.connect.version = Version::kV311;
  options = resolve(run_args(side));
  CHECK(options->load.client.clean_start);
  CHECK(options->load.client.version == Version::kV5);
  side.run.local_addresses = "127.0.0.1,127.0.0.2";
  CHECK(resolve(run_args(side))->load.local_addresses.size() == 2);

  CHECK(emqtt_advice("pub", "--retain").find("mqpub -r") != std::string_view::npos);
  CHECK(emqtt_advice("pub", "-r") == emqtt_advice("pub", "--retain"));
  CHECK(emqtt_advice("run", "--retain").empty());
  CHECK(emqtt_advice("pub", "--nonsense").empty());
  CHECK(emqtt_advice("pub", "").empty());
}

TEST_CASE("args: patterns, filters and topics") {
  CHECK(parse({"--pattern", "mesh", "--pubs", "3"})->load.plan.subscribers() == 3);
  CHECK(error({"--pattern", "mesh", "--pubs", "3", "--subs", "3"}) == "");
  CHECK(error({"--pattern", "mesh", "--pubs", "3", "--subs", "2"}).starts_with("In a mesh"));
  CHECK(parse({"--pattern", "shared"})
            ->load.plan.shares()
            .front()
            .filter.starts_with("$share/mqbench/mqbench/"));
  CHECK(parse({"--pattern", "shared:g"})
            ->load.plan.shares()
            .front()
            .filter.starts_with("$share/g/mqbench/"));
  CHECK(error({"--pattern", "shared:"}) != "");
  CHECK(error({"--pattern", "mesh:g"}) != "");
  CHECK(error({"--pattern", "ring"}).find("it must be p2p, fanin, fanout, mesh, shared") !=
        std::string::npos);
  CHECK(parse({"-t", "a/{i}", "-f", "a/#", "--pubs", "3"})->load.plan.receivers_of(2) == 1);
  CHECK(error({"-f", "a/#", "--pattern", "fanin"}).starts_with("--filter says who hears whom"));
  CHECK(parse({"-t", "a/{i}/{n}", "--topics", "5"})->load.plan.streams() == 5);
  CHECK(error({"--topics", "5"}) == "--topics needs a topic with {n}.");
  CHECK(error({"--data", "/nonexistent"}).find("/nonexistent") != std::string::npos);
  CHECK(error({"--shard", "0/2", "--pattern", "mesh", "--pubs", "9"}).starts_with("--shard needs"));
}

TEST_CASE("args: report") {
  CHECK(error({"--json", "--fail-if", "p99>1ms"}) == "");
  CHECK(parse({"--json", "--strict"})->judgement.strict);
  CHECK(error({"--fail-if", "p99"}).starts_with("Invalid condition given"));
  CHECK(parse({"--label", "a=b=c"})->labels.at("a") == "b=c");
  CHECK(error({"--label", "=b"}).starts_with("Invalid label given"));
  CHECK(parse({"--percentiles", "75"})->percentiles == std::vector<double>{75});
  for (const char* list : {"", "50,", "101", "-1", "a", "50;90", "nan"}) {
    CAPTURE(list);
    CHECK(error({"--percentiles", list}).starts_with("Invalid percentiles given"));
  }
}

TEST_CASE("args: a condition on what this load cannot have is refused") {
  const auto why = [](std::vector<std::string> more) {
    const std::string text = error(std::move(more));
    CAPTURE(text);
    CHECK((text.empty() || text.starts_with("Invalid condition given: ")));
    return text.substr(text.find(", ") + 2);
  };
  CHECK(why({"--fail-if", "ready.p99>1s"}) == "only storms measure it.");
  CHECK(why({"--fail-if", "tls.p99>1s"}) == "these connections have no TLS.");
  CHECK(error({"--fail-if", "tls.p99>1s", "--tls"}).empty());
  CHECK(why({"--fail-if", "upgrade.max>1s"}) ==
        "these connections have neither WebSocket nor a proxy.");
  CHECK(error({"--fail-if", "upgrade.max>1s", "--ws"}).empty());
  CHECK(why({"--fail-if", "corrupt>0"}) == "it takes --verify strict.");
  CHECK(error({"--fail-if", "corrupt>0", "--verify", "strict"}).empty());
  CHECK(why({"--abort-if", "ack.p99>1s"}) == "QoS 0 has no acknowledgements.");
  CHECK(error({"--abort-if", "ack.p99>1s", "-q", "1"}).empty());
  for (const char* condition : {"p99>1s", "service.p99>1s", "suback.p99>1s", "loss>0", "dup>0"}) {
    CAPTURE(condition);
    CHECK(why({"--subs", "0", "--fail-if", condition}) == "nobody subscribes.");
    CHECK(error({"--subs", "1", "--fail-if", condition}).empty());
  }
  CHECK(why({"--rate", "max", "--fail-if", "p99>1s"}).starts_with("it is about planned times"));
  CHECK(error({"--rate", "max", "--fail-if", "service.p99>1s"}).empty());
  CHECK(why({"--abort-if", "nobody:p99>1s"}) == "there is no group 'nobody'.");
  CHECK(error({"--baseline", "/nonexistent", "--max-regress", "ready.p99=1%"}) ==
        "Invalid condition given: ready.p99, only storms measure it.");
}

TEST_CASE("args: shards share the clients and the rate") {
  for (const uint32_t shards : {1u, 2u, 3u, 7u}) {
    uint32_t pubs = 0, subs = 0;
    for (uint32_t i = 0; i < shards; ++i) {
      const auto options = parse({"--pubs", "10", "--subs", "20", "--run-id", "r", "--shard",
                                  std::to_string(i) + "/" + std::to_string(shards)});
      REQUIRE(options);
      const LoadOptions& load = options->load;
      CHECK(load.run_name == "r");
      pubs += load.own(10);
      subs += load.own(20);
      // Who hears whom is in one shard.
      for (uint32_t s = 0; s < 20; ++s) {
        for (uint32_t slot = 0; slot < load.plan.heard(s).size(); ++slot) {
          const uint32_t publisher = load.plan.publisher_of(load.plan.heard(s).at(slot));
          CHECK(load.is_own(s) == load.is_own(publisher));
        }
      }
    }
    CHECK(pubs == 10);
    CHECK(subs == 20);
  }
  for (const char* shard : {"", "1", "2/2", "a/2", "0/0", "-1/2", "1/"}) {
    CAPTURE(shard);
    CHECK(error({"--shard", shard}).starts_with("Invalid shard given"));
  }
  CHECK(
      error({"--shard", "0/2", "--pattern", "fanin", "--pubs", "9"}).starts_with("--shard needs"));
}

TEST_CASE("args: who started the shards has numbered them") {
  for (const char* name : {"JOB_COMPLETION_INDEX", "SLURM_PROCID", "PSSH_NODENUM"}) unsetenv(name);
  const std::vector<std::string> words = {"--pubs", "4", "--subs", "4", "--shard", "auto/4"};
  CHECK(error(words).starts_with("--shard auto/N needs JOB_COMPLETION_INDEX"));
  setenv("PSSH_NODENUM", "3", 1);
  CHECK(parse(words)->load.shard == 3);
  setenv("SLURM_PROCID", "2", 1);
  CHECK(parse(words)->load.shard == 2);
  CHECK(parse(words)->load.shards == 4);
  setenv("JOB_COMPLETION_INDEX", "4", 1);
  CHECK(error(words).starts_with("Invalid shard given: auto/4"));
  for (const char* name : {"JOB_COMPLETION_INDEX", "SLURM_PROCID", "PSSH_NODENUM"}) unsetenv(name);
}

TEST_CASE("args: a broker of somebody else is spared") {
  CHECK(error({"-h", "192.0.2.1"}) ==
        "192.0.2.1 is not on this machine or in a private network: "
        "without --yes no more than 100 messages a second and 50 "
        "clients.");
  CHECK(error({"--hosts", "127.0.0.1,192.0.2.1"}).starts_with("192.0.2.1 is not on this machine"));
  CHECK(error({"-h", "192.0.2.1", "--yes"}) == "");
  CHECK(error({"-h", "192.0.2.1", "--rate", "100"}) == "");
  CHECK(error({"-h", "192.0.2.1", "--rate", "100", "--subs", "50"}) != "");
  CHECK(error({"-h", "test.mosquitto.org", "--rate", "100", "--yes"}) == "");
  CHECK(error({"-h", "test.mosquitto.org", "--rate", "10"}) == "");
  // Wherever this is tested, with or without a network.
  for (const char* host : {"test.mosquitto.org", "Broker.EMQX.io", "broker.hivemq.com."}) {
    CAPTURE(host);
    CHECK(error({"-h", host, "--rate", "11"}).find("no more than 10 messages a second") !=
          std::string::npos);
  }
  for (const char* host :
       {"127.0.0.1", "localhost", "10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.1.1",
        "169.254.1.1", "100.64.0.1", "::1", "fe80::1", "fd00::1"}) {
    CAPTURE(host);
    CHECK(error({"-h", host}) == "");
  }
  for (const char* host : {"172.32.0.1", "11.0.0.1", "100.128.0.1", "192.169.0.1", "2001:db8::1"}) {
    CAPTURE(host);
    CHECK(error({"-h", host}) != "");
  }
}
