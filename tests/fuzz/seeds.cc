// fuzz_seeds DIRECTORY: writes the wire vectors as seeds, one directory for each fuzz target.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "fuzz/chunked.h"
#include "support/vectors.h"

using namespace mq;
using namespace mq::test;

namespace {

constexpr size_t kSeedMax = 600;  // the fuzzer learns nothing more from long payloads

class SeedDirectory {
 public:
  explicit SeedDirectory(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
  }

  void write(const std::vector<uint8_t>& bytes) {
    std::ofstream file(path_ / fmt::format("{:05}", count_++), std::ios::binary);
    file.exceptions(std::ios::failbit | std::ios::badbit);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

 private:
  std::filesystem::path path_;
  int count_ = 0;
};

std::vector<uint8_t> joined(std::vector<uint8_t> head, const std::vector<uint8_t>& tail) {
  head.insert(head.end(), tail.begin(), tail.end());
  return head;
}

void write_packets(const std::filesystem::path& directory) {
  SeedDirectory frame(directory / "frame"), decode(directory / "decode"),
      roundtrip(directory / "roundtrip");
  for (const WireVector& vector : load_vectors()) {
    if (vector.bytes.size() > kSeedMax) continue;
    const uint8_t peer = FuzzPeer::byte_of(vector.version, vector.from);
    decode.write(joined({peer, 0}, vector.bytes));
    if (!vector.fault) roundtrip.write(joined({peer, 0}, vector.bytes));
    // Its first byte alone, then the rest.
    if (vector.version == Version::kV5) {
      std::vector<uint8_t> split = joined({28, 1}, vector.bytes);
      split.insert(split.begin() + 3, 0);
      frame.write(split);
    }
  }
}

// What a server sends: before CONNACK and, where that goes first, after it.
void write_client(const std::filesystem::path& directory) {
  constexpr uint8_t kReceive = 0, kProduce = 4, kPublish1 = 6, kPublish2 = 7, kSubscribe = 8,
                    kReconnect = 10, kResume = 26, kAll = 0, kSettings = 0x30, kSettings5 = 0x2F;
  SeedDirectory client(directory / "client");
  for (const WireVector& vector : load_vectors()) {
    if (vector.bytes.size() > kSeedMax || vector.from != Side::kServer) continue;
    const auto first = static_cast<uint8_t>(kSettings + static_cast<uint8_t>(vector.version) - 3);
    client.write(joined({first, kSettings5, kReceive, kAll}, vector.bytes));
    client.write(joined({first, kSettings5, kReconnect, kReceive, kAll}, vector.bytes));
  }
  for (const uint8_t version : {uint8_t{0}, uint8_t{1}, uint8_t{2}}) {
    const std::vector<uint8_t> head = {static_cast<uint8_t>(kSettings + version), kSettings5,
                                       kReconnect};
    client.write(joined(head, {kPublish1, kProduce, kReceive, 4, 0x40, 2, 0, 1}));
    client.write(joined(head, {kPublish2, kProduce, kReceive, 4, 0x50, 2, 0, 1, kProduce, kReceive,
                               4, 0x70, 2, 0, 1}));
    client.write(joined(head, {kPublish1, kPublish2, kPublish1, kProduce, kReceive, 4, 0x50, 2, 0,
                               2, kResume, kProduce, kReconnect, kProduce}));
    client.write(joined(head, {kSubscribe, 1, 'a', kProduce, kReceive, kAll, 0x90, 4, 0, 1, 0, 0}));
  }
}

// What a client sends: on a new connection and, where that goes first, after a good CONNECT.
void write_broker(const std::filesystem::path& directory) {
  constexpr uint8_t kReceive = 0, kConnect = 1, kPublish = 2, kSubscribe = 3, kAcknowledge = 4,
                    kProduce = 5, kTime = 6, kClose = 7, kSecond = 8, kAll = 0;
  SeedDirectory broker(directory / "broker");
  for (const WireVector& vector : load_vectors()) {
    if (vector.bytes.size() > kSeedMax || vector.from != Side::kClient) continue;
    const auto version = static_cast<uint8_t>(static_cast<uint8_t>(vector.version) - 3);
    if (vector.bytes[0] >> 4 == 1) {
      broker.write(joined({0, kReceive, kAll}, vector.bytes));
    } else {
      broker.write(joined({0, kConnect, version, 0, kReceive, kAll}, vector.bytes));
    }
  }
  // Somebody subscribes; QoS 1 and 2 to it; it vanishes, and comes back to its session.
  const std::vector<uint8_t> subscribed = {0,        kConnect,           0x26, 1, kSubscribe, 0x10,
                                           kProduce, kConnect | kSecond, 0x02, 0};
  for (const uint8_t qos : {uint8_t{0x04}, uint8_t{0x08}}) {
    broker.write(
        joined(subscribed, {kPublish | kSecond, qos, kProduce, kAcknowledge, 0, kProduce}));
    broker.write(joined(subscribed, {kPublish | kSecond, qos, kProduce, kAcknowledge, 1, kProduce,
                                     kAcknowledge, 2, kProduce}));
    broker.write(joined(subscribed, {kPublish | kSecond, qos, kProduce, kClose, kTime, 9, kConnect,
                                     0x26, 1, kProduce}));
    broker.write(joined(subscribed, {kPublish | kSecond, static_cast<uint8_t>(qos | 0x10), kProduce,
                                     kClose, kTime, 60, kProduce}));
  }
}

// What a client of a WebSocket sends, after one byte of settings.
void write_web_sockets(const std::filesystem::path& directory) {
  SeedDirectory web_socket(directory / "websocket");
  const std::string_view request =
      "GET /mqtt HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
  const std::vector<uint8_t> head(request.begin(), request.end());
  web_socket.write(joined({0, 0}, head));
  // With the mask 0 a payload is what it is: binary, text, fragments, ping, pong, close.
  const std::vector<uint8_t> mask = {0, 0, 0, 0};
  const auto frame = [&](uint8_t first, const std::vector<uint8_t>& payload) {
    return joined(joined({first, static_cast<uint8_t>(0x80 | payload.size())}, mask), payload);
  };
  const std::vector<uint8_t> hello = {'h', 'e', 'l', 'l', 'o'};
  for (const uint8_t first :
       std::initializer_list<uint8_t>{0x82, 0x81, 0x89, 0x8A, 0x88, 0x02, 0x80}) {
    web_socket.write(joined({1}, joined({0}, frame(first, hello))));
  }
  web_socket.write(joined({1, 0}, joined(frame(0x02, hello), frame(0x80, hello))));
  web_socket.write(joined({1, 0}, frame(0x88, {0x03, 0xE8})));
}

// What a proxy puts before its clients' bytes, after one byte of settings.
void write_proxies(const std::filesystem::path& directory) {
  using namespace std::string_literals;
  SeedDirectory proxy(directory / "proxy");
  const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
  const std::string addresses = "\xC0\0\2\1\xC6\x33\x64\1\xD4\x31\7\x5B"s;
  const std::string ssl = "\x20\0\x0D\7\0\0\0\0\x22\0\5alice"s;
  for (const std::string& header :
       {"PROXY TCP4 192.0.2.1 198.51.100.1 54321 1883\r\n"s, "PROXY TCP6 ::1 ::1 1 2\r\n"s,
        "PROXY UNKNOWN\r\n"s, signature + "\x21\x11\0\x0C"s + addresses, signature + "\x20\0\0\0"s,
        signature + "\x21\x11\0\x1C"s + addresses + ssl}) {
    const std::string all = header + "more";
    for (const uint8_t settings : std::initializer_list<uint8_t>{0, 1, 6, 8}) {
      proxy.write(joined({settings, 0}, {all.begin(), all.end()}));
    }
  }
}

void write_topics(const std::filesystem::path& directory) {
  SeedDirectory topic(directory / "topic");
  for (const std::string_view text :
       {"a/b\na/b", "a/+\na/b", "a/#\na", "a/#\na/b/c", "#\n$SYS/a", "+/b\n$SYS/b", "+/+\n/a",
        "/+\n/", "$share/g/a/#\na/b", "$share/g+/a\na", "a/b#\na", "#/a\nb", "+a\nb", "a//b\na//b",
        "\xC3\xA9/+\n\xC3\xA9/\xE2\x82\xAC", "sport/tennis/player1/#\nsport/tennis/player1"}) {
    topic.write({text.begin(), text.end()});
  }
}

// For the readers of mqbench.
void write_bench(const std::filesystem::path& directory) {
  const auto write = [](SeedDirectory& to, std::string_view text) {
    to.write({text.begin(), text.end()});
  };
  SeedDirectory scenario(directory / "scenario");
  write(
      scenario,
      "broker: mqtt://h\nduration: 9s\ngroups:\n  a:\n    clients: 3\n    connect: {rate: 5}\n"
      "    publish: [{topic: \"x/{i}\", qos: 1, rate: 1/s, size: 64, arrival: poisson}]\n"
      "    subscribe: [{filter: \"y/#\", qos: 2}, z]\n"
      "stages: [{at: 1s, a.rate: 300%}, {at: 5, ramp: 2s, a.rate: 0%}]\nfail-if: [\"a:p99>1s\"]\n");
  write(scenario,
        "{\"groups\": {\"a\": {\"publish\": [{\"topic\": \"t\", \"total-rate\": \"2k\"}]}}}");
  SeedDirectory result(directory / "result");
  write(result,
        // Of Java's HistogramLogWriter.
        "#[Logged with nothing in particular]\n"
        "#[Histogram log format version 1.3]\n"
        "#[StartTime: 1795934588.025 (seconds since epoch), Sun Nov 29 06:43:08 UTC 2026]\n"
        "#[BaseTime: 1795934588.025 (seconds since epoch)]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram"
        "\"\n"
        "0.000,1.000,356482.286,HISTFAAAAHd42pNpmSzMwMAQwQABTBDKT4GBgdnNYMcCBvsPEBEBFiYWJ"
        "iZWJlEmY6ZyJl6mSCB+ycgkzPSdiWk6I5M4kLuUiek4I1M0kyLTUkYmSyZtpoeMTP9BSvSZ3JkKmXyZD"
        "jIzdTMyPWRmWskMNEOZSZfJlgkAWRATXg==\n"
        "Tag=ack,0.000,1.000,0.148,HISTFAAAAJZ42i2MLwrCcBzFf+/zHc4oGCxeQMQzeACP4BE8hagYxh"
        "jDYDAvGcaCRxjDYDIYTbIkCgbj3JiPB+8fvOF613fOBa6F/VVtqqrpuy3CHg+4GccOJxiTiAkrEYsNMO"
        "AgnqKo6ZPSmLhLbrzER2zFXUSQwYyrSI0CcjGnVP239wlF6bEgFQGcPb5GZGTWzMYFRizFD8UyJEU=\n");
  write(result,
        // Of a short run; what follows from the rest is left out.
        R"({"schema":"mqbench/1","tool":{"name":"mqbench","version":"0.1.0"},)"
        R"("run":{"id":"4e9955","started":"2026-11-29T06:43:08Z",)"
        R"("started_s":1795934588.0251,"warmup_s":0,"window_s":0.3,"drain_s":0.003116676,)"
        R"("shard":{"index":0,"of":1},"labels":{"a":"b"},"percentiles":[50,90,99,99.9,)"
        R"(99.99,100]},"host":{"kernel":"6.1.0","cpus":2,)"
        R"("shared_with_broker":true},"target":{"address":"127.0.0.1:42147",)"
        R"("protocol":"3.1.1"},"load":{"pubs":1,"subs":1,"pattern":"p2p",)"
        R"("deliveries_per_publish":{"min":1,"max":1,"mean":1},"qos":1,"sub_qos":1,)"
        R"("size_bytes":256,"payload":"random","verify":"seq","pairs":1,"rate_target":50,)"
        R"("loop":"open","stages":[],"arrival":"uniform","phase":"even","seed":5151061,)"
        R"("inflight":1000,"threads":1},"metrics":{},"counts":{"planned":15,"not_sent":0,)"
        R"("sent":15,"acked":15,"refused":0,"expected":15,"received":15,"lost":{"qos0":0,)"
        R"("acked":0,"unacked":0,"reconnect":0},"duplicates":{"dup_flag":0,"no_flag":0},)"
        R"("reordered":0,"reordered_by_max":0,"foreign":0,"corrupt":0,"disconnects":0,)"
        R"("downgraded":{"to_qos0":0,"to_qos1":0},"errors":{}},)"
        R"("histograms":{"response":{"unit":"ns","lowest":1,"highest":3600000000000,)"
        R"("digits":3,"count":15,"overflows":0,"negatives":0,"min":201618,"max":280188,)"
        R"("mean":229988.93333333332,"stddev":24205.184487258557,)"
        R"("encoding":"hdr-v2-zlib-base64",)"
        R"("data":"HISTFAAAAEF42pNpmSzMwMCgwAABzFCaEch0M9ixgMH+A0TgbAcjkziTPJM+kyZTKRNTJFMq)"
        R"(EzNTIFMxkyHTbSYmBiYAO7EJdQ=="},)"
        R"("service":{"unit":"ns","lowest":1,"highest":3600000000000,"digits":3,"count":15,)"
        R"("overflows":0,"negatives":0,"min":136386,"max":213260,"mean":158239.6,)"
        R"("stddev":22542.436235686684,"encoding":"hdr-v2-zlib-base64",)"
        R"("data":"HISTFAAAAEB42pNpmSzMwMCgwAABzFCaEch0M9ixgMH+A0TgYgMjkyATL5MwEztTMkswE5M7)"
        R"(UzGQ2cnItJWZaT4jEwAz4gls"}},)"
        R"("intervals":[{"t":0,"length_s":0.3,"sent":15,"received":15,"backlog":0,)"
        R"("client_cpu":0.008586510434233932,"p50_ms":0.225279,"p99_ms":0.280319,)"
        R"("max_ms":0.280319,)"
        R"("latency":"HISTFAAAAEF42pNpmSzMwMCgwAABzFCaEch0M9ixgMH+A0TgbAcjkziTPJM+kyZTKRNTJ)"
        R"(FMqEzNTIFMxkyHTbSYmBiYAO7EJdQ=="}],)"
        R"("events":[],"client":{"threads":[{"cpu":0.00803207}],"cpu_s":0.002409621,)"
        R"("connecting_s":0.004759698,"blocked_share":0,"rwnd_limited_share":0,)"
        R"("sndbuf_limited_share":0,"retransmit_share":0,"rtt_us":116,"rate_ratio":1,)"
        R"("sent_in_window":15,"received_in_window":15,)"
        R"("host":{"own_cpu":0.010084732847008171,"involuntary_switches":3,)"
        R"("broker_cpu":0.003450889238599304,"foreign_cpu":1.9360612376172022,"steal":0,)"
        R"("cpu_pressure":0.5200425558002536,"listen_overflows":0},"sockets":{"sending":1,)"
        R"("observed_ns":282123922,"busy_ns":0,"rwnd_limited_ns":0,"sndbuf_limited_ns":0,)"
        R"("segments":14,"retransmits":0,"rtt_us_sum":116,"rtt_count":1,"receiving":1,)"
        R"("unread_max_bytes":0}},"verdict":{"valid":false,"limited_by":"host",)"
        R"("reasons":["other processes took 194 % of a core",)"
        R"("something waited for a processor 52 % of the time"],"violations":[]},)"
        R"("thresholds":[{"expr":"p99>9s","value":280188,"hit":false}],"exit":5})");
  SeedDirectory blanks(directory / "template");
  write(blanks, "a/{i}/{mod:7}/{n}/{rand:9}\nx,y\n1,2\n");
  write(blanks, "{csv.x}/%i/{client}/{user}/{run}\nx,\"a \"\"b\"\"\"\n\"1\n\",2\n");
  SeedDirectory stamp(directory / "stamp");
  const std::string zeros(24, '\0');
  write(stamp, std::string("\0\0\0", 3) + "MQB1" + std::string(4, '\0') + zeros);
  write(stamp, std::string("\0\0\0", 3) + "MQBW" + std::string(4, '\0') + zeros + "rest");
  write(stamp, std::string("\0\0\0", 3) + zeros.substr(0, 16));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fuzz_seeds DIRECTORY\n", stderr);
    return 2;
  }
  try {
    write_packets(argv[1]);
    write_client(argv[1]);
    write_broker(argv[1]);
    write_topics(argv[1]);
    write_bench(argv[1]);
    write_web_sockets(argv[1]);
    write_proxies(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz_seeds: %s\n", error.what());
    return 1;
  }
  return 0;
}
