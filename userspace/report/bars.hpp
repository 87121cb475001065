// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "analyze/histogram.hpp"
#include "report/document.hpp"

namespace triptych::report {

// How durations are spread, and in words what stands out.
Bars make_bars(std::string title, const analyze::Histogram& histogram, std::string_view singular,
               std::string_view plural);

}  // namespace triptych::report
