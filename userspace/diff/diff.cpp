// SPDX-License-Identifier: Apache-2.0
#include "diff/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/text.hpp"
#include "diff/drift.hpp"
#include "stats/sample.hpp"

namespace triptych::diff {
namespace {

std::map<std::string, std::string> joined(const Input& input) {
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : input.circumstances) {
    std::string& text = all[name];
    text += (text.empty() ? "" : ", ") + value;
  }
  return all;
}

std::vector<Difference::Circumstance> differing(const Input& before, const Input& after) {
  std::vector<Difference::Circumstance> found;
  const std::map<std::string, std::string> old_ones = joined(before);
  std::map<std::string, std::string> new_ones = joined(after);
  for (const auto& [name, value] : old_ones) {
    const auto other = new_ones.find(name);
    const std::string now = other == new_ones.end() ? "" : other->second;
    if (now != value) found.push_back({name, value, now});
    if (other != new_ones.end()) new_ones.erase(other);
  }
  for (const auto& [name, value] : new_ones) found.push_back({name, "", value});
  return found;
}

double size_of(const Row& row) {
  return row.answer.ratio ? std::fabs(std::log(*row.answer.ratio)) : 0;
}

struct Matched {
  const Metric* before;
  const Metric* after;
};

// Both are sorted by name.
std::vector<Matched> match(const Input& before, const Input& after, Difference* difference) {
  std::vector<Matched> matched;
  auto old_one = before.metrics.begin();
  auto new_one = after.metrics.begin();
  while (old_one != before.metrics.end() || new_one != after.metrics.end()) {
    const bool only_old = new_one == after.metrics.end() ||
                          (old_one != before.metrics.end() && old_one->name < new_one->name);
    if (only_old) {
      difference->only_before.push_back((old_one++)->name);
    } else if (old_one == before.metrics.end() || new_one->name < old_one->name) {
      difference->only_after.push_back((new_one++)->name);
    } else {
      matched.push_back({&*old_one++, &*new_one++});
    }
  }
  return matched;
}

bool all_zero(const Metric& metric) {
  return std::all_of(metric.values.begin(), metric.values.end(), [](double v) { return v == 0; });
}

}  // namespace

std::size_t Difference::count(stats::Verdict verdict) const {
  return static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(),
      [verdict](const Row& row) { return !row.counted_once() && row.answer.verdict == verdict; }));
}

// What was counted once is not asked about: it could not be answered, and would make the other
// answers less certain.
Result<Difference> compare_inputs(const Input& before, const Input& after) {
  Difference difference;
  difference.schema = before.schema;
  if (before.schema != after.schema) {
    return fail(fmt::format("a {} and a {} cannot be compared", before.schema, after.schema),
                "both files must be of the same kind", ErrorCode::kUsage);
  }
  difference.circumstances = differing(before, after);
  std::vector<stats::Question> questions;
  std::vector<std::size_t> asked;
  for (const Matched& each : match(before, after, &difference)) {
    if (all_zero(*each.before) && all_zero(*each.after)) continue;
    Row row;
    row.name = each.before->name;
    row.unit = each.before->unit;
    row.before = stats::median(each.before->values);
    row.after = stats::median(each.after->values);
    row.before_values = each.before->values.size();
    row.after_values = each.after->values.size();
    if (!row.counted_once()) {
      questions.push_back({each.after->values, each.before->values});
      asked.push_back(difference.rows.size());
    } else if (row.before > 0 && row.after > 0) {
      row.answer.ratio = row.after / row.before;
    }
    difference.rows.push_back(std::move(row));
  }
  if (difference.rows.empty()) {
    return fail("the two files have no figure in common", "compare the same scenarios",
                ErrorCode::kUsage);
  }
  difference.questions = questions.size();
  const std::optional<double> before_drift = drift_of(before.metrics);
  const std::optional<double> after_drift = drift_of(after.metrics);
  if (before_drift && after_drift) difference.drift = std::max(*before_drift, *after_drift);
  difference.rule.allowance =
      difference.drift ? 2 * *difference.drift : std::numeric_limits<double>::infinity();
  const stats::Answers answers = stats::decide(questions, {}, difference.rule);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    difference.rows[asked[i]].answer = answers.ratios[i];
  }
  std::stable_sort(difference.rows.begin(), difference.rows.end(),
                   [](const Row& a, const Row& b) { return size_of(a) > size_of(b); });
  return difference;
}

}  // namespace triptych::diff
