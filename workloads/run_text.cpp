// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.hpp"
#include "workloads/run.hpp"

namespace triptych::workloads {
namespace {

std::string value_of(const Metric& metric) {
  if (metric.unit == "bytes" && metric.value >= 0) {
    return format_bytes(static_cast<std::uint64_t>(metric.value));
  }
  if (metric.unit == "1") return fmt::format("{:.6g}", metric.value);
  return fmt::format("{:.6g} {}", metric.value, metric.unit);
}

}  // namespace

std::string to_text(const Scenario& scenario, const Variant& variant, const Parameters& parameters,
                    const RunResult& result) {
  std::string text = fmt::format("{} {} {}\n", scenario.name, name_of(variant.model), variant.name);
  const auto row = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<26} {}\n", name, value);
  };
  for (const auto& [key, value] : parameters.as_text()) row(key, value);
  row("operations", format_count(result.operations));
  row("time", format_duration_ns(result.elapsed_ns));
  if (result.operations > 0) {
    row("time per operation", fmt::format("{:.4g} ns", static_cast<double>(result.elapsed_ns) /
                                                           static_cast<double>(result.operations)));
  }
  row("user time", format_duration_ns(result.usage.user_ns));
  row("system time", format_duration_ns(result.usage.system_ns));
  row("voluntary switches", format_count(result.usage.voluntary_switches));
  row("involuntary switches", format_count(result.usage.involuntary_switches));
  row("coroutine switches", format_count(result.coroutine_switches));
  row("minor faults", format_count(result.usage.minor_faults));
  row("major faults", format_count(result.usage.major_faults));
  for (const Metric& metric : result.metrics) row(metric.name, value_of(metric));
  for (const std::string& note : result.notes) text += fmt::format("  note: {}\n", note);
  return text;
}

}  // namespace triptych::workloads
