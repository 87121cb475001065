// SPDX-License-Identifier: Apache-2.0
#include "report/bars.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace triptych::report {
namespace {

using analyze::Histogram;

constexpr unsigned kEmptyShown = 3;  // so many empty octaves in a row are not shown one by one

std::string figures_of(const Histogram& histogram, std::string_view singular,
                       std::string_view plural) {
  if (histogram.count() == 0) return "none";
  std::string words = fmt::format(
      "{}: p50 {}, p99 {}", counted(histogram.count(), singular, plural),
      format_duration_ns(histogram.quantile(0.5)), format_duration_ns(histogram.quantile(0.99)));
  if (histogram.exact()) {
    words += fmt::format(", longest {}, together {}", format_duration_ns(histogram.max()),
                         format_duration_ns(histogram.sum()));
  }
  return words;
}

// One bar an octave, from the first that is not empty to the last.
Bars bars_of(const Histogram& histogram) {
  Bars bars;
  constexpr unsigned kOctaves = 64;
  unsigned first = kOctaves, last = 0;
  for (unsigned exponent = 0; exponent < kOctaves; ++exponent) {
    if (histogram.octave(exponent) == 0) continue;
    first = std::min(first, exponent);
    last = exponent;
  }
  for (unsigned exponent = first; exponent <= last && first < kOctaves; ++exponent) {
    unsigned filled = exponent;
    while (histogram.octave(filled) == 0) ++filled;  // ends at the last one
    if (filled - exponent >= kEmptyShown) {
      bars.bars.push_back({});
      exponent = filled;
    }
    Bar bar;
    bar.from_ns = exponent == 0 ? 0 : 1ull << exponent;
    bar.to_ns = exponent + 1 < kOctaves ? 1ull << (exponent + 1) : ~0ull;
    bar.count = histogram.octave(exponent);
    bars.bars.push_back(bar);
  }
  return bars;
}

}  // namespace

Bars make_bars(std::string title, const Histogram& histogram, std::string_view singular,
               std::string_view plural) {
  Bars bars = bars_of(histogram);
  bars.title = std::move(title);
  bars.figures = figures_of(histogram, singular, plural);
  return bars;
}

}  // namespace triptych::report
