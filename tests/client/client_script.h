// A Script whose end is a ClientSession; the test is the server.
#pragma once

#include <string_view>

#include "client/client_session.h"
#include "support/script.h"

namespace mq::test {

class ClientEnd : public Endpoint {
 public:
  explicit ClientEnd(ClientOptions options) : session(std::move(options)) {}

  void opened(Now now) override { session.opened(now); }
  void closed(Now now) override { session.closed(now); }
  void receive(Bytes bytes, Now now) override;
  void produce(OutBatch& to, Now now) override { session.produce(to, now); }
  void tick(Now now) override { session.tick(now); }
  Time next_deadline() const override { return session.next_deadline(); }
  bool wants_close() const override { return session.wants_close(); }

  ClientSession session;
};

// The end comes first, as a base, because the script lives on it.
class ClientScript : private ClientEnd, public Script {
 public:
  explicit ClientScript(ClientOptions options = {})
      : ClientEnd(std::move(options)), Script(static_cast<ClientEnd&>(*this)) {}

  using ClientEnd::session;

  // Opens, takes the CONNECT whatever it says, and answers with `connack`, by default the shortest
  // that accepts.
  ClientScript& connect(std::string_view connack = "", Where where = Where::here());

  ClientScript& publish(std::string_view topic, std::string_view payload, int qos,
                        uint32_t token = 0, Where where = Where::here());
  ClientScript& subscribe(std::string_view filter, SubscribeOptions options = {},
                          uint32_t token = 0, Where where = Where::here());
};

// The options most tests start from: no identifier, clean start, keep alive 60 s.
ClientOptions v5();
ClientOptions v311();
ClientOptions v31();

}  // namespace mq::test
