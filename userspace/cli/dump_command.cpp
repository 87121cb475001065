// SPDX-License-Identifier: Apache-2.0
//
// triptych dump: every event of a trace on a line of its own.
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/input.hpp"
#include "cli/output.hpp"
#include "trace/json_lines.hpp"
#include "trace/text_writer.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kDumpExamples = R"(Examples:
  triptych dump                         the trace triptych.tpt, one event a line
  triptych dump other.tpt -o other.txt  a text trace, which every command reads too
  triptych dump --format json | jq 'select(.kind == "fault")'
The text form is described in docs/text-trace.md.
)";

struct DumpOptions {
  std::string file;
  std::string format = "text";
  std::string output;
};

Result<int> run_dump(const DumpOptions& options) {
  const std::string path = options.file.empty() ? kDefaultTrace : options.file;
  const bool json = options.format == "json";
  TRIPTYCH_TRY_ASSIGN(auto source, open_trace(path, !options.file.empty()));
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(options.output, path));
  std::string text;
  if (!json) {
    trace::append_text_header(text);
    trace::append_text(text, source->metadata());
  }
  TRIPTYCH_TRY(read_all(*source, [&](const model::Event& event) -> Result<void> {
    json ? trace::append_json_line(text, event) : trace::append_text(text, event);
    if (text.size() < kFlushBytes) return {};
    Result<void> written = output.write(text);
    text.clear();
    return written;
  }));
  if (!json) {
    if (source->ending()) trace::append_text(text, *source->ending());
    if (!(source->quality() == model::DataQuality())) trace::append_text(text, source->quality());
  }
  TRIPTYCH_TRY(output.write(text));
  TRIPTYCH_TRY(output.finish());
  return kExitOk;
}

}  // namespace

Command add_dump_command(CLI::App& app) {
  auto options = std::make_shared<DumpOptions>();
  CLI::App* self = app.add_subcommand("dump", "Print every event of a trace");
  self->add_option("FILE", options->file, "Trace to print (default: triptych.tpt)");
  self->add_option("--format", options->format, "text, or json: one object a line")
      ->check(one_of({"text", "json"}))
      ->capture_default_str();
  self->add_option("-o,--output", options->output, "Write to this file, not to standard output");
  self->footer(kDumpExamples);
  return {self, [options] { return run_dump(*options); }};
}

}  // namespace triptych::cli
