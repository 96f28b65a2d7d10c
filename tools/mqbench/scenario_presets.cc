#include "mqbench/scenario_presets.h"

#include <fmt/core.h>

namespace mq {
namespace {

struct Preset {
  std::string_view name, text;
};

constexpr Preset kPresets[] = {
    {"p2p", R"(# A hundred pairs: each publisher has a subscriber of its own.
duration: 30s
groups:
  publishers:
    clients: 100
    publish: [{topic: "p2p/{i}", qos: 1, rate: 10/s, size: 256}]
  subscribers:
    clients: 100
    subscribe: [{filter: "p2p/{i}", qos: 1}]
)"},
    {"fanin", R"(# A thousand publishers, and five that hear them all.
duration: 30s
groups:
  publishers:
    clients: 1000
    connect: {rate: 500/s}
    publish: [{topic: "fanin/{i}", qos: 1, rate: 1/s, phase: random, size: 128}]
  collectors:
    clients: 5
    subscribe: [{filter: "fanin/+", qos: 1}]
)"},
    {"fanout", R"(# Five publishers, and a thousand that hear them all.
duration: 30s
groups:
  publishers:
    clients: 5
    publish: [{topic: "fanout/{i}", qos: 1, rate: 1/s, size: 256}]
  receivers:
    clients: 1000
    connect: {rate: 500/s}
    subscribe: [{filter: "fanout/+", qos: 1}]
)"},
    {"shared", R"(# Ten workers that share what a hundred publish, and two that watch all of it.
duration: 30s
groups:
  publishers:
    clients: 100
    publish: [{topic: "shared/{i}", qos: 1, rate: 20/s, arrival: poisson, size: 512}]
  workers:
    clients: 10
    subscribe: [{filter: "$share/workers/shared/+", qos: 1}]
  monitors:
    clients: 2
    subscribe: [{filter: "shared/+", qos: 0}]
)"},
    {"mqttbs-conn",
     R"(# Ten thousand connections, a hundred a second. One pair shows that the broker answers.
# Modelled on the basic set of the open MQTT benchmark suite.
duration: 10s
groups:
  connections:
    clients: 10000
    connect: {rate: 100/s}
  pulse:
    publish: [{topic: "mqttbs/pulse", qos: 1, rate: 10/s, size: 16}]
    subscribe: [{filter: "mqttbs/pulse", qos: 1}]
)"},
    {"mqttbs-p2p",
     R"(# A thousand pairs, each with a topic of its own; a thousand messages a second in all.
# Modelled on the basic set of the open MQTT benchmark suite.
duration: 60s
groups:
  publishers:
    clients: 1000
    connect: {rate: 500/s}
    publish: [{topic: "mqttbs/p2p/{i}", qos: 1, total-rate: 1000/s, size: 16}]
  subscribers:
    clients: 1000
    connect: {rate: 500/s}
    subscribe: [{filter: "mqttbs/p2p/{i}", qos: 1}]
)"},
    {"mqttbs-fanout", R"(# One message a second, and a thousand that hear it.
# Modelled on the basic set of the open MQTT benchmark suite.
duration: 60s
groups:
  publisher:
    publish: [{topic: "mqttbs/fanout", qos: 1, rate: 1/s, size: 16}]
  subscribers:
    clients: 1000
    connect: {rate: 500/s}
    subscribe: [{filter: "mqttbs/fanout", qos: 1}]
)"},
    {"mqttbs-shared",
     R"(# Five that share what a thousand publish, a thousand messages a second in all.
# Modelled on the basic set of the open MQTT benchmark suite.
duration: 60s
groups:
  publishers:
    clients: 1000
    connect: {rate: 500/s}
    publish: [{topic: "mqttbs/shared/{i}", qos: 1, total-rate: 1000/s, size: 16}]
  workers:
    clients: 5
    subscribe: [{filter: "$share/mqttbs/mqttbs/shared/+", qos: 1}]
)"},
    {"telemetry",
     R"(# Devices that report, dashboards that each watch one of ten sites, and a commander.
# After a third of the time the devices have three times as much to say, and then calm down.
duration: 60s
groups:
  devices:
    clients: 1000
    connect: {rate: 500/s}
    publish:
      - {topic: "site/{mod:10}/dev/{i}/state", qos: 1, rate: 1/s, arrival: poisson, size: 200}
      - {topic: "site/{mod:10}/dev/{i}/alive", qos: 0, rate: 0.1/s, phase: random, size: 32}
    subscribe: [{filter: "cmd/{i}", qos: 1}]
  dashboards:
    clients: 10
    subscribe: [{filter: "site/{i}/#", qos: 0}]
  commander:
    clients: 1
    publish: [{topic: "cmd/{rand:1000}", qos: 1, rate: 50/s, size: 64}]
stages:
  - {at: 20s, devices.rate: 300%}
  - {at: 40s, ramp: 10s, devices.rate: 100%}
fail-if: ["commander:loss > 0", "devices:disconnects > 0"]
)"}};

}  // namespace

std::string preset_names() {
  std::string names;
  for (const Preset& preset : kPresets) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", preset.name);
  }
  return names;
}

std::optional<std::string_view> find_preset(std::string_view name) {
  for (const Preset& preset : kPresets) {
    if (preset.name == name) return preset.text;
  }
  return std::nullopt;
}

}  // namespace mq
