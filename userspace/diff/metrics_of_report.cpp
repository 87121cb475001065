// SPDX-License-Identifier: Apache-2.0
//
// triptych.report/1. A report is of one recording, so each of its figures is one value: tasks of
// the same name and forks of the same kind have a median. They are no repetitions: what befell the
// recording befell all of them.
#include <fmt/format.h>

#include <map>

#include "diff/documents.hpp"
#include "stats/sample.hpp"

namespace triptych::diff {
namespace {

using nlohmann::json;

std::string unit_of(std::string_view name) {
  if (name.ends_with("_ns")) return "ns";
  return name.ends_with("bytes") ? "bytes" : "1";
}

// Histograms say more than a sum does, but not in a form that can be compared one by one.
bool is_histogram(const json& value) {
  return member(value, "octaves") != nullptr;
}

void add_totals(const json& value, const std::string& name, Input* input) {
  if (value.is_number()) {
    input->metrics.push_back({name, unit_of(name), {value.get<double>()}});
  } else if (value.is_object() && !is_histogram(value)) {
    for (const auto& [key, each] : value.items())
      add_totals(each, fmt::format("{}.{}", name, key), input);
  }
}

using Samples = std::map<std::string, std::vector<double>>;

void add_value(const json& object, const char* outer, const char* inner, const std::string& group,
               Samples* samples) {
  const json* value = member(object, outer);
  if (value != nullptr && inner != nullptr) value = member(*value, inner);
  if (value == nullptr || !value->is_number()) return;
  const std::string name = inner == nullptr ? outer : fmt::format("{}.{}", outer, inner);
  (*samples)[fmt::format("{}: {}", group, name)].push_back(value->get<double>());
}

void add_task(const json& task, Samples* samples) {
  const std::string group = fmt::format("tasks {}", text_of(task, "comm"));
  for (const char* name : {"on_cpu_ns", "runnable_ns", "blocked_ns", "wakeups", "migrations"}) {
    add_value(task, name, nullptr, group, samples);
  }
  add_value(task, "switches", "voluntary", group, samples);
  add_value(task, "switches", "involuntary", group, samples);
  add_value(task, "faults", "total", group, samples);
}

void add_fork(const json& fork, Samples* samples) {
  const std::string group = fmt::format("forks by {}", text_of(fork, "kind"));
  for (const char* name : {"duration_ns", "page_table_copy_ns", "first_run_delay_ns",
                           "page_table_pages", "shared_pages"}) {
    add_value(fork, name, nullptr, group, samples);
  }
}

}  // namespace

void read_report(const json& file, Input* input) {
  if (const json* host = member(file, "host")) add_circumstances(*host, "", input);
  if (const json* target = member(file, "target")) {
    if (const json* command = member(*target, "command")) {
      add_circumstances(*command, "command", input);
    }
  }
  if (const json* duration = member(file, "duration_ns")) {
    add_totals(*duration, "total duration_ns", input);
  }
  if (const json* totals = member(file, "totals")) add_totals(*totals, "total", input);
  Samples samples;
  if (const json* tasks = member(file, "tasks"); tasks != nullptr && tasks->is_array()) {
    for (const json& task : *tasks) add_task(task, &samples);
  }
  if (const json* forks = member(file, "forks"); forks != nullptr && forks->is_array()) {
    for (const json& fork : *forks) add_fork(fork, &samples);
  }
  for (const auto& [name, values] : samples) {
    input->metrics.push_back({name, unit_of(name), {stats::median(values)}});
  }
}

}  // namespace triptych::diff
