// SPDX-License-Identifier: Apache-2.0
//
// What is to be exported, by the command line, and reading it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "cli/name_options.hpp"
#include "cli/output.hpp"
#include "export/export.hpp"
#include "trace/source.hpp"

namespace triptych::cli {

struct ExportOptions {
  std::string file;
  std::string format;
  std::string output;
  std::string profile;
  std::string unit;
  bool icicle = false;
  std::string base;
  NameOptions names;
  std::optional<model::Tid> tid;
  std::string process;
  std::string coroutine;
  std::string from;
  std::string to;
};

// Not a pipe: from the beginning each time.
bool can_be_read_twice(const std::string& path);

Result<exports::Selection> select(const ExportOptions& options, const std::string& path);

// A trace that says what happened when.
Result<std::unique_ptr<trace::Source>> open_for_export(const std::string& path, bool given);

// From the beginning to the end; fails when there is no such coroutine as asked for. What has been
// written is handed to `output`, if there is one.
Result<analyze::Summary> run_export(trace::Source& source, exports::Export& exporting,
                                    const ExportOptions& options, Output* output);

// `what` is no text.
Result<void> refuse_terminal(const Output& output, const std::string& what);

// Whoever only looks at the exported file would not know.
void say_what_is_missing(const model::DataQuality& quality);

// A profile: gathered whole, then formatted.
Result<int> export_profile(const ExportOptions& options);

}  // namespace triptych::cli
