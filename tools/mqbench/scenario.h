// A load as a file describes it: groups of clients that do different things at the same time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/version.h"
#include "mqbench/schedule.h"
#include "mqbench/size_spec.h"

namespace mq {

struct Scenario {
  static constexpr size_t kGroupsMax = 32;
  static constexpr size_t kFlowsMax = 16;     // that a group publishes
  static constexpr size_t kFiltersMax = 100;  // that it subscribes to
  static constexpr size_t kChangesMax = 100;

  // What each client of a group publishes. Its messages a second are those of all its clients.
  struct Flow {
    std::string topic;
    uint32_t topics = 1;
    Qos qos = Qos::kAtMostOnce;
    SizeSpec size;
    double rate = 0;
    Arrival arrival = Arrival::kUniform;
    Phase phase = Phase::kEven;
    uint32_t line = 0;  // in the file
  };
  struct Filter {
    std::string filter;
    Qos qos = Qos::kAtMostOnce;
  };
  struct Group {
    std::string name;
    uint32_t clients = 1;
    double connect_rate = 0;  // 0: as fast as the run connects
    std::optional<std::string> data;
    std::vector<Flow> flows;
    std::vector<Filter> filters;
    uint32_t line = 0;
  };
  // From `at` on the clients of a group publish `factor` times what they did at first; in the time
  // of `ramp` before that the rate goes evenly there.
  struct Change {
    Duration at{};
    Duration ramp{};
    size_t group = 0;
    double factor = 1;
  };

  // At `at` a part of a group's connections is cut, for `down`.
  struct Storm {
    Duration at{};
    size_t group = 0;
    double percent = 0;
    Duration down{};
  };

  std::string name;                   // of the file, for errors
  std::optional<std::string> broker;  // a URL
  Duration duration = std::chrono::seconds(10);
  Duration warm_up = std::chrono::seconds(1);
  Duration drain = std::chrono::seconds(3);
  std::vector<Group> groups;
  std::vector<Change> changes;  // in the order of their times
  std::vector<Storm> storms;    // as well
  std::vector<std::string> fail_if, abort_if;

  // Of a flow of a group, as the changes have it.
  std::vector<RateStage> stages(size_t group, const Flow& flow) const;
};

// `name` is what errors begin with: "NAME:LINE: KEY: ...".
Result<Scenario> parse_scenario(std::string_view name, std::string_view text);
struct YamlNode;
Result<Scenario> read_scenario(std::string_view name, const YamlNode& root);

}  // namespace mq
