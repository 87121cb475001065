// SPDX-License-Identifier: Apache-2.0
//
// Cells as the registry makes them, for tests.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <string>
#include <vector>

#include "workloads/registry.hpp"

namespace triptych::workloads {

inline Result<std::unique_ptr<Cell>> make_cell(std::string_view scenario, Model model,
                                               std::string_view variant,
                                               const std::vector<std::string>& settings) {
  const Scenario* found = find_scenario(scenario);
  if (found == nullptr) return fail("no such scenario");
  TRIPTYCH_TRY_ASSIGN(const Variant* way, find_variant(*found, model, variant));
  TRIPTYCH_TRY_ASSIGN(const Parameters parameters, Parameters::parse(found->parameters, settings));
  return way->make(parameters);
}

// The metric of that name; a failure, and 0, without one.
inline double metric(const Cell& cell, std::string_view name) {
  for (const Metric& one : cell.metrics()) {
    if (one.name == name) return one.value;
  }
  ADD_FAILURE() << "no metric " << name;
  return 0;
}

// Of this process so far.
inline std::uint64_t voluntary_switches() {
  rusage counted{};
  ::getrusage(RUSAGE_SELF, &counted);
  return static_cast<std::uint64_t>(counted.ru_nvcsw);
}

// Each variant of a scenario, for a parameterised test.
inline std::vector<Variant> variants_of(std::string_view scenario) {
  const Scenario* found = find_scenario(scenario);
  return found == nullptr ? std::vector<Variant>{} : found->variants;
}

inline std::string test_name(const Variant& variant) {
  std::string name = std::string(name_of(variant.model)) + "_" + std::string(variant.name);
  for (char& letter : name) {
    if (letter == '-') letter = '_';
  }
  return name;
}

}  // namespace triptych::workloads
