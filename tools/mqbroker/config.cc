#include "mqbroker/config.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "common/config_file.h"
#include "common/options.h"
#include "mqbroker/config_keys.h"

namespace mq {
namespace {

// Options that make no sense in a file, and those that a file writes as blocks.
const KeySet kNotInFiles = {"check-config", "config",       "generate", "help",
                            "listen",       "print-config", "version"};
// Where to listen: whoever says it on the command line means these places and no others.
const KeySet kPlaces = {"bind", "lan", "listen", "port", "unix"};
// One for all listeners, unless per_listener_settings.
const KeySet kSecurity = {"acl-file",       "allow-anonymous", "allow-zero-length-clientid",
                          "auto-id-prefix", "jwt-audience",    "jwt-issuer",
                          "jwt-key-file",   "jwt-leeway",      "jwt-user-claim",
                          "password-file",  "psk-file"};
// What --print-config does not show.
const KeySet kSecrets = {"login", "remote-password", "local-password", "bridge-psk"};

tl::unexpected<Error> bad(const ConfigLine& line, std::string_view what) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}{}: {}", line.where(), line.file_key(), what));
}

// The value of a `listener` line, PORT [ADDRESS] or 0 PATH, or of `listen`, a URL.
Result<Address> listener_address(const ConfigLine& line) {
  if (line.key == "listen") {
    auto parsed = parse_url(line.value);
    if (!parsed) return bad(line, parsed.error().text);
    return std::move(parsed->address);
  }
  const size_t blank = std::min(line.value.find_first_of(" \t"), line.value.size());
  const auto port = parse_number(std::string_view(line.value).substr(0, blank));
  const size_t second = line.value.find_first_not_of(" \t", blank);
  Address address;
  address.host = second == std::string::npos ? "" : line.value.substr(second);
  if (!port || *port > UINT16_MAX || (*port == 0 && address.host.empty())) {
    return bad(line,
               "write a port and an address if it is not to be all of them, or 0 and the "
               "path of a unix socket");
  }
  address.port = static_cast<uint16_t>(*port);
  if (*port == 0) address.kind = TransportKind::kUnix;
  return address;
}

// One reading of one file.
class Loader {
 public:
  Loader(OptionValues& global, BrokerArgs& args)
      : global_(global), args_(args), any_listener_(declared(dummy_)) {}

  Result<void> load() {
    for (const std::string& place : kPlaces) places_given_ |= global_.given(place);
    if (args_.config_file) {
      MQ_TRY(const auto lines, read_config(*args_.config_file));
      any_bridge_.emplace(declared(dummy_bridge_));
      for (const ConfigLine& line : lines) MQ_CHECK(take(line));
    }
    for (OptionValues& block : blocks_) {
      const Result<void> taken = block.take_given(global_);
      if (!taken) return tl::unexpected(taken.error());
    }
    if (places_given_) args_.listeners.clear();
    if (args_.print_config) print();
    return {};
  }

 private:
  static OptionValues declared(BridgeArgs& args) {
    return OptionValues::of([&args](CLI::App& app) { declare_bridge(app, args); });
  }

  static OptionValues declared(ListenerArgs& args) {
    return OptionValues::of([&args](CLI::App& app) { declare_listener(app, args); });
  }

  Result<void> take(const ConfigLine& line) {
    if (line.key == "listener" || line.key == "listen") {
      MQ_TRY(Address address, listener_address(line));
      places_.push_back(fmt::format("{} {}", line.file_key(), line.value));
      args_.listeners.emplace_back().address = std::move(address);
      args_.listeners.back().by_url = line.key == "listen";
      blocks_.push_back(declared(args_.listeners.back()));
      return {};
    }
    if (line.key == "connection") return begin_bridge(line);
    if (any_bridge_->has(line.key)) return take_bridge(line, any_bridge_->canonical(line.key));
    const std::string key = global_.canonical(line.key);
    const bool of_listener = any_listener_.has(key);
    const bool of_all = kSecurity.contains(key) && !args_.per_listener_settings;
    const bool in_block = of_listener && !of_all && !blocks_.empty();
    if (!global_.has(key) || kNotInFiles.contains(key)) return foreign(line);
    OptionValues& scope = in_block ? blocks_.back() : global_;
    if (key == "per-listener-settings") MQ_CHECK(check_order(line));
    if (scope.was_set(key) && !global_.is_list(key)) {
      warn(line, "given again: the last one counts");
    }
    const bool is_place = kPlaces.contains(key);
    if (is_place && places_given_) return {};
    const Result<void> set = scope.set(key, line.value);
    if (!set) return bad(line, set.error().text);
    if (key == "port") args_.file_has_port = true;
    // As in mosquitto: whoever says something about the listener of the top level wants it.
    if (is_place || (of_listener && !kSecurity.contains(key) && blocks_.empty())) {
      args_.file_wants_listener = !places_given_;
    }
    return {};
  }

  Result<void> begin_bridge(const ConfigLine& line) {
    if (line.value.empty()) return bad(line, "a bridge needs a name");
    if (std::ranges::find(args_.bridges, line.value, &BridgeArgs::name) != args_.bridges.end()) {
      return bad(line, "there is one of that name already");
    }
    args_.bridges.emplace_back().name = line.value;
    bridges_.push_back(declared(args_.bridges.back()));
    return {};
  }

  Result<void> take_bridge(const ConfigLine& line, const std::string& key) {
    if (bridges_.empty()) return bad(line, "it belongs under a line 'connection NAME'");
    OptionValues& bridge = bridges_.back();
    if (bridge.was_set(key) && !bridge.is_list(key)) warn(line, "given again: the last one counts");
    const Result<void> set = bridge.set(key, line.value);
    if (!set) return bad(line, set.error().text);
    return {};
  }

  Result<void> check_order(const ConfigLine& line) {
    for (const std::string& key : kSecurity) {
      if (global_.was_set(key)) return bad(line, "must stand before the settings it is about");
    }
    return {};
  }

  Result<void> foreign(const ConfigLine& line) {
    const ForeignKey* const known = find_foreign_key(line.key);
    if (known == nullptr) {
      std::string nearest = global_.nearest(line.key);
      if (nearest.empty()) nearest = any_bridge_->nearest(line.key);
      return bad(line, nearest.empty() ? "unknown; mqbroker(8) lists the keys"
                                       : fmt::format("unknown; did you mean {}?", nearest));
    }
    if (!known->same.empty() && known->same == line.value) return {};
    if (known->fate == ForeignKey::Fate::kRefused) return bad(line, known->why);
    warn(line, fmt::format("ignored: {}", known->why));
    return {};
  }

  void warn(const ConfigLine& line, std::string_view what) {
    args_.warnings.push_back(fmt::format("{}{}: {}", line.where(), line.file_key(), what));
  }

  void print() {
    std::string& out = args_.printed;
    // Read again, a listener's setting at the top level would make a listener of its own.
    KeySet skip = kNotInFiles;
    if (!args_.listeners.empty() && !args_.file_wants_listener) {
      for (std::string& key : any_listener_.keys()) {
        if (!kSecurity.contains(key)) skip.insert(std::move(key));
      }
    }
    for (const std::string& line : global_.lines(kSecrets, skip)) out += line + '\n';
    for (size_t i = 0; i < args_.listeners.size(); ++i) {
      out += fmt::format("\n{}\n", places_[i]);
      const KeySet& others = args_.per_listener_settings ? kNotInFiles : kSecurity;
      for (const std::string& line : blocks_[i].lines(kSecrets, others)) out += line + '\n';
    }
    for (size_t i = 0; i < bridges_.size(); ++i) {
      out += fmt::format("\nconnection {}\n", args_.bridges[i].name);
      for (const std::string& line : bridges_[i].lines(kSecrets, kNotInFiles)) out += line + '\n';
    }
  }

  OptionValues& global_;
  BrokerArgs& args_;
  ListenerArgs dummy_;
  const OptionValues any_listener_;  // knows which keys a listener has
  std::vector<OptionValues> blocks_;
  BridgeArgs dummy_bridge_;
  std::optional<OptionValues> any_bridge_;  // the same of a bridge; made for a file only
  std::vector<OptionValues> bridges_;
  bool places_given_ = false;        // on the command line
  std::vector<std::string> places_;  // the lines that began them
};

}  // namespace

Result<void> load_config(OptionValues& global, BrokerArgs& args) {
  return Loader(global, args).load();
}

}  // namespace mq
