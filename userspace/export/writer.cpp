// SPDX-License-Identifier: Apache-2.0
#include "export/writer.hpp"

#include "export/chrome_writer.hpp"
#include "export/csv_writer.hpp"
#include "export/jsonl_writer.hpp"
#include "export/perfetto_writer.hpp"

namespace triptych::exports {

std::unique_ptr<Writer> make_writer(std::string_view format, StackNames* names) {
  if (format == "csv") return std::make_unique<CsvWriter>();
  if (format == "jsonl") return std::make_unique<JsonlWriter>();
  if (format == "chrome") return std::make_unique<ChromeWriter>();
  if (format == "perfetto") return std::make_unique<PerfettoWriter>(names);
  return nullptr;
}

}  // namespace triptych::exports
