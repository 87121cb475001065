// SPDX-License-Identifier: Apache-2.0
#include "stats/decision.hpp"

#include <algorithm>
#include <cmath>

#include "stats/holm.hpp"
#include "stats/rank_sum.hpp"

namespace triptych::stats {
namespace {

// Empty when a value has no logarithm.
std::vector<double> logarithms(std::span<const double> sample) {
  std::vector<double> result;
  result.reserve(sample.size());
  for (const double value : sample) {
    if (!(value > 0) || !std::isfinite(value)) return {};
    result.push_back(std::log(value));
  }
  return result;
}

struct Logs {
  std::vector<double> sample, reference;
  [[nodiscard]] bool usable() const { return !sample.empty() && !reference.empty(); }
};

double p_different(const Logs& logs, double margin) {
  if (!logs.usable()) return 1;
  const double slower = p_above(logs.sample, logs.reference, margin);
  const double faster = p_above(logs.reference, logs.sample, margin);
  return std::min(1.0, 2 * std::min(slower, faster));
}

// Below every other one: as likely as below the one that it is least clearly below. Any of them
// could have been the smallest, hence the factor.
double p_best(const BestQuestion& question, double margin) {
  const std::vector<double> own = logarithms(question.sample);
  double largest = 0;
  for (const std::span<const double>& other : question.others) {
    const std::vector<double> theirs = logarithms(other);
    if (own.empty() || theirs.empty()) return 1;
    largest = std::max(largest, p_above(theirs, own, margin));
  }
  return question.others.empty()
             ? 1
             : std::min(1.0, largest * static_cast<double>(question.others.size() + 1));
}

Verdict judge(const Interval& interval, const Rule& rule) {
  const double proof = 1 + rule.threshold + rule.allowance;
  if (interval.low > proof) return Verdict::kSlower;
  if (interval.high < 1 / proof) return Verdict::kFaster;
  const double same = 1 + rule.threshold;
  if (interval.low >= 1 / same && interval.high <= same) return Verdict::kNoDifference;
  return Verdict::kInconclusive;
}

Answer answer(const Logs& logs, const HolmEntry& entry, const Rule& rule) {
  Answer result;
  result.adjusted_p = entry.adjusted_p;
  result.level = 1 - entry.alpha;
  if (!logs.usable()) return result;
  result.ratio = std::exp(shift(logs.sample, logs.reference));
  const Interval logs_interval = shift_interval(logs.sample, logs.reference, result.level);
  if (!std::isfinite(logs_interval.low)) return result;
  result.interval = Interval{std::exp(logs_interval.low), std::exp(logs_interval.high)};
  result.verdict = judge(*result.interval, rule);
  return result;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNoDifference:
      return "no difference";
    case Verdict::kSlower:
      return "slower";
    case Verdict::kFaster:
      return "faster";
    case Verdict::kInconclusive:
      break;
  }
  return "inconclusive";
}

Answers decide(std::span<const Question> questions, std::span<const BestQuestion> best,
               const Rule& rule) {
  const double margin = std::log(1 + rule.threshold + rule.allowance);
  std::vector<Logs> logs;
  std::vector<double> p;
  logs.reserve(questions.size());
  p.reserve(questions.size() + best.size());
  for (const Question& question : questions) {
    logs.push_back({logarithms(question.sample), logarithms(question.reference)});
    p.push_back(p_different(logs.back(), margin));
  }
  for (const BestQuestion& question : best) p.push_back(p_best(question, margin));
  const std::vector<HolmEntry> entries = holm(p, rule.alpha);

  Answers answers;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    answers.ratios.push_back(answer(logs[i], entries[i], rule));
  }
  for (std::size_t i = 0; i < best.size(); ++i) {
    answers.best.push_back(entries[questions.size() + i].rejected);
  }
  return answers;
}

}  // namespace triptych::stats
