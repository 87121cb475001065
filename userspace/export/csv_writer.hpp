// SPDX-License-Identifier: Apache-2.0
//
// Comma-separated values after RFC 4180, but with plain line feeds; the first line has the names.
#pragma once

#include "export/writer.hpp"

namespace triptych::exports {

class CsvWriter : public Writer {
 public:
  void begin(const model::Metadata& metadata, std::string& out) override;
  void write(const Context& context, const analyze::Interval& interval, std::string& out) override;
};

}  // namespace triptych::exports
