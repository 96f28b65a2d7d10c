#include "mqbench/emqtt_advice.h"

#include <algorithm>

namespace mq {
namespace {

struct Advice {
  std::string_view letter, name;
  std::string_view text;
};
constexpr std::string_view kAsErlang = "it tunes emqtt-bench's Erlang, leave it out";
constexpr std::string_view kAlways = "mqbench always measures what it is for, leave it out";
constexpr Advice kAdvice[] = {
    {"", "--version", "the version of MQTT is -V 3, 4 or 5"},
    {"", "--password", "it is -P or --pw, or safer --pw-file"},
    {"", "--ssl-version", "it is --tls-version, the oldest one to accept"},
    {"", "--keyex-groups", "OpenSSL's are offered"},
    {"", "--signature-algs", "OpenSSL's are offered"},
    {"", "--quic", "mqbench does not speak QUIC"},
    {"", "--nst-dir", "TLS sessions are kept in memory; --no-tls-resume keeps none"},
    {"-s", "--shortids", "identifiers are --prefix, the name of the run and a number"},
    {"-l", "--lowmem", kAsErlang},
    {"", "--force-major-gc-interval", kAsErlang},
    {"-Q", "--qoe", kAlways},
    {"", "--qoelog", "--json, --csv and --html keep what was measured"},
    {"", "--log_to", "standard error has what is to be said"},
    {"", "--prometheus", "it is --prom PORT"},
    {"", "--restapi", "it is --prom PORT"},
    {"", "--num-retry-connect", "a lost connection is made again, after --reconnect-delay"},
    {"", "--reconnect", "a lost connection is made again, after --reconnect-delay"},
    {"", "--payload-hdrs", kAlways},
    {"", "--topics-payload",
     "groups with topics and payloads of their own are a file of mqbench scenario"},
    {"-w", "--wait-before-publishing",
     "all clients are connected before the first message, leave it out"},
    {"", "--min-random-wait", "mqbench run --phase random has each publisher begin at random"},
    {"", "--max-random-wait", "mqbench run --phase random has each publisher begin at random"},
    {"", "--retry-interval", "MQTT sends again with a new connection only"},
    {"true", "false", "--ssl and --ws say yes by being there"},
    {"-r", "--retain", "messages that are measured are not retained; mqpub -r makes some"},
};

}  // namespace

std::string_view emqtt_advice(std::string_view command, std::string_view option) {
  if (command != "conn" && command != "pub" && command != "sub") return {};
  const auto* const found = std::ranges::find_if(kAdvice, [option](const Advice& advice) {
    return advice.name == option || (!advice.letter.empty() && advice.letter == option);
  });
  return found == std::end(kAdvice) ? std::string_view() : found->text;
}

}  // namespace mq
