// SPDX-License-Identifier: Apache-2.0
//
// What triptych doctor says of what it has tried on itself.
#pragma once

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "probe/five_byte_nop.hpp"
#include "report/document.hpp"

namespace triptych::cli {

report::Section self_test_section(const Result<probe::FiveByteNop>& nop);
nlohmann::ordered_json self_test_as_json(const Result<probe::FiveByteNop>& nop);

}  // namespace triptych::cli
