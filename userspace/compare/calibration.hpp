// SPDX-License-Identifier: Apache-2.0
//
// What recording costs on this machine, measured before it is used: short runs of known events,
// with and without a recording.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "compare/document.hpp"
#include "compare/runner.hpp"

namespace triptych::compare {

inline constexpr const char* kSwitchEvent = "context switch";       // with its wakeup
inline constexpr const char* kCoroutineEvent = "coroutine switch";  // resumed and suspended
inline constexpr const char* kFaultEvent = "page fault";
inline constexpr const char* kThreadEvent = "thread created";
inline constexpr const char* kProcessEvent = "process created";

// The runs of one cell with and without a recording, and the events that it had in one operation.
struct CalibrationRuns {
  std::string event;                           // what it is to tell the cost of
  std::vector<double> untraced_ns, traced_ns;  // per operation
  std::map<std::string, double> rates;         // events per operation
};

// In the order of `runs`: what an operation's other events cost, by the entries before, is taken
// off first. Nothing for an event that did not occur.
std::vector<EventCost> event_costs(const std::vector<CalibrationRuns>& runs);

// Writes down what each cost when it was measured again.
void check(const std::vector<EventCost>& again, std::vector<EventCost>* costs);

// What the events cost together: nanoseconds and their uncertainty. Of a cost that did not hold,
// what it changed by is uncertain too.
struct CostEstimate {
  double ns = 0, uncertainty_ns = 0;
};
CostEstimate estimate(const std::map<std::string, double>& rates,
                      const std::vector<EventCost>& costs);

// Runs them: about a second for `pairs` = 5.
Result<std::vector<EventCost>> calibrate(const std::string& program,
                                         const std::optional<launch::User>& become, unsigned cpu,
                                         unsigned pairs, Progress& progress);

}  // namespace triptych::compare
