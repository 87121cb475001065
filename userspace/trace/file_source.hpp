// SPDX-License-Identifier: Apache-2.0
//
// A trace file as a source: the streams' records merged by time. Memory is bounded by one chunk a
// stream and 16 bytes for each chunk of the file.
#pragma once

#include <memory>

#include "trace/input_file.hpp"
#include "trace/source.hpp"

namespace triptych::trace {

// `name` is for messages. The file begins with kFileMagic.
Result<std::unique_ptr<Source>> open_file_source(InputFile file, const std::string& name);

}  // namespace triptych::trace
