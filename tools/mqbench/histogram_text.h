// Histograms in the form in which HdrHistogram's tools exchange them.
#pragma once

#include <string>

#include "base/histogram.h"

namespace mq {

// The V2 encoding, compressed and in base64: what `.hlog` files and other programs' JSON hold.
std::string to_base64(const Histogram& histogram);

}  // namespace mq
