// Whatever a scenario file of mqbench holds: an error with a line, or a plan that can be carried
// out.
#include "fuzz/check.h"
#include "mqbench/rate_curve.h"
#include "mqbench/scenario.h"
#include "mqbench/yaml_reader.h"

using namespace mq;

// In place of the module.
Result<YamlNode> mq::parse_yaml(std::string_view text) {
  return read_yaml(text);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto root = read_yaml({reinterpret_cast<const char*>(data), size});
  if (!root) {
    const std::string& text = root.error().text;
    FUZZ_CHECK(!text.empty() && text[0] >= '0' && text[0] <= '9');
    return 0;
  }
  const auto scenario = read_scenario("f", *root);
  if (!scenario) {
    FUZZ_CHECK(scenario.error().text.starts_with("f:"));
    return 0;
  }
  for (size_t g = 0; g < scenario->groups.size(); ++g) {
    for (const Scenario::Flow& flow : scenario->groups[g].flows) {
      const auto stages = scenario->stages(g, flow);
      FUZZ_CHECK(length_of(stages) == scenario->duration);
      for (const RateStage& stage : stages) FUZZ_CHECK(stage.rate >= 0);
      FUZZ_CHECK(RateCurve(stages).messages() >= 0);
    }
  }
  return 0;
}
