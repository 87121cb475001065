// SPDX-License-Identifier: Apache-2.0
#include "cli/export_input.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <set>

#include "base/text.hpp"
#include "cli/input.hpp"
#include "report/view.hpp"

namespace triptych::cli {
namespace {

// A moment of the recording.
Result<std::uint64_t> moment(const std::string& option, const std::string& text) {
  std::uint64_t ns = 0;
  if (is_zero_duration(text) || parse_duration_ns(text, &ns)) return ns;
  return fail(quote(text) + " is not a time since the recording began",
              option + " takes a number, of seconds where no unit follows: 500us, 10ms or 1.5",
              ErrorCode::kUsage);
}

// The tasks that the report would show. Only the whole trace tells which those are: a process may
// get its name late.
Result<void> select_tasks(const ExportOptions& options, const std::string& path,
                          exports::Selection& selection) {
  if (!can_be_read_twice(path)) {
    return fail(fmt::format("{} cannot be read twice, as --tid and --process need",
                            path == "-" ? "standard input" : quote(path)),
                "write it to a file first", ErrorCode::kUsage);
  }
  TRIPTYCH_TRY_ASSIGN(auto source, open_trace(path, !options.file.empty()));
  analyze::Analysis analysis(source->metadata());
  TRIPTYCH_TRY(read_all(*source, [&analysis](const model::Event& event) -> Result<void> {
    analysis.push(event);
    return {};
  }));
  TRIPTYCH_TRY_ASSIGN(const analyze::Summary summary,
                      analysis.finish(source->ending(), source->quality(), source->stored_bytes()));
  report::ViewOptions narrow;
  narrow.tid = options.tid;
  narrow.process = options.process;
  TRIPTYCH_TRY_ASSIGN(const report::View view, report::View::make(summary, narrow));
  selection.tasks.emplace();
  for (const analyze::Task* task : view.tasks()) {
    selection.tasks->insert(static_cast<std::uint32_t>(task->id));
  }
  return {};
}

std::optional<std::uint64_t> coroutine_number(const std::string& coroutine) {
  std::uint64_t number = 0;
  const char* end = coroutine.data() + coroutine.size();
  const auto parsed = std::from_chars(coroutine.data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  return std::nullopt;
}

// By its number in the report, or by its function.
profile::CoroutineFilter filter_of(const std::string& coroutine) {
  if (const std::optional<std::uint64_t> number = coroutine_number(coroutine)) {
    return [wanted = *number](std::uint64_t each, const analyze::CoroutineFunction&) {
      return each == wanted;
    };
  }
  return [coroutine](std::uint64_t, const analyze::CoroutineFunction& function) {
    return function.name == coroutine;
  };
}

// Numbers are given in turn. Of the functions, the first ones with a name are listed.
Result<void> check_coroutine(const std::string& coroutine, const analyze::Summary& summary) {
  if (coroutine.empty()) return {};
  const analyze::Coroutines& all = summary.coroutines;
  if (all.count == 0) {
    return fail("the trace has no coroutines",
                "record with --coroutines; `triptych doctor -- COMMAND` says which way shows them",
                ErrorCode::kUsage);
  }
  if (const std::optional<std::uint64_t> number = coroutine_number(coroutine)) {
    if (*number != 0 && *number <= all.count) return {};
    return fail(fmt::format("no recorded coroutine is {}", *number),
                fmt::format("the trace has those from 1 to {}", all.count), ErrorCode::kUsage);
  }
  constexpr std::size_t kListed = 8;
  std::set<std::string> known;
  for (const analyze::CoroutineFunction& function : all.functions) {
    if (function.name == coroutine) return {};
    if (!function.name.empty()) known.insert(quote(function.name));
  }
  return fail(fmt::format("no recorded coroutine is of the function {}", quote(coroutine)),
              known.empty() ? "no function of its coroutines has a name"
                            : "it has " + listed(known, kListed),
              ErrorCode::kUsage);
}

}  // namespace

bool can_be_read_twice(const std::string& path) {
  struct stat status {};
  return path != "-" && (::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode));
}

Result<exports::Selection> select(const ExportOptions& options, const std::string& path) {
  exports::Selection selection;
  if (!options.from.empty()) {
    TRIPTYCH_TRY_ASSIGN(selection.from_ns, moment("--from", options.from));
  }
  if (!options.to.empty()) {
    TRIPTYCH_TRY_ASSIGN(selection.to_ns, moment("--to", options.to));
  }
  if (selection.from_ns >= selection.to_ns) {
    return fail(fmt::format("nothing lies between {} and {}", options.from, options.to),
                "--to must be later than --from", ErrorCode::kUsage);
  }
  if (options.tid || !options.process.empty()) {
    TRIPTYCH_TRY(select_tasks(options, path, selection));
  }
  if (!options.coroutine.empty()) selection.coroutines = filter_of(options.coroutine);
  return selection;
}

Result<std::unique_ptr<trace::Source>> open_for_export(const std::string& path, bool given) {
  TRIPTYCH_TRY_ASSIGN(auto source, open_trace(path, given));
  if (source->metadata().summary_only) {
    return fail("a trace of summaries does not say what happened when",
                "record without --summary-only to export it", ErrorCode::kUsage);
  }
  return source;
}

Result<analyze::Summary> run_export(trace::Source& source, exports::Export& exporting,
                                    const ExportOptions& options, Output* output) {
  std::string& text = exporting.output();
  const auto flush = [&]() -> Result<void> {
    if (output != nullptr) TRIPTYCH_TRY(output->write(text));
    text.clear();
    return {};
  };
  TRIPTYCH_TRY(read_all(source, [&](const model::Event& event) -> Result<void> {
    exporting.push(event);
    return text.size() < kFlushBytes ? Result<void>() : flush();
  }));
  auto summary = exporting.finish(source.ending(), source.quality(), source.stored_bytes());
  if (!summary) return summary;
  TRIPTYCH_TRY(check_coroutine(options.coroutine, *summary));
  TRIPTYCH_TRY(flush());
  return summary;
}

Result<void> refuse_terminal(const Output& output, const std::string& what) {
  if (::isatty(output.fd()) != 1) return {};
  return fail(what + " is no text for a terminal", "name a file with -o", ErrorCode::kUsage);
}

void say_what_is_missing(const model::DataQuality& quality) {
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    const model::QualityInfo& info = model::kQualityInfo[i];
    const std::uint64_t count = quality[static_cast<model::Quality>(i)];
    if (info.severity == model::Severity::kInfo || count == 0) continue;
    const std::string line = fmt::format("triptych: the export is not complete: {} {}: {}\n",
                                         info.name, format_count(count), info.advice);
    std::fputs(line.c_str(), stderr);
  }
}

}  // namespace triptych::cli
