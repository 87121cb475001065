// SPDX-License-Identifier: Apache-2.0
#include "report/coroutine_view.hpp"
#include "report/json_parts.hpp"

namespace triptych::report {
namespace {

Json number_or_null(std::uint64_t number) {
  return number == 0 ? Json() : Json(number);
}

Json task_or_null(model::TaskId task) {
  return number_or_null(static_cast<std::uint32_t>(task));
}

Json tid_json(const View& view, model::TaskId id) {
  const analyze::Task* task = view.find(id);
  return task == nullptr ? Json() : Json(task->tid);
}

void add_times(const View& view, Json& json, const analyze::CoroutineTimes& times) {
  const bool known = !are_only_hits(view);
  const auto add = [&](const char* name, std::uint64_t ns) {
    json[name] = known ? Json(ns) : Json();
  };
  add("mounted_ns", times.mounted_ns);
  add("on_cpu_ns", times.on_cpu_ns);
  add("runnable_ns", times.runnable_ns);
  add("blocked_ns", times.blocked_ns);
  add("unknown_ns", times.unknown_ns);
  add("gil_ns", times.gil_ns);
  add("suspended_ns", times.suspended_ns);
}

Json counts_json(const analyze::CoroutineCounts& counts) {
  return {{"created", counts.created},
          {"resumed", counts.resumed},
          {"suspended", counts.suspended},
          {"finished", counts.finished},
          {"destroyed", counts.destroyed}};
}

Json text_or_null(std::string_view text) {
  return text.empty() ? Json() : Json(text);
}

Json coroutine_json(const View& view, const CoroutineNames& names,
                    const analyze::Coroutine& coroutine) {
  Json json = {
      {"id", coroutine.number},
      {"function", names.known(coroutine.function) ? Json(names.raw(coroutine.function)) : Json()},
      {"runtime", text_or_null(name_of(coroutine.runtime))},
      {"source", std::string(name_of(coroutine.source))},
      {"generation_known", coroutine.generation_known},
      {"address", coroutine.address},
      {"tgid", number_or_null(static_cast<std::uint64_t>(names.tgid(coroutine.space)))},
      {"created_ns", optional_json(coroutine.created_ns)},
      {"created_is_first_seen", coroutine.first_seen},
      {"created_by_task", task_or_null(coroutine.creator_task)},
      {"created_by_coroutine", number_or_null(coroutine.creator)},
      {"awaited_by", number_or_null(coroutine.awaited_by)},
      {"ended_ns", optional_json(coroutine.ended_ns)},
      {"finished", coroutine.finished},
      {"destroyed", coroutine.destroyed},
      {"resumes", coroutine.resumes}};
  add_times(view, json, coroutine.times);
  Json threads = Json::array();
  for (const model::TaskId task : coroutine.threads) {
    threads.push_back({{"task", static_cast<std::uint32_t>(task)}, {"tid", tid_json(view, task)}});
  }
  json["threads"] = std::move(threads);
  json["migrations"] = coroutine.migrations;
  return json;
}

Json function_json(const View& view, const analyze::CoroutineFunction& function) {
  Json json = {
      {"function", function.name.empty() ? Json() : Json(function.name)},
      {"file", text_or_null(function.file)},
      {"line", number_or_null(function.line)},
      {"address", function.address},
      {"recorded", counts_json(function.counts)},
      {"creations_unseen", function.creations_unseen},
      {"counted", function.own_counts ? counts_json(*function.own_counts) : Json()},
      {"counted_mounted_ns", function.own_counts ? Json(function.own_mounted_ns) : Json()}};
  add_times(view, json, function.times);
  return json;
}

Json innermost_json(const analyze::CoroutineFunction* function) {
  if (function == nullptr) return {};
  return {{"function", text_or_null(function->name)},
          {"file", text_or_null(function->file)},
          {"line", number_or_null(function->line)}};
}

}  // namespace

void add_coroutines(const View& view, Json& json) {
  const CoroutineNames names(view);
  const analyze::Coroutines& all = view.summary().coroutines;
  Json functions = Json::array();
  for (const analyze::CoroutineFunction* each : coroutine_functions_of(view)) {
    functions.push_back(function_json(view, *each));
  }
  Json rows = Json::array();
  for (const analyze::Coroutine* each : coroutines_of(view)) {
    rows.push_back(coroutine_json(view, names, *each));
  }
  Json loops = Json::array();
  for (const analyze::EventLoop* loop : loops_of(view)) {
    const analyze::Task* task = view.find(loop->task);
    loops.push_back({{"task", static_cast<std::uint32_t>(loop->task)},
                     {"tid", tid_json(view, loop->task)},
                     {"iterations", loop->iterations},
                     {"steps", loop->steps},
                     {"coroutine_switches", loop->switches},
                     {"longest_step_ns", loop->longest_step_ns},
                     {"idle_ns", loop->idle_ns},
                     {"coroutine_ns", loop->coroutine_ns},
                     {"elsewhere_ns", loop->elsewhere_ns},
                     {"unknown_ns", loop->unknown_ns},
                     {"system_ns", task == nullptr ? Json() : optional_json(task->system_ns)}});
  }
  Json blocked = Json::array();
  for (const analyze::BlockedLoop* block : blocks_of(view)) {
    blocked.push_back(
        {{"task", static_cast<std::uint32_t>(block->task)},
         {"tid", tid_json(view, block->task)},
         {"coroutine", block->coroutine},
         {"function", names.known(block->function) ? Json(names.raw(block->function)) : Json()},
         {"how", std::string(analyze::name_of(block->how))},
         {"syscall", text_or_null(block->syscall)},
         {"innermost", innermost_json(names.find(block->innermost))},
         {"begin_ns", block->begin_ns},
         {"duration_ns", block->duration_ns},
         {"delayed", block->delayed}});
  }
  json["coroutines"] = std::move(rows);
  json["coroutines_omitted"] = all.omitted;
  json["coroutine_ends_unseen"] = all.ends_unseen;
  json["coroutines_ended_ns"] = optional_json(all.budget_ended_ns);
  const auto clock = recorder_clock(view);
  json["coroutine_clock"] =
      clock ? Json(*clock == model::CoroutineClock::kTsc ? "tsc" : "monotonic") : Json();
  json["coroutine_functions"] = std::move(functions);
  json["event_loops"] = std::move(loops);
  json["slow_step_ns"] = all.slow_step_ns;
  json["blocked_loops"] = std::move(blocked);
}

}  // namespace triptych::report
