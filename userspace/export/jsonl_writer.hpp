// SPDX-License-Identifier: Apache-2.0
//
// One JSON object a line; what a row does not have is not there.
#pragma once

#include "export/writer.hpp"

namespace triptych::exports {

class JsonlWriter : public Writer {
 public:
  void begin(const model::Metadata& metadata, std::string& out) override;
  void write(const Context& context, const analyze::Interval& interval, std::string& out) override;
};

}  // namespace triptych::exports
