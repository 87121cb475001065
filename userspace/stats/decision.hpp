// SPDX-License-Identifier: Apache-2.0
//
// The one rule by which figures are called different, used for the marks of `compare` and for
// `diff`: the interval of the ratio, corrected over the whole report, against a threshold below
// which a difference does not matter.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "stats/sample.hpp"

namespace triptych::stats {

// Of costs: more is slower.
enum class Verdict : std::uint8_t { kNoDifference, kSlower, kFaster, kInconclusive };
std::string_view name_of(Verdict verdict);  // "no difference"

struct Rule {
  double alpha = 0.05;      // at most this share of reports without differences claim one
  double threshold = 0.02;  // ratios from 1/(1+threshold) to 1+threshold do not matter
  // Doubt about the machine raises what is asked of a difference, never what is called none.
  double allowance = 0;
};

// What is asked. Samples hold positive values; zeros make ratios unknown.
struct Question {
  std::span<const double> sample;
  std::span<const double> reference;
};

// Whether one sample is below all others by more than the threshold. The caller chooses the one
// with the smallest median; that there was a choice is accounted for.
struct BestQuestion {
  std::span<const double> sample;
  std::vector<std::span<const double>> others;
};

struct Answer {
  Verdict verdict = Verdict::kInconclusive;
  std::optional<double> ratio;       // the median of all quotients; none: a value is not positive
  std::optional<Interval> interval;  // of the ratio; none: too few repetitions for its level
  double level = 0;                  // of the interval
  double adjusted_p = 1;             // of there being no difference beyond the threshold
};

struct Answers {
  std::vector<Answer> ratios;  // in the order of the questions
  std::vector<bool> best;
};

// All questions of one report at once.
Answers decide(std::span<const Question> questions, std::span<const BestQuestion> best,
               const Rule& rule);

}  // namespace triptych::stats
