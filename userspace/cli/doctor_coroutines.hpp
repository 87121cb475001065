// SPDX-License-Identifier: Apache-2.0
//
// What triptych doctor says of a program's coroutines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "probe/capabilities.hpp"
#include "record/coroutine_survey.hpp"
#include "report/document.hpp"

namespace triptych::cli {

// `capabilities`: whether this kernel takes the probes, and in which way.
report::Section coroutines_of_program(const std::vector<record::SurveyedFile>& files,
                                      const probe::Capabilities& capabilities);
nlohmann::ordered_json coroutines_as_json(const std::vector<record::SurveyedFile>& files,
                                          const probe::Capabilities& capabilities);

}  // namespace triptych::cli
