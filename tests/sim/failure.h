// What ends a seed: one line that says which promise was broken.
#pragma once

#include <stdexcept>

namespace mq::sim {

class Failure : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace mq::sim
