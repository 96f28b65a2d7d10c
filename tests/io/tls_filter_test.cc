#include "io/tls_filter.h"

#include <functional>

#include <doctest/doctest.h>

#include "io/dev_certificates.h"
#include "io/tls_context.h"
#include "support/certificates.h"
#include "support/filter_pair.h"

namespace mq::test {
namespace {

struct Fixture {
  TestCertificates certificates;
  TlsServerOptions server;
  TlsClientOptions client;

  Fixture() {
    use(server, certificates.make("server", {}));
    client.ca_file = certificates.ca();
    client.host = "localhost";
  }
  static void use(TlsOptions& options, const CertificateFiles& files) {
    options.cert_file = files.cert_file;
    options.key_file = files.key_file;
  }
  void want_client_certificate() {
    server.require_certificate = true;
    server.ca_file = certificates.ca();
  }
  FilterPair connect(size_t piece = SIZE_MAX) const {
    const auto of_server = make_tls_server(server);
    const auto of_client = make_tls_client(client);
    if (!of_server) FAIL(of_server.error().text);
    if (!of_client) FAIL(of_client.error().text);
    return {(*of_client)->make_filter(), (*of_server)->make_filter(), piece};
  }
  std::string setup_error_of_server() const {
    const auto context = make_tls_server(server);
    return context ? "" : context.error().text;
  }
  std::string setup_error_of_client() const {
    const auto context = make_tls_client(client);
    return context ? "" : context.error().text;
  }
};

bool has(const std::string& text, std::string_view part) {
  CAPTURE(text);
  CAPTURE(std::string(part));
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

// What the client is told when the handshake fails; "" when it does not.
std::string client_error(const Fixture& f) {
  FilterPair pair = f.connect();
  if (pair.open()) pair.send(pair.client, "x");  // TLS 1.3 reports after the handshake
  return pair.client.error ? pair.client.error->text : "";
}

std::string server_error(const Fixture& f) {
  FilterPair pair = f.connect();
  return pair.server.error ? pair.server.error->text : "";
}

TEST_CASE("TLS carries bytes both ways, however they are cut") {
  Fixture f;
  for (const TlsVersion version : {TlsVersion::kTls12, TlsVersion::kTls13}) {
    f.client.version_min = version;
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{1000}, SIZE_MAX}) {
      CAPTURE(piece);
      FilterPair pair = f.connect(piece);
      REQUIRE(pair.open());
      pair.send(pair.client, "to the server");
      pair.send(pair.server, "to the client");
      CHECK(pair.server.got == "to the server");
      CHECK(pair.client.got == "to the client");
      pair.finish(pair.client);
      REQUIRE(pair.server.error);
      CHECK(pair.server.error->code == ErrorCode::kClosed);
    }
  }
}

TEST_CASE("large data goes through TLS in records and comes out as it was") {
  const Fixture f;
  FilterPair pair = f.connect(1460);
  std::string large(3'000'000, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7 + i / 256);
  pair.send(pair.client, large);
  pair.send(pair.server, large);
  CHECK(pair.server.got == large);
  CHECK(pair.client.got == large);
}

TEST_CASE("what is sent together with the end of the handshake is not lost") {
  Fixture f;
  FilterPair pair = f.connect();
  // Two records and close_notify in one piece.
  REQUIRE(pair.client.filter->to_wire(to_bytes("one"), pair.client.wire));
  REQUIRE(pair.client.filter->to_wire(to_bytes("two"), pair.client.wire));
  pair.client.filter->finish(pair.client.wire);
  pair.run();
  CHECK(pair.server.got == "onetwo");
  REQUIRE(pair.server.error);
  CHECK(pair.server.error->code == ErrorCode::kClosed);
}

TEST_CASE("damaged and foreign bytes end TLS with an alert and an error") {
  const Fixture f;
  FilterPair pair = f.connect();
  REQUIRE(pair.client.filter->to_wire(to_bytes("hello"), pair.client.wire));
  pair.client.wire.data()[pair.client.wire.size() - 1] ^= 1;
  pair.run();
  REQUIRE(pair.server.error);
  CHECK(pair.server.error->code == ErrorCode::kTls);
  CHECK(pair.server.got.empty());
  REQUIRE(pair.client.error);  // by the alert
  CHECK(pair.client.error->code == ErrorCode::kTls);

  auto plain = (*make_tls_server(f.server))->make_filter();
  Buffer out, answer;
  const auto result = plain->from_wire(to_bytes("\x10\x0E not TLS at all"), out, answer);
  REQUIRE_FALSE(result);
  has(result.error().text, "the client does not speak TLS");
  CHECK_FALSE(plain->open());
  plain->finish(answer);  // has nothing to say, and does not fail
}

TEST_CASE("a client learns that the other side does not speak TLS") {
  Fixture f;
  auto filter = (*make_tls_client(f.client))->make_filter();
  Buffer plain, wire;
  REQUIRE(filter->from_wire({}, plain, wire));
  CHECK_FALSE(wire.empty());
  const auto result = filter->from_wire(to_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"), plain, wire);
  REQUIRE_FALSE(result);
  has(result.error().text, "is this its port for plain connections?");
}

TEST_CASE("a certificate must be for the host that was asked for") {
  Fixture f;
  CHECK(client_error(f) == "");
  f.client.host = "127.0.0.1";
  CHECK(client_error(f) == "");
  f.client.host = "broker.example";
  const std::string text = client_error(f);
  has(text, "hostname mismatch");
  has(text, "it is for localhost, 127.0.0.1, and not for broker.example");
  has(text, "--tls-hostname");
  f.client.host = "127.0.0.2";
  has(client_error(f), "IP address mismatch");
  f.client.insecure = true;
  CHECK(client_error(f) == "");

  // The common name counts where there are no alternative names.
  f.client.insecure = false;
  Fixture::use(f.server, f.certificates.make("old", {.common_name = "old.example", .names = ""}));
  f.client.host = "old.example";
  CHECK(client_error(f) == "");
}

TEST_CASE("a certificate must be from a CA that is trusted, and in date") {
  Fixture f;
  f.client.ca_file = f.certificates.ca("stranger");
  std::string text = client_error(f);
  has(text, "unable to get local issuer certificate");
  has(text, "issuer O=mqkit tests, CN=ca");
  has(text, "--cafile");
  has(server_error(f), "the client does not trust the CA of our certificate");

  f.client.ca_file = f.certificates.ca();
  Fixture::use(f.server, f.certificates.make("old", {.days_from = -9, .days_until = -2}));
  text = client_error(f);
  has(text, "certificate has expired");
  has(text, "; valid until 20");
  Fixture::use(f.server, f.certificates.make("new", {.days_from = 2, .days_until = 9}));
  has(client_error(f), "is the clock of this machine right?");
}

TEST_CASE("pins name the key that the server must have") {
  Fixture f;
  std::string report;
  f.client.report = [&](const std::string& text) { report = text; };
  CHECK(client_error(f) == "");
  const size_t at = report.find("sha256//");
  REQUIRE(at != std::string::npos);
  const std::string pin = report.substr(at, 52);
  has(report, "TLSv1.3");
  has(report, "names localhost, 127.0.0.1");

  f.client.pins = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", pin};
  CHECK(client_error(f) == "");
  f.client.pins.pop_back();
  has(client_error(f), "its pin is " + pin);
  // Beside the certificate, not instead of it.
  f.client.pins = {pin};
  f.client.host = "broker.example";
  has(client_error(f), "hostname mismatch");
  f.client.insecure = true;
  CHECK(client_error(f) == "");
}

TEST_CASE("a server can want a certificate of the client") {
  Fixture f;
  f.want_client_certificate();
  for (const TlsVersion version : {TlsVersion::kTls12, TlsVersion::kTls13}) {
    f.client.cert_file.clear();
    f.server.version_min = version;
    if (version == TlsVersion::kTls12) f.client.tls13_ciphers = "";
    has(client_error(f), "the server wants a client certificate");
    has(server_error(f), "the client gave no certificate");
  }
  f.server.version_min = TlsVersion::kTls12;
  Fixture::use(f.client, f.certificates.make("alice", {.common_name = "alice", .names = ""}));
  FilterPair pair = f.connect();
  REQUIRE(pair.open());
  REQUIRE(pair.server.filter->peer_identity() != nullptr);
  CHECK(pair.server.filter->peer_identity()->common_name == "alice");
  CHECK(pair.server.filter->peer_identity()->subject == "CN=alice,O=mqkit tests");
  CHECK(pair.client.filter->peer_identity() == nullptr);

  Fixture::use(f.client, f.certificates.make("mallory", {.common_name = "alice"}, "stranger"));
  has(client_error(f), "the server does not trust the CA of the client certificate");
  has(server_error(f), "the client's certificate is not accepted");

  Fixture::use(f.client, f.certificates.make("late", {.days_from = -9, .days_until = -2}));
  has(client_error(f), "the client certificate has expired");
  f.server.check_client_dates = false;
  CHECK(client_error(f) == "");
}

TEST_CASE("a revoked certificate is refused") {
  Fixture f;
  f.want_client_certificate();
  const CertificateFiles bob = f.certificates.make("bob", {.common_name = "bob"});
  const CertificateFiles alice = f.certificates.make("alice", {.common_name = "alice"});
  f.server.crl_file = f.certificates.revoke(bob);
  Fixture::use(f.client, alice);
  CHECK(client_error(f) == "");
  Fixture::use(f.client, bob);
  has(client_error(f), "the client certificate has been revoked");
}

TEST_CASE("pre-shared keys need no certificates") {
  Fixture f;
  f.server = {};
  f.server.psk_file = f.certificates.file("psk", "# keys\n\nalice:00ff10\nbob:0102\r\n");
  f.client = {};
  f.client.host = "localhost";
  f.client.psk_identity = "alice";
  f.client.psk = std::string("\x00\xFF\x10", 3);
  const auto works = [&] {
    FilterPair pair = f.connect();
    if (!pair.open()) return false;
    REQUIRE(pair.server.filter->peer_identity() != nullptr);
    CHECK(pair.server.filter->peer_identity()->common_name == "alice");
    pair.send(pair.client, "secret");
    return pair.server.got == "secret";
  };
  CHECK(works());
  f.client.ciphers = "PSK-AES128-CBC-SHA256";
  f.client.tls13_ciphers = "";
  CHECK(works());
  f.client.ciphers.clear();
  f.client.psk = "wrong";
  CHECK(client_error(f) != "");
  f.client.psk_identity = "nobody";
  CHECK(client_error(f) != "");
  // Who names an identity and cannot use its key is nobody, even if the handshake goes on without.
  {
    Fixture both;
    both.server.psk_file = f.server.psk_file;
    both.client.psk_identity = "alice";
    both.client.psk = "wrong";
    both.client.tls13_ciphers = "TLS_AES_256_GCM_SHA384";  // not the hash of the key
    both.client.ciphers = "DEFAULT";
    FilterPair pair = both.connect();
    CHECK(pair.open());
    CHECK(pair.server.filter->peer_identity() == nullptr);
  }
  f.server.psk_hint = "who are you?";
  f.client.psk_identity = "bob";
  f.client.psk = "\x01\x02";
  CHECK(client_error(f) == "");

  // A server that has a certificate and no key is not taken instead.
  Fixture g;
  g.client = f.client;
  CHECK(client_error(g) != "");

  f.server.psk_file = f.certificates.file("psk", "alice:00ff10\nbob=0102\n");
  has(f.setup_error_of_server(), "psk:2: this line is not IDENTITY:HEXKEY");
}

// Connections of one client to one server, one after the other.
struct ReturningClient {
  std::shared_ptr<const TlsContext> client, server;
  TlsSession session;

  explicit ReturningClient(const Fixture& f)
      : client(*make_tls_client(f.client)), server(*make_tls_server(f.server)) {}
  FilterPair connect() { return {client->make_filter(&session), server->make_filter()}; }
};

TEST_CASE("a client that comes back takes up its session, where the server lets it") {
  using enum TlsHandshake;
  Fixture f;
  f.want_client_certificate();
  Fixture::use(f.client, f.certificates.make("alice", {.common_name = "alice", .names = ""}));
  ReturningClient alice(f);
  for (const TlsHandshake expected : {kFull, kResumed, kResumed, kResumed}) {
    FilterPair pair = alice.connect();
    REQUIRE(pair.open());
    CHECK(pair.client.filter->tls_handshake() == expected);
    // Who it is goes with the session.
    REQUIRE(pair.server.filter->peer_identity() != nullptr);
    CHECK(pair.server.filter->peer_identity()->common_name == "alice");
    pair.send(pair.server, "x");  // the ticket has come before it
    CHECK(pair.client.got == "x");
    // And then the connection is cut, without a word.
  }
  // Whoever keeps nothing begins anew.
  CHECK(FilterPair(alice.client->make_filter(), alice.server->make_filter())
            .client.filter->tls_handshake() == kFull);

  // A server that cannot read the ticket, as after a restart.
  alice.server = *make_tls_server(f.server);
  CHECK(alice.connect().client.filter->tls_handshake() == kFull);
  CHECK(alice.connect().client.filter->tls_handshake() == kResumed);

  // A handshake that fails leaves nothing behind to fail by.
  Fixture other;
  other.server.tls13_ciphers = "TLS_CHACHA20_POLY1305_SHA256";
  f.client.tls13_ciphers = "TLS_AES_128_GCM_SHA256";
  ReturningClient bob(f);
  CHECK(bob.connect().open());
  CHECK(bob.session.kept != nullptr);
  const auto right = std::exchange(bob.server, *make_tls_server(other.server));
  CHECK_FALSE(bob.connect().open());
  CHECK(bob.session.kept == nullptr);
  bob.server = right;
  CHECK(bob.connect().client.filter->tls_handshake() == kFull);
}

TEST_CASE("a pre-shared key is no session that is taken up, and its sessions can be") {
  using enum TlsHandshake;
  Fixture f;
  f.server = {};
  f.server.psk_file = f.certificates.file("psk", "alice:00ff10\n");
  f.client = {};
  f.client.psk_identity = "alice";
  f.client.psk = std::string("\x00\xFF\x10", 3);
  ReturningClient alice(f);
  for (const TlsHandshake expected : {kFull, kResumed}) {
    FilterPair pair = alice.connect();
    REQUIRE(pair.open());
    CHECK(pair.client.filter->tls_handshake() == expected);
    CHECK(pair.server.filter->peer_identity()->common_name == "alice");
  }
  alice.server = *make_tls_server(f.server);
  CHECK(alice.connect().client.filter->tls_handshake() == kFull);
}

TEST_CASE("the versions must meet") {
  Fixture f;
  f.server.version_min = TlsVersion::kTls13;
  f.client.ciphers = "DEFAULT";
  CHECK(client_error(f) == "");
  f.client.tls13_ciphers = "TLS_CHACHA20_POLY1305_SHA256";
  f.server.tls13_ciphers = "TLS_AES_128_GCM_SHA256";
  has(client_error(f), "no cipher in common");
}

TEST_CASE("files that cannot be used are named, with the reason") {
  Fixture f;
  f.client.ca_file = f.certificates.path("none");
  has(f.setup_error_of_client(), "/none: No such file or directory");
  f.client.ca_file = f.certificates.file("text", "no certificate\n");
  has(f.setup_error_of_client(), "cannot read CA certificates from");
  f.client.ca_file.clear();
  f.client.ca_path = f.certificates.path("none");
  has(f.setup_error_of_client(), "No such file or directory");
  f.client.ca_path.clear();
  f.client.ciphers = "NONSENSE";
  has(f.setup_error_of_client(), "no usable cipher in 'NONSENSE'");

  const std::string key = f.server.key_file;
  f.server.key_file = f.certificates.make("other", {}).key_file;
  has(f.setup_error_of_server(), "is not that of the certificate in");
  f.server.key_file = key;
  f.server.require_certificate = true;
  has(f.setup_error_of_server(), "there is no CA to trust");
  f.server = {};
  has(f.setup_error_of_server(), "a TLS listener needs a certificate or a PSK file");
}

TEST_CASE("an encrypted key opens with its pass phrase") {
  Fixture f;
  Fixture::use(f.server, f.certificates.make("sealed", {.key_pass = "open sesame"}));
  f.server.key_pass = "open sesame";
  CHECK(client_error(f) == "");
  f.server.key_pass = "wrong";
  has(f.setup_error_of_server(), "is it encrypted, and its pass phrase another one?");
  // The same through a store loader.
  f.server.key_file = "file://" + f.server.key_file;
  f.server.key_pass = "open sesame";
  CHECK(client_error(f) == "");
}

TEST_CASE("the secrets of a connection can be logged") {
  Fixture f;
  f.client.keylog_file = f.certificates.path("keys");
  CHECK(client_error(f) == "");
  std::FILE* const file = std::fopen(f.client.keylog_file.c_str(), "r");
  REQUIRE(file != nullptr);
  char line[64] = {};
  CHECK(std::fgets(line, sizeof line, file) != nullptr);
  std::fclose(file);
  has(line, "_SECRET ");
}

TEST_CASE("a client that asks for ALPN is answered") {
  Fixture f;
  std::string report;
  f.client.report = [&](const std::string& text) { report = text; };
  f.client.alpn = "mqtt";
  CHECK(client_error(f) == "");
  has(report, "ALPN mqtt");
  f.client.alpn = "something-else";
  CHECK(client_error(f) == "");
  CHECK(report.find("ALPN") == std::string::npos);
}

TEST_CASE("certificates for development work at once and stay what they are") {
  TestCertificates scratch;
  const auto made = make_dev_certificates(scratch.path("dev"));
  REQUIRE(made);
  TlsServerOptions server;
  server.cert_file = made->cert_file;
  server.key_file = made->key_file;
  TlsClientOptions client;
  client.ca_file = made->ca_file;
  std::string pins[2];
  for (std::string& pin : pins) {
    REQUIRE(make_dev_certificates(scratch.path("dev")));
    client.host = "localhost";
    client.report = [&](const std::string& text) { pin = text.substr(text.find("sha256//")); };
    for (const char* host : {"127.0.0.1", "::1", "localhost"}) {
      client.host = host;
      FilterPair pair((*make_tls_client(client))->make_filter(),
                      (*make_tls_server(server))->make_filter());
      if (pair.client.error) FAIL_CHECK(pair.client.error->text);
      CHECK(pair.open());
    }
  }
  CHECK(pins[0] == pins[1]);
  CHECK(pins[0].size() == 52);
  // A server certificate that was lost is made anew by the same CA.
  std::remove(made->cert_file.c_str());
  REQUIRE(make_dev_certificates(scratch.path("dev")));
  FilterPair pair((*make_tls_client(client))->make_filter(),
                  (*make_tls_server(server))->make_filter());
  CHECK(pair.open());
}

}  // namespace
}  // namespace mq::test
