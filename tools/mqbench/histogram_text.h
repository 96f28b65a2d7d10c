// Histograms in the form in which HdrHistogram's tools exchange them.
#pragma once

#include <string>
#include <string_view>

#include "base/histogram.h"
#include "base/result.h"

namespace mq {

// The V2 encoding, compressed and in base64: what `.hlog` files and other programs' JSON hold.
std::string to_base64(const Histogram& histogram);
// Reads the same from anywhere.
Result<Histogram> from_base64(std::string_view text);

}  // namespace mq
