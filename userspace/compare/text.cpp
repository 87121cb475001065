// SPDX-License-Identifier: Apache-2.0
#include "compare/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "compare/circumstances.hpp"
#include "compare/quantities.hpp"
#include "compare/scenario_table.hpp"
#include "compare/text_scenario.hpp"
#include "compare/text_table.hpp"

namespace triptych::compare {
namespace {

void write_head(Page& page, const Document& document) {
  page.filled("",
              fmt::format("triptych compare: {}, each a process of its own, in {}",
                          counted(document.repetitions, "repetition", "repetitions"),
                          format_ns(static_cast<double>(document.elapsed_ns))),
              Tone::kTitle);
  page.line();
  for (const Circumstance& each : circumstances_of(document)) {
    page.filled(fmt::format("  {:<13}", each.name), each.what);
  }
}

void write_ladder(Page& page, const Document& document) {
  if (document.ladder.empty()) return;
  page.line();
  page.line("In short", Tone::kTitle);
  page.line();
  std::size_t widest = 0;
  for (const Rung& rung : document.ladder) widest = std::max(widest, rung.question.size());
  for (const Rung& rung : document.ladder) {
    page.filled(fmt::format("  {:<{}}  ", rung.question, widest), rung.answer);
  }
}

}  // namespace

std::string write_text(const Document& document, const TextStyle& style) {
  Page page(style.width, style.colours);
  write_head(page, document);
  for (std::size_t i = 0; i < document.scenarios.size(); ++i) {
    if (document.scenarios[i].label.empty()) write_scenario(page, document, i);
  }
  write_ladder(page, document);
  page.line();
  page.filled("  ", kSigns, Tone::kFaint);
  return page.take();
}

}  // namespace triptych::compare
