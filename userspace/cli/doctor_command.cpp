// SPDX-License-Identifier: Apache-2.0
//
// triptych doctor
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/command.hpp"
#include "cli/output.hpp"
#include "probe/attach_plan.hpp"
#include "probe/capabilities.hpp"
#include "probe/session.hpp"
#include "report/document.hpp"
#include "report/text_writer.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  sudo triptych doctor                  what this kernel can record, and how
  sudo triptych doctor --format json    the same for programs

Each hook is really loaded and attached, which takes about a second.
)";

struct Options {
  std::string format = "text";
  std::vector<std::string> without_hooks;
};

struct Diagnosis {
  probe::Capabilities capabilities;
  probe::AttachPlan plan;
  std::optional<Error> refused_plan;     // something that is needed is not to be had
  std::optional<Error> refused_session;  // the plan was fine, loading and attaching it was not
};

Result<probe::Session> open_session(const probe::AttachPlan& plan) {
  auto preparation = probe::Preparation::start({1 << 20, plan.count_faults});
  probe::Session::Options options;
  options.plan = plan;
  return probe::Session::open(options, std::move(preparation));
}

Result<Diagnosis> diagnose(const Options& options) {
  Diagnosis diagnosis;
  TRIPTYCH_TRY_ASSIGN(
      diagnosis.capabilities,
      probe::probe_capabilities(options.without_hooks, probe::Thoroughness::kEverything));
  Result<probe::AttachPlan> plan = probe::make_attach_plan(diagnosis.capabilities, {});
  if (!plan) {
    diagnosis.refused_plan = plan.error();
    return diagnosis;
  }
  diagnosis.plan = *plan;
  const Result<probe::Session> session = open_session(diagnosis.plan);
  if (!session) diagnosis.refused_session = session.error();
  return diagnosis;
}

// What a user can do about a hook that is refused; empty when nothing is lost without it.
std::string advice_for(const probe::Capability& hook) {
  const bool function = hook.name.starts_with("fentry/") || hook.name.starts_with("fexit/");
  if (function) {
    return "only the phases of a fork and the faults that the kernel takes for itself are missing; "
           "a kernel without lockdown and with function tracing has them";
  }
  if (hook.name.starts_with("tracepoint/")) {
    return "the duration of fork calls is missing; it needs CONFIG_FTRACE_SYSCALLS";
  }
  if (hook.name.starts_with("uprobe_multi/")) {
    return "markers in programs cannot be probed, coroutines only be recorded by triptych's "
           "library; Linux 6.6 and newer can probe";
  }
  return "needed: use a distribution's kernel of 6.1 or newer, and run as root outside a container";
}

report::Section events_section(const std::vector<model::PlannedEvent>& events) {
  report::Table table;
  table.columns = {
      {"", true}, {"event", true}, {"hook, and why there is none or no better one", true}};
  for (const model::PlannedEvent& event : events) {
    report::Row row;
    row.cells = {event.hook.empty() ? "no" : "yes", event.event,
                 event.hook.empty() ? event.reason : event.hook};
    if (!event.hook.empty()) row.detail = event.reason;
    table.rows.push_back(std::move(row));
  }
  report::Section section("Events", "");
  if (!table.rows.empty()) section.blocks.emplace_back(std::move(table));
  return section;
}

report::Section hooks_section(const probe::Capabilities& capabilities) {
  report::Table table;
  table.columns = {{"", true}, {"hook", true}, {"why it is refused", true}};
  std::vector<std::string> advice;
  for (const probe::Capability& hook : capabilities.hooks) {
    report::Row row;
    row.cells = {hook.available ? "ok" : "--", hook.name};
    if (!hook.available) {
      row.cells.emplace_back(hook.reason);
      std::string what = advice_for(hook);
      if (std::find(advice.begin(), advice.end(), what) == advice.end()) {
        advice.push_back(std::move(what));
      }
    }
    table.rows.push_back(std::move(row));
  }
  report::Section section("Hooks", "Each of them loaded and attached.");
  section.blocks.emplace_back(std::move(table));
  const auto say = [&section](std::string text) {
    section.blocks.emplace_back(report::Paragraph{std::move(text)});
  };
  for (const std::string& what : advice) say(fmt::format("What to do: {}.", what));
  if (capabilities.preempt_count_distance == 0) {
    say("Wakeups by interrupts cannot be told from wakeups by the task they interrupted.");
  }
  return section;
}

std::string as_text(const Diagnosis& diagnosis) {
  report::Document document;
  document.title = fmt::format("Linux {}: ", diagnosis.capabilities.kernel);
  const auto& refused = diagnosis.refused_plan ? diagnosis.refused_plan : diagnosis.refused_session;
  if (refused) {
    document.title += "cannot record";
    report::Section why;
    why.blocks.emplace_back(report::Paragraph{refused->message});
    document.sections.push_back(std::move(why));
  } else {
    document.title += fmt::format("can record; tier: {}", diagnosis.plan.tier);
  }
  report::Section events = events_section(diagnosis.plan.events);
  if (!events.blocks.empty()) document.sections.push_back(std::move(events));
  document.sections.push_back(hooks_section(diagnosis.capabilities));
  return report::write_text(document);
}

std::string as_json(const Diagnosis& diagnosis) {
  nlohmann::ordered_json root;
  root["schema"] = "triptych.doctor/1";
  root["kernel"] = diagnosis.capabilities.kernel;
  root["can_record"] = !diagnosis.refused_plan && !diagnosis.refused_session;
  root["tier"] = diagnosis.plan.tier;
  const auto& refused = diagnosis.refused_plan ? diagnosis.refused_plan : diagnosis.refused_session;
  if (refused) {
    root["error"] = refused->message;
  } else {
    root["error"] = nullptr;
  }
  root["interrupt_wakeups_told_apart"] = diagnosis.capabilities.preempt_count_distance != 0;
  root["events"] = nlohmann::ordered_json::array();
  for (const model::PlannedEvent& event : diagnosis.plan.events) {
    root["events"].push_back({{"event", event.event},
                              {"recordable", !event.hook.empty()},
                              {"hook", event.hook},
                              {"reason", event.reason}});
  }
  root["hooks"] = nlohmann::ordered_json::array();
  for (const probe::Capability& hook : diagnosis.capabilities.hooks) {
    root["hooks"].push_back({{"name", hook.name},
                             {"available", hook.available},
                             {"reason", hook.reason},
                             {"advice", hook.available ? "" : advice_for(hook)}});
  }
  return root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<int> run(const Options& options) {
  TRIPTYCH_TRY_ASSIGN(const Diagnosis diagnosis, diagnose(options));
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open({}, {}));
  TRIPTYCH_TRY(output.write(options.format == "json" ? as_json(diagnosis) : as_text(diagnosis)));
  TRIPTYCH_TRY(output.finish());
  const bool can_record = !diagnosis.refused_plan && !diagnosis.refused_session;
  return can_record ? kExitOk : static_cast<int>(ErrorCode::kCapability);
}

}  // namespace

Command add_doctor_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* self = app.add_subcommand("doctor", "Say what this kernel can record, and how");
  self->footer(kFooter);
  self->add_option("--format", options->format, "text or json")
      ->check(one_of({"text", "json"}))
      ->capture_default_str();
  self->add_option("--no-probe", options->without_hooks,
                   "Treat this hook as refused; may be repeated")
      ->allow_extra_args(false)
      ->type_name("HOOK");
  return {self, [options] { return run(*options); }};
}

}  // namespace triptych::cli
