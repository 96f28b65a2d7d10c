#include "mqbroker/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <random>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/log.h"
#include "broker/access.h"
#include "common/console.h"
#include "common/exit_code.h"
#include "io/authenticator.h"
#include "io/broker_server.h"
#include "io/file_watch.h"
#include "io/filter_module.h"
#include "io/inherited_sockets.h"
#include "io/loop.h"
#include "io/service_manager.h"
#include "io/signals.h"
#include "mqbroker/daemon.h"
#include "mqbroker/own_file.h"
#include "mqbroker/privileges.h"
#include "store/sqlite_store.h"

namespace mq {
namespace {

// Between two looks at the files of reload_on_change, and how long they have to be as they are.
constexpr Duration kWatchInterval = std::chrono::seconds(1);

// A connection is a descriptor, and the limit that a shell hands down is far below the system's.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Gives the TCP ports, a line each.
Result<std::string> listen(BrokerServer& server, const std::vector<ServeListener>& listeners) {
  std::string ports;
  uint16_t last = 0;
  for (const ServeListener& listener : listeners) {
    ListenOptions options = listener.options;
    if (listener.port_of_last && options.address.port == 0) options.address.port = last;
    MQ_TRY(const uint16_t port, server.listen(options));
    if (port == 0) continue;
    if (!listener.port_of_last) ports += fmt::format("{}\n", port);
    last = port;
  }
  return ports;
}

std::vector<std::string> places_of(const ServeOptions& options) {
  std::vector<std::string> places;
  for (const ServeListener& listener : options.listeners) {
    places.push_back(listener.options.address.text());
  }
  return places;
}

// The settings that differ and hold only from the next start on.
std::vector<std::string_view> not_reloaded(const ServeOptions& was, const ServeOptions& is) {
  std::vector<std::string_view> keys;
  const auto check = [&](std::string_view key, bool same) {
    if (!same) keys.push_back(key);
  };
  check("receive_maximum", was.broker.receive_maximum == is.broker.receive_maximum);
  check("retain_available", was.broker.retain_available == is.broker.retain_available);
  check("sys_interval", was.broker.sys_interval == is.broker.sys_interval);
  check("max_auth_failures", was.auth_failures_max == is.auth_failures_max);
  check("store", was.store == is.store);
  check("pid_file", was.pid_file == is.pid_file);
  check("port_file", was.port_file == is.port_file);
  check("user", was.user == is.user);
  check("daemon", was.daemon == is.daemon);
  check("reload_on_change", was.reload_on_change == is.reload_on_change);
  const bool same_places = places_of(was) == places_of(is);
  check("listener", same_places);
  for (size_t i = 0; same_places && i < was.listeners.size(); ++i) {
    const ListenOptions& before = was.listeners[i].options;
    const ListenOptions& after = is.listeners[i].options;
    check("max_qos", before.clients.qos_max == after.clients.qos_max);
    check("max_topic_alias",
          before.clients.topic_alias_maximum == after.clients.topic_alias_maximum);
    check("listener_receive_maximum",
          before.clients.receive_maximum == after.clients.receive_maximum);
    check("mount_point", before.clients.mount_point == after.clients.mount_point);
    check("socket_domain", before.where.family == after.where.family);
    check("bind_interface", before.where.interface == after.where.interface);
  }
  return keys;
}

Result<void> make_dev_certificates(const ServeOptions& options) {
  if (!options.dev_tls) return {};
  MQ_TRY(const FilterModule* const module, filter_module());
  MQ_CHECK(module->dev_certificates(*options.dev_tls));
  return {};
}

// All of it or nothing: with an error in the new settings the current ones stay in force. What
// needs a restart is what it was when the broker `started`: that is said again each time.
void reload(const ReadSettings& read_again, const ServeOptions& started, ServeOptions& current,
            BrokerServer& server, Authenticator& access) {
  const auto failed = [](const Error& error) {
    log(LogLevel::kError, "reload_failed", {{"error", error.text}});
  };
  Result<ServeOptions> fresh = read_again();
  if (!fresh) return failed(fresh.error());
  for (const std::string_view key : not_reloaded(started, *fresh)) {
    log(LogLevel::kWarning, "needs_restart", {{"setting", key}});
  }
  if (places_of(*fresh) != places_of(started)) {
    // The listeners that are there keep what was said about them, but for the contents of files.
    fresh->listeners = current.listeners;
  }
  Result<AuthFiles> auth = load_auth(auth_settings(*fresh));
  if (!auth) return failed(auth.error());
  if (const auto made = make_dev_certificates(*fresh); !made) return failed(made.error());
  std::vector<BrokerServer::ListenerSettings> listeners;
  for (const ServeListener& listener : fresh->listeners) {
    auto layers = ListenerLayers::make(listener.options.layers);
    if (!layers) return failed(layers.error());
    listeners.push_back({listener.options.clients, std::move(*layers)});
  }
  for (const std::vector<std::string>* warnings : {&fresh->warnings, &auth->warnings}) {
    for (const std::string& warning : *warnings) {
      log(LogLevel::kWarning, "settings", {{"warning", warning}});
    }
  }
  if (const auto opened = log_to(fresh->log_output); !opened) return failed(opened.error());
  set_log_level(fresh->log_level);
  access.set_rules(std::move(auth->rules));
  server.set_options(fresh->broker, listeners);
  log(LogLevel::kNotice, "reloaded");
  current = std::move(*fresh);
}

// Starts the store's thread and carries what it says to the loop's.
void start(SqliteStore& store, Loop& loop, BrokerServer& server) {
  store.start([&loop, &server, failing = false](const SqliteStore::Report& report) mutable {
    if (report.failure) {
      failing = true;
      log(LogLevel::kError, "store_failing", {{"why", report.failure->text}});
    } else if (std::exchange(failing, false)) {
      log(LogLevel::kNotice, "store_works_again");
    }
    if (report.durable == 0) return;
    loop.post([&server, batch = report.durable] { server.durable(batch); });
  });
}

// All bridges of a broker.
class Bridges {
 public:
  Bridges(Loop& loop, BrokerServer& server, const std::vector<BridgeSettings>& settings) {
    for (const BridgeSettings& each : settings) {
      runners_.push_back(std::make_unique<BridgeRunner>(loop, server, each));
    }
  }

  void start() {
    for (const auto& runner : runners_) runner->start();
  }

  // They say goodbye before the broker goes. `done` is called at once when there are none.
  void stop(Duration deadline, std::function<void()> done) {
    left_ = runners_.size();
    if (left_ == 0) return done();
    for (const auto& runner : runners_) {
      runner->stop(deadline, [this, done] {
        if (--left_ == 0) done();
      });
    }
  }

 private:
  std::vector<std::unique_ptr<BridgeRunner>> runners_;
  size_t left_ = 0;
};

}  // namespace

std::vector<AuthSettings> auth_settings(const ServeOptions& options) {
  std::vector<AuthSettings> all(1);
  // Who has come back from the store, but not from a listener yet, is under the rules of all.
  const auto same_rules = [&](const ServeListener& listener) {
    return listener.auth.acl_file == options.listeners.front().auth.acl_file;
  };
  if (std::ranges::all_of(options.listeners, same_rules)) {
    all.front() = options.listeners.front().auth;
  }
  for (const ServeListener& listener : options.listeners) all.push_back(listener.auth);
  return all;
}

std::string greeting(const std::vector<std::string>& places, const Welcome& welcome) {
  constexpr std::string_view kUnix = "unix:";
  const bool tls = welcome.layers.tls.has_value();
  const bool proven = welcome.layers.user_name != UserNameSource::kConnect;
  const uint16_t usual_port = tls ? 8883 : Address().port;
  bool is_public = false;
  std::string where, connect;
  for (const std::string& place : places) {
    const bool is_first = &place == &places.front();
    const bool is_last = &place == &places.back();
    if (!is_first) where += is_last ? " and " : ", ";
    where += place;
    if (place.starts_with(kUnix)) {
      if (is_first) connect = fmt::format(" --unix {}", place.substr(kUnix.size()));
      continue;
    }
    const auto address = parse_host_port(place, 0);
    if (!address) continue;
    const bool is_any = address->host == "0.0.0.0" || address->host == "::";
    const bool is_local = is_loopback(address->host);
    is_public = is_public || !is_local;
    if (!is_first) continue;
    if (!is_any && !is_local) connect += fmt::format(" -h {}", address->host);
    if (address->port != usual_port) connect += fmt::format(" -p {}", address->port);
  }
  if (welcome.layers.protocol == ListenProtocol::kWebSocket) connect += " --ws";
  if (tls && welcome.layers.tls->cert_file.empty()) {
    connect += " --psk KEY --psk-identity NAME";
  } else if (tls) {
    connect += fmt::format(" --cafile {}", welcome.ca_file.empty() ? "FILE" : welcome.ca_file);
    if (welcome.layers.tls->require_certificate) connect += " --cert FILE --key FILE";
  }
  if (welcome.passwords && !proven) connect += " -u NAME -P PASSWORD";
  return fmt::format("listening on {} ({}{}, {}) - try: mqsub{} -t '#' -v", where,
                     tls ? "TLS, " : "",
                     proven              ? "with certificates or keys"
                     : welcome.passwords ? "with passwords"
                                         : "no password",
                     is_public ? "open to other machines" : "this machine only", connect);
}

std::vector<std::string> files_of(const ServeOptions& options) {
  std::vector<std::string> files;
  const auto add = [&](const std::string& file) {
    if (!file.empty()) files.push_back(file);
  };
  for (const ServeListener& listener : options.listeners) {
    if (const auto& tls = listener.options.layers.tls) {
      for (const auto* file : {&tls->ca_file, &tls->ca_path, &tls->crl_file, &tls->cert_file,
                               &tls->key_file, &tls->psk_file, &tls->dh_file}) {
        add(*file);
      }
    }
    add(listener.auth.password_file.value_or(""));
    add(listener.auth.acl_file.value_or(""));
    for (const std::string& file : listener.auth.jwt_key_files) add(file);
  }
  return files;
}

int check_files(const ServeOptions& options) {
  const Console console;
  const Result<AuthFiles> auth = load_auth(auth_settings(options));
  if (!auth) {
    console.error(auth.error().text);
    return kExitFailure;
  }
  for (const std::string& warning : auth->warnings) console.warning(warning);
  for (const ServeListener& listener : options.listeners) {
    if (options.dev_tls) break;  // what is to be read may not be there yet
    if (const auto layers = ListenerLayers::make(listener.options.layers); !layers) {
      console.error(layers.error().text);
      return kExitFailure;
    }
  }
  return kExitOk;
}

int serve(const ServeOptions& options, const ReadSettings& read_again) {
  const Console console;
  Daemon daemon;
  if (options.daemon) {
    // Before the loop: libuv's descriptors do not survive a fork.
    if (const auto exit_code = daemon.fork()) return *exit_code;
  }
  const auto give_up = [&](const Error& error) {
    console.error(error.text);
    return static_cast<int>(kExitFailure);
  };

  if (const auto opened = log_to(options.log_output); !opened) return give_up(opened.error());
  set_log_level(options.log_level);
  raise_descriptor_limit();

  Loop loop;
  ServiceManager manager(loop);
  Result<AuthFiles> auth = load_auth(auth_settings(options));
  if (!auth) return give_up(auth.error());
  for (const std::string& warning : auth->warnings) console.warning(warning);
  const bool with_passwords = std::ranges::any_of(
      auth->rules, [](const AuthRules& r) { return r.users != nullptr || r.tokens != nullptr; });
  Authenticator access(loop, options.auth_failures_max);
  access.set_rules(std::move(auth->rules));
  std::random_device random;
  std::unique_ptr<SqliteStore> store;  // outlives the server, and writes what that leaves
  if (options.store) {
    auto opened = SqliteStore::open(*options.store);
    if (!opened) return give_up(opened.error());
    store = std::move(*opened);
  }
  BrokerServer server(loop, options.broker, access, uint64_t{random()} << 32 | random(),
                      store.get());
  if (store != nullptr) {
    if (const auto restored = server.restore(); !restored) return give_up(restored.error());
    start(*store, loop, server);
  }
  access.set_server(server);
  Bridges bridges(loop, server, options.bridges);
  // Before anybody is told that the broker is there, and sends it one.
  bool ending = false;
  std::string status;
  ServeOptions current = options;
  // The files, and not the settings: somebody may be writing those.
  FileWatch watch(loop, kWatchInterval, [&] {
    log(LogLevel::kNotice, "files_changed");
    reload([&] { return current; }, options, current, server, access);
  });
  const Signals signals(loop, {SIGINT, SIGTERM, SIGHUP}, [&](int number) {
    if (number == SIGHUP) {
      manager.reloading();
      reload(read_again, options, current, server, access);
      if (options.reload_on_change) watch.set(files_of(current));
      return manager.ready(status);
    }
    if (std::exchange(ending, true)) return loop.stop();  // asked twice
    manager.stopping();
    bridges.stop(options.shut_down_within,
                 [&] { server.shut_down(options.shut_down_within, [&loop] { loop.stop(); }); });
  });

  if (const auto made = make_dev_certificates(options); !made) return give_up(made.error());
  const Result<std::string> ports = listen(server, options.listeners);
  if (!ports) return give_up(ports.error());
  for (const std::string& place : InheritedSockets::of_process().left()) {
    console.warning(
        fmt::format("a socket for {} was handed down, and no listener has that place: "
                    "it is not used",
                    place));
  }
  OwnFile pid_file, port_file;
  if (options.pid_file) {
    if (auto made = pid_file.write(*options.pid_file, fmt::format("{}\n", getpid())); !made) {
      return give_up(made.error());
    }
  }
  if (options.port_file) {
    if (auto made = port_file.write(*options.port_file, *ports); !made) {
      return give_up(made.error());
    }
  }
  if (!options.user.empty()) {
    if (auto dropped = drop_privileges(options.user); !dropped) return give_up(dropped.error());
  }
  std::vector<std::string> places;
  for (const auto& listener : server.listeners()) places.push_back(listener->text());
  const Welcome welcome = {with_passwords, options.listeners.front().options.layers,
                           options.dev_tls ? DevCertificates::in(*options.dev_tls).ca_file : ""};
  status = greeting(places, welcome);
  console.note(status);
  daemon.ready();
  manager.ready(status);

  if (options.reload_on_change) watch.set(files_of(current));
  bridges.start();
  loop.run();
  return kExitOk;
}

}  // namespace mq
