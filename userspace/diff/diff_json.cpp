// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>

#include "diff/diff.hpp"

namespace triptych::diff {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json row_to_json(const Row& row) {
  const stats::Answer& answer = row.answer;
  Json interval = nullptr;
  if (answer.interval) {
    interval = Json::array({number(answer.interval->low), number(answer.interval->high)});
  }
  return {{"name", row.name},
          {"unit", row.unit},
          {"before", number(row.before)},
          {"after", number(row.after)},
          {"before_values", row.before_values},
          {"after_values", row.after_values},
          {"ratio", answer.ratio ? number(*answer.ratio) : Json(nullptr)},
          {"interval", std::move(interval)},
          {"level", number(answer.level)},
          {"adjusted_p", number(answer.adjusted_p)},
          {"verdict", stats::name_of(answer.verdict)}};
}

}  // namespace

std::string write_json(const Difference& difference) {
  Json rows = Json::array();
  for (const Row& row : difference.rows) rows.push_back(row_to_json(row));
  Json circumstances = Json::array();
  for (const Difference::Circumstance& each : difference.circumstances) {
    circumstances.push_back({{"name", each.name}, {"before", each.before}, {"after", each.after}});
  }
  const Json all = {{"schema", "triptych.diff/1"},
                    {"of", difference.schema},
                    {"before", difference.before_name},
                    {"after", difference.after_name},
                    {"alpha", number(difference.rule.alpha)},
                    {"threshold", number(difference.rule.threshold + difference.rule.allowance)},
                    {"drift", difference.drift ? number(*difference.drift) : Json(nullptr)},
                    {"hypotheses", difference.questions},
                    {"slower", difference.count(stats::Verdict::kSlower)},
                    {"faster", difference.count(stats::Verdict::kFaster)},
                    {"no_difference", difference.count(stats::Verdict::kNoDifference)},
                    {"inconclusive", difference.count(stats::Verdict::kInconclusive)},
                    {"circumstances", std::move(circumstances)},
                    {"metrics", std::move(rows)},
                    {"only_before", difference.only_before},
                    {"only_after", difference.only_after}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace triptych::diff
