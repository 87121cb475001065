// SPDX-License-Identifier: Apache-2.0
//
// A summary in the forms that people and programs read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.hpp"
#include "report/document.hpp"
#include "report/view.hpp"

namespace triptych::report {

// What the text report says, before it has a form (write_text).
Document make_document(const View& view);

std::string subject_of(const View& view);  // "make -j4"
std::string title_of(const View& view);    // "triptych report: make -j4"

// Schema triptych.report/1 (docs/report-schema.md), with a final newline. The whole summary: a
// narrowed view leaves tasks, address spaces, forks and marks out, `top` and `sort` nothing.
std::string write_json(const View& view, const std::vector<profile::Profile>& profiles);

// The JSON Schema of write_json's output.
std::string_view json_schema();

// Loss or damage was counted, or the audit found a difference: what --strict refuses.
bool below_strict(const analyze::Summary& summary);

}  // namespace triptych::report
