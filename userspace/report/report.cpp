// SPDX-License-Identifier: Apache-2.0
#include "report/report.hpp"

#include "base/text.hpp"
#include "report/sections.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

constexpr std::size_t kTitleWidth = 80;

std::string subject(const model::Target& target) {
  switch (target.kind) {
    case model::TargetKind::kCommand:
      return target.command.empty() ? "a command" : cut(command_line(target.command), kTitleWidth);
    case model::TargetKind::kProcess:
      return "process " + process_name(target);
    case model::TargetKind::kMachine:
      return "the whole machine";
  }
  return "unknown";
}

}  // namespace

std::string subject_of(const View& view) {
  return subject(view.summary().metadata.target);
}

std::string title_of(const View& view) {
  return "triptych report: " + subject_of(view);
}

Document make_document(const View& view) {
  Document document;
  document.title = title_of(view);
  using Builder = Section (*)(const View&);
  constexpr Builder kBuilders[] = {
      context_section,    totals_section,     tree_section,          tasks_section,
      preemption_section, latency_section,    stacks_section,        faults_section,
      forks_section,      coroutines_section, blocked_loops_section, event_loops_section,
      marks_section,      audit_section,      quality_section,       provenance_section,
  };
  for (const Builder build : kBuilders) {
    Section section = build(view);
    if (!section.blocks.empty()) document.sections.push_back(std::move(section));
  }
  return document;
}

bool below_strict(const analyze::Summary& summary) {
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    if (model::kQualityInfo[i].severity == model::Severity::kInfo) continue;
    if (summary.quality[static_cast<model::Quality>(i)] != 0) return true;
  }
  const analyze::Audit& audit = summary.audit;
  const bool faults_differ = audit.faults_counted && audit.faults_remark.empty() &&
                             *audit.faults_counted != audit.faults_recorded;
  return audit.tasks_differing != 0 || faults_differ;
}

}  // namespace triptych::report
