// SPDX-License-Identifier: Apache-2.0
//
// What triptych doctor says of a program's coroutines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "record/coroutine_survey.hpp"
#include "report/document.hpp"

namespace triptych::cli {

report::Section coroutines_of_program(const std::vector<record::SurveyedFile>& files);
nlohmann::ordered_json coroutines_as_json(const std::vector<record::SurveyedFile>& files);

}  // namespace triptych::cli
