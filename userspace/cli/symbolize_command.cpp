// SPDX-License-Identifier: Apache-2.0
//
// triptych symbolize: puts the names of functions into a trace, where the files are that have them.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "analyze/analysis.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/input.hpp"
#include "cli/output.hpp"
#include "cli/symbolized_trace.hpp"
#include "symbol/resolve/stack_unwinder.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kSymbolizeExamples = R"(Examples:
  triptych symbolize                                  triptych.tpt, to triptych.symbolized.tpt
  triptych symbolize -o named.tpt --debug-dir /srv/symbols server.tpt
A directory has files of debug information as DIR/.build-id/ab/cdef….debug, or the programs
themselves without ".debug". Programs that are where they were recorded, and /usr/lib/debug, are
looked at, too. What is done with stacks that were copied is said in docs/stacks.md.
)";

struct SymbolizeOptions {
  std::string file;
  std::string output;
  std::vector<std::string> debug_directories;
  bool inlines = false;
};

// "server.tpt": "server.symbolized.tpt".
std::string output_beside(const std::string& trace) {
  constexpr std::string_view kEnding = ".tpt";
  const bool usual = trace.size() > kEnding.size() && trace.ends_with(kEnding);
  return trace.substr(0, trace.size() - (usual ? kEnding.size() : 0)) + ".symbolized.tpt";
}

// What the new file could not say of itself any more.
Result<void> refuse_damage(const model::DataQuality& quality) {
  using model::Quality;
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    const auto which = static_cast<Quality>(i);
    const model::QualityInfo& info = model::kQualityInfo[i];
    const bool damage =
        info.severity == model::Severity::kDamage && which != Quality::recording_cut;
    if (quality[which] == 0 || (!damage && which != Quality::unknown_records)) continue;
    return fail(fmt::format("the trace is not whole: {} {}", info.name, quality[which]),
                "symbolize the trace as it was recorded");
  }
  return {};
}

Result<UniqueFd> file_of(const Output& output, const std::string& path) {
  struct stat status {};
  if (::fstat(output.fd(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(fmt::format("{} is no file", quote(path)), "name a file with -o",
                ErrorCode::kUsage);
  }
  UniqueFd file(::fcntl(output.fd(), F_DUPFD_CLOEXEC, 3));
  // As private as what was recorded: what a program had in its memory may be in it.
  if (!file || ::fchmod(file.get(), 0600) != 0)
    return fail_errno("cannot write " + quote(path), errno);
  return file;
}

void say_result(const SymbolizedTrace& trace, const symbol::resolve::Resolver& resolver,
                const std::string& path) {
  const auto plural = [](std::uint64_t count, const char* one, const char* more) {
    return fmt::format("{} {}", format_count(count), count == 1 ? one : more);
  };
  std::string text = fmt::format("triptych: {} named in {}",
                                 plural(trace.functions(), "function", "functions"), quote(path));
  if (trace.nameless() != 0) {
    text += fmt::format("; {} without a name", plural(trace.nameless(), "place", "places"));
  }
  if (trace.unwound() + trace.kept() != 0) {
    text += fmt::format("; {} of {} unwound", format_count(trace.unwound()),
                        plural(trace.unwound() + trace.kept(), "copied stack", "copied stacks"));
  }
  text += '\n';
  for (const auto& missing : resolver.missing()) {
    text += fmt::format("triptych: no {} from {}: {}\n", missing.what, quote(missing.path),
                        missing.reason);
  }
  std::fputs(text.c_str(), stderr);
}

Result<int> run_symbolize(const SymbolizeOptions& options) {
  const std::string path = options.file.empty() ? kDefaultTrace : options.file;
  if (path == "-" && options.output.empty()) {
    return fail("the trace from standard input has no name", "name a file with -o",
                ErrorCode::kUsage);
  }
  const std::string to = options.output.empty() ? output_beside(path) : options.output;
  TRIPTYCH_TRY_ASSIGN(auto source, open_trace(path, !options.file.empty()));
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(to, path));
  TRIPTYCH_TRY_ASSIGN(UniqueFd file, file_of(output, to));
  model::Metadata metadata = source->metadata();
  metadata.coroutine_stream = metadata.map_stream = 0;
  TRIPTYCH_TRY_ASSIGN(trace::Writer writer, trace::Writer::create(std::move(file), metadata, 1));
  SymbolizedTrace trace(writer);
  symbol::resolve::StackUnwinder unwinder(metadata.host.kernel);
  HeardUnwinder heard(unwinder);
  analyze::Analysis analysis(metadata);
  analysis.unwind_with(heard);
  TRIPTYCH_TRY(read_all(*source, [&](const model::Event& event) -> Result<void> {
    analysis.push(event);
    return trace.pass(event, heard.take());
  }));
  TRIPTYCH_TRY(refuse_damage(source->quality()));
  TRIPTYCH_TRY_ASSIGN(const analyze::Summary summary, analysis.finish(source->ending(), {}, 0));
  symbol::resolve::ResolverOptions names{.kernel = metadata.host.kernel,
                                         .inlines = options.inlines};
  names.debug_directories = options.debug_directories;
  names.debug_directories.emplace_back(kDebugDirectory);
  symbol::resolve::Resolver resolver(*summary.stacks.table, names);
  TRIPTYCH_TRY(trace.add_names(*summary.stacks.table, resolver, options.inlines));
  TRIPTYCH_TRY(source->ending() ? writer.finish(*source->ending()) : writer.flush(0, 0));
  TRIPTYCH_TRY(output.finish());
  say_result(trace, resolver, to);
  return kExitOk;
}

}  // namespace

Command add_symbolize_command(CLI::App& app) {
  auto options = std::make_shared<SymbolizeOptions>();
  CLI::App* self = app.add_subcommand("symbolize", "Put the names of functions into a trace");
  self->add_option("FILE", options->file, "Trace to take (default: triptych.tpt)");
  self->add_option("-o,--output", options->output,
                   "The trace to write (default: FILE, named .symbolized.tpt)")
      ->type_name("FILE");
  self->add_option("--debug-dir", options->debug_directories,
                   "Look for files by build id here, too; may be repeated")
      ->allow_extra_args(false)
      ->type_name("DIR");
  self->add_flag("--inlines", options->inlines,
                 "Functions that were inlined, too, where debug information tells");
  self->footer(kSymbolizeExamples);
  return {self, [options] { return run_symbolize(*options); }};
}

}  // namespace triptych::cli
