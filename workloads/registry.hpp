// SPDX-License-Identifier: Apache-2.0
//
// The scenarios that there are, listed by hand in registry.cpp: a new one is a folder and a line.
#pragma once

#include <span>
#include <string_view>

#include "workloads/scenario.hpp"

namespace triptych::workloads {

std::span<const Scenario> scenarios();

// Null if there is none of that name.
const Scenario* find_scenario(std::string_view name);

// The named variant of the model, or its default for an empty name. Fails naming the ones there
// are.
Result<const Variant*> find_variant(const Scenario& scenario, Model model, std::string_view name);

}  // namespace triptych::workloads
