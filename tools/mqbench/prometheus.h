// The state of a run in the text format of Prometheus.
#pragma once

#include <string>

#include "mqbench/record.h"

namespace mq {

// Of the measured part until now. The record's labels are on every sample; what cannot be in the
// name of a label becomes '_'.
std::string prometheus_text(const Record& record);

}  // namespace mq
