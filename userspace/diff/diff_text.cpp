// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "compare/quantities.hpp"
#include "compare/text_table.hpp"
#include "diff/diff.hpp"

namespace triptych::diff {
namespace {

using compare::Page;
using compare::Tone;

constexpr std::size_t kMostOfOnce = 25;

std::string readable(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string interval_of(const stats::Answer& answer) {
  if (!answer.interval) return "unknown";
  return fmt::format("{} … {}", compare::format_ratio(answer.interval->low),
                     compare::format_ratio(answer.interval->high));
}

void write_row(Page& page, const Row& row, bool once) {
  const std::string ratio = row.answer.ratio ? compare::format_ratio(*row.answer.ratio) : "?";
  const std::string figures =
      fmt::format("{:>9} {:>9}", compare::format_value(row.before, row.unit),
                  compare::format_value(row.after, row.unit));
  const std::string interval = interval_of(row.answer);
  const std::string first = once ? fmt::format("  {:>8}  {}  ", ratio, figures)
                                 : fmt::format("  {:>8}  {:<16}  {:<13}  {}  ", ratio, interval,
                                               stats::name_of(row.answer.verdict), figures);
  const bool claimed = !once && (row.answer.verdict == stats::Verdict::kSlower ||
                                 row.answer.verdict == stats::Verdict::kFaster);
  page.filled(first, escape(readable(row.name)),
              claimed && row.answer.verdict == stats::Verdict::kFaster ? Tone::kGood
              : claimed                                                ? Tone::kTitle
                                                                       : Tone::kPlain);
}

void write_circumstances(Page& page, const Difference& difference) {
  for (const Difference::Circumstance& each : difference.circumstances) {
    const auto shown = [](const std::string& text) { return text.empty() ? "none" : escape(text); };
    page.filled("  differs  ", fmt::format("{}: {} → {}", escape(readable(each.name)),
                                           shown(each.before), shown(each.after)));
  }
}

void write_decided(Page& page, const Difference& difference) {
  page.line();
  page.filled("  ", fmt::format("{} slower, {} faster, {} no difference, {} inconclusive",
                                difference.count(stats::Verdict::kSlower),
                                difference.count(stats::Verdict::kFaster),
                                difference.count(stats::Verdict::kNoDifference),
                                difference.count(stats::Verdict::kInconclusive)));
  if (difference.questions == 0) return;
  page.line();
  page.line(fmt::format("  {:>8}  {:<16}  {:<13}  {:>9} {:>9}", "ratio", "interval", "verdict",
                        "before", "after"),
            Tone::kFaint);
  for (const Row& row : difference.rows) {
    if (!row.counted_once()) write_row(page, row, false);
  }
}

// Differences below the threshold would only hide the others.
void write_counted_once(Page& page, const Difference& difference) {
  std::vector<const Row*> rows;
  for (const Row& row : difference.rows) {
    const double ratio = row.answer.ratio.value_or(0);
    const double above = 1 + difference.rule.threshold;
    const bool same = ratio <= above && ratio >= 1 / above;
    if (row.counted_once() && !same) rows.push_back(&row);
  }
  if (rows.empty()) return;
  page.line();
  const bool reports = difference.schema == "triptych.report/1";
  page.filled("  ",
              reports ? "One recording each, so nothing is claimed about their figures:"
                      : "Counted once in each file, so nothing is claimed about them:",
              Tone::kFaint);
  page.line(fmt::format("  {:>8}  {:>9} {:>9}", "ratio", "before", "after"), Tone::kFaint);
  for (std::size_t i = 0; i < std::min(rows.size(), kMostOfOnce); ++i) {
    write_row(page, *rows[i], true);
  }
  if (rows.size() > kMostOfOnce) {
    page.line(fmt::format("  … and {} more: see --format json", rows.size() - kMostOfOnce),
              Tone::kFaint);
  }
}

void write_missing(Page& page, const std::vector<std::string>& names, const std::string& file) {
  if (names.empty()) return;
  page.filled("  ", fmt::format("{} figures are only in {}", names.size(), quote(file)),
              Tone::kFaint);
}

std::string what_is_claimed(const Difference& difference) {
  if (difference.questions == 0) return "nothing is claimed of what was not repeated";
  if (!difference.drift) {
    return "nothing is called slower or faster: how far the machine drifts shows only from eight "
           "values of a figure on, in both files";
  }
  const double asked = difference.rule.threshold + difference.rule.allowance;
  std::string text =
      fmt::format("a difference is claimed where it lies beyond {:.1f} %", asked * 100);
  if (*difference.drift > 0) {
    text +=
        fmt::format(": 2 %, and twice the {:.1f} % by which the machine drifted while it measured",
                    *difference.drift * 100);
  }
  return text;
}

}  // namespace

std::string write_text(const Difference& difference, unsigned width, bool colours) {
  Page page(width, colours);
  page.filled("",
              fmt::format("triptych diff: {} → {}", quote(difference.before_name),
                          quote(difference.after_name)),
              Tone::kTitle);
  if (!difference.circumstances.empty()) page.line();
  write_circumstances(page, difference);
  write_decided(page, difference);
  write_counted_once(page, difference);
  if (!difference.only_before.empty() || !difference.only_after.empty()) page.line();
  write_missing(page, difference.only_before, difference.before_name);
  write_missing(page, difference.only_after, difference.after_name);
  page.line();
  page.filled(
      "  ",
      fmt::format("Medians of the values. An interval is of the ratio, corrected for {}; {}.",
                  counted(difference.questions, "question", "questions"),
                  what_is_claimed(difference)),
      Tone::kFaint);
  return page.take();
}

}  // namespace triptych::diff
