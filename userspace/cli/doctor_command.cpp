// SPDX-License-Identifier: Apache-2.0
//
// triptych doctor
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/doctor_coroutines.hpp"
#include "cli/doctor_self_test.hpp"
#include "cli/output.hpp"
#include "probe/attach_plan.hpp"
#include "probe/capabilities.hpp"
#include "probe/session.hpp"
#include "probe/single_user_probes.hpp"
#include "record/coroutine_survey.hpp"
#include "report/document.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kDoctorExamples = R"(Examples:
  sudo triptych doctor                  what this kernel can record, and how
  sudo triptych doctor --format json    the same for programs
  sudo triptych doctor -- ./server      and what could be seen of its coroutines, at what cost
  sudo triptych doctor -p 1234          the same of a program that runs, with its libraries

Each hook is really loaded and attached, which takes about a second. What this kernel does to a program
that is probed on a nop of five bytes is tried, too, on a child of this command.
)";

struct DoctorOptions {
  std::string format = "text";
  std::vector<std::string> without_hooks;
  std::string process;
  std::vector<std::string> command;
};

struct Diagnosis {
  probe::Capabilities capabilities;
  probe::AttachPlan plan;
  std::optional<Error> refused_plan;     // something that is needed is not to be had
  std::optional<Error> refused_session;  // the plan was fine, loading and attaching it was not
  std::optional<std::vector<record::SurveyedFile>> coroutines;  // of the program that was named
  Result<probe::FiveByteNop> five_byte_nop = fail("this kernel cannot record");
};

Result<probe::Session> open_session(const probe::AttachPlan& plan) {
  auto preparation = probe::Preparation::start({1 << 20, plan.count_faults});
  probe::Session::Options options;
  options.plan = plan;
  return probe::Session::open(options, std::move(preparation));
}

Result<void> survey(const DoctorOptions& options, Diagnosis& diagnosis) {
  if (!options.command.empty()) {
    TRIPTYCH_TRY_ASSIGN(diagnosis.coroutines, record::survey_command(options.command.front()));
  } else if (!options.process.empty()) {
    pid_t tgid = 0;
    const char* end = options.process.data() + options.process.size();
    const auto parsed = std::from_chars(options.process.data(), end, tgid);
    if (parsed.ec != std::errc() || parsed.ptr != end || tgid <= 0) {
      return fail(fmt::format("{} is not a process id", quote(options.process)),
                  "`ps -e` lists the running processes", ErrorCode::kUsage);
    }
    TRIPTYCH_TRY_ASSIGN(diagnosis.coroutines, record::survey_process(tgid));
  }
  return {};
}

Result<Diagnosis> diagnose(const DoctorOptions& options) {
  Diagnosis diagnosis;
  TRIPTYCH_TRY(survey(options, diagnosis));
  TRIPTYCH_TRY_ASSIGN(
      diagnosis.capabilities,
      probe::probe_capabilities(options.without_hooks, probe::Thoroughness::kEverything));
  Result<probe::AttachPlan> plan = probe::make_attach_plan(diagnosis.capabilities, {});
  if (!plan) {
    diagnosis.refused_plan = plan.error();
    return diagnosis;
  }
  diagnosis.plan = *plan;
  diagnosis.five_byte_nop = probe::try_five_byte_nop();
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
    return "probes in programs come one by one, no more than " +
           std::to_string(probe::kMostSingleProbes) + ", and take about " +
           format_duration_ns(probe::kSingleDetachNs) +
           " each to be taken away; Linux 6.6 and newer have them all at once";
  }
  if (hook.name.starts_with("uprobe/")) {
    return "of no account where uprobe_multi is to be had; otherwise programs cannot be probed, "
           "and coroutines only be recorded by triptych's library";
  }
  return "needed: use a distribution's kernel of 6.1 or newer, and run as root outside a container";
}

report::Section events_section(const std::vector<model::PlannedEvent>& events,
                               report::SaidOnce& once) {
  report::Table table;
  table.columns = {
      {"", true}, {"event", true}, {"hook, and why there is none or no better one", true}};
  for (const model::PlannedEvent& event : events) {
    report::Row row;
    const std::string reason = once(event.reason);
    row.cells = {event.hook.empty() ? "no" : "yes", event.event,
                 event.hook.empty() ? reason : event.hook};
    if (!event.hook.empty()) row.detail = reason;
    table.rows.push_back(std::move(row));
  }
  report::Section section("Events", "");
  if (!table.rows.empty()) section.blocks.emplace_back(std::move(table));
  return section;
}

report::Section hooks_section(const probe::Capabilities& capabilities, report::SaidOnce& once) {
  report::Table table;
  table.columns = {{"", true}, {"hook", true}, {"why it is refused", true}};
  std::vector<std::string> advice;
  for (const probe::Capability& hook : capabilities.hooks) {
    report::Row row;
    row.cells = {hook.available ? "ok" : "--", hook.name};
    if (!hook.available) {
      row.cells.emplace_back(once(hook.reason));
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
  if (diagnosis.coroutines) {
    document.sections.push_back(
        coroutines_of_program(*diagnosis.coroutines, diagnosis.capabilities));
  }
  report::SaidOnce once;
  report::Section events = events_section(diagnosis.plan.events, once);
  if (!events.blocks.empty()) document.sections.push_back(std::move(events));
  document.sections.push_back(hooks_section(diagnosis.capabilities, once));
  document.sections.push_back(self_test_section(diagnosis.five_byte_nop));
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
  root["five_byte_nop"] = self_test_as_json(diagnosis.five_byte_nop);
  root["coroutines"] = diagnosis.coroutines
                           ? coroutines_as_json(*diagnosis.coroutines, diagnosis.capabilities)
                           : nlohmann::ordered_json();
  return root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<int> run_doctor(const DoctorOptions& options) {
  TRIPTYCH_TRY_ASSIGN(const Diagnosis diagnosis, diagnose(options));
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open({}, {}));
  TRIPTYCH_TRY(output.write(options.format == "json" ? as_json(diagnosis) : as_text(diagnosis)));
  TRIPTYCH_TRY(output.finish());
  const bool can_record = !diagnosis.refused_plan && !diagnosis.refused_session;
  return can_record ? kExitOk : static_cast<int>(ErrorCode::kCapability);
}

}  // namespace

Command add_doctor_command(CLI::App& app) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* self = app.add_subcommand("doctor", "Say what this kernel can record, and how");
  self->footer(kDoctorExamples);
  self->add_option("--format", options->format, "text or json")
      ->check(one_of({"text", "json"}))
      ->capture_default_str();
  self->add_option("--no-probe", options->without_hooks,
                   "Treat this hook as refused; may be repeated")
      ->allow_extra_args(false)
      ->type_name("HOOK");
  CLI::Option* process = self->add_option("-p,--process", options->process,
                                          "What could be seen of this one's coroutines")
                             ->type_name("PID");
  self->add_option("COMMAND", options->command, "What could be seen of this program's coroutines")
      ->type_name("")
      ->excludes(process);
  self->positionals_at_end();
  return {self, [options] { return run_doctor(*options); }};
}

}  // namespace triptych::cli
