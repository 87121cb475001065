// SPDX-License-Identifier: Apache-2.0
//
// How much a machine moves by itself. Two files come from two stretches of time, and repetitions
// within one stretch do not know how far apart two stretches lie. What they do know is how far the
// second half of a stretch lies from the first.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "diff/input.hpp"

namespace triptych::diff {

// The standard deviation, as a share of a figure, by which two runs of the same may lie apart:
// from the differences between the halves of every figure's values (in the order in which they
// ran), less what chance makes of so few values, for twice the distance in time. 0 where the
// halves differ by no more than chance; nothing where no figure has eight values to tell by.
std::optional<double> drift_of(std::span<const Metric> metrics);

}  // namespace triptych::diff
