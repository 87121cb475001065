// SPDX-License-Identifier: Apache-2.0
#include "compare/recorded_batch.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "base/text.hpp"
#include "compare/child_output.hpp"
#include "workloads/memory.hpp"
#include "workloads/scenario.hpp"

namespace triptych::compare {
namespace {

constexpr std::uint64_t kTracedTimeoutNs = 180'000'000'000;
constexpr const char* kSeparator = "=== cell ";

std::string shell_quoted(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// With the rights of `owner`, who called us.
Result<void> make_directory(const std::string& path, const std::optional<launch::User>& owner) {
  std::optional<launch::FileRightsOf> rights;
  if (owner) {
    TRIPTYCH_TRY_ASSIGN(launch::FileRightsOf taken, launch::FileRightsOf::take(*owner));
    rights.emplace(std::move(taken));
  }
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail_errno(fmt::format("cannot make the directory {}", quote(path)), errno);
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return {};
  return fail(fmt::format("{} is not a directory", quote(path)), "--keep-traces takes one",
              ErrorCode::kUsage);
}

Result<CellRun> run_of(const CellOutput& output) {
  if (output.exit_status == 0) return parse_cell_run(output.text);
  if (output.exit_status < 0) return fail("it was not run");
  ChildOutput said;
  said.exit_status = output.exit_status;
  said.err = output.text;
  return tl::unexpected<Error>(error_of(said, "the cell"));
}

MemoryRange memory_of(const Result<CellRun>& run) {
  if (!run) return {};
  const std::optional<double> address = run->metric(workloads::kMemoryAddress);
  const std::optional<double> pages = run->metric(workloads::kMemoryPages);
  if (!address || !pages) return {};
  const auto begin = static_cast<std::uint64_t>(*address);
  return {begin, begin + static_cast<std::uint64_t>(*pages) * workloads::kPageBytes};
}

RecordedCell make_cell(Result<CellRun> run, CellWindows windows) {
  RecordedCell cell;
  if (!run) {
    cell.failure = run.error().message;
  } else if (!windows.complete) {
    cell.failure = "its marks are not in the trace";
  } else {
    cell.run = std::move(*run);
    cell.windows = std::move(windows);
  }
  return cell;
}

}  // namespace

Result<TraceDirectory> TraceDirectory::open(const std::string& path,
                                            const std::optional<launch::User>& owner) {
  TraceDirectory directory;
  if (!path.empty()) {
    TRIPTYCH_TRY(make_directory(path, owner));
    directory.path_ = path;
    return directory;
  }
  const char* base = std::getenv("TMPDIR");
  std::string pattern = fmt::format("{}/triptych-compare-XXXXXX", base == nullptr ? "/tmp" : base);
  if (::mkdtemp(pattern.data()) == nullptr) {
    return fail_errno("cannot make a temporary directory", errno);
  }
  directory.path_ = pattern;
  directory.kept_ = false;
  if (owner && ::chown(pattern.c_str(), owner->uid, owner->gid) != 0) {
    return fail_errno(fmt::format("cannot give away {}", pattern), errno);
  }
  return directory;
}

TraceDirectory::TraceDirectory(TraceDirectory&& other) noexcept
    : path_(std::move(other.path_)), kept_(std::exchange(other.kept_, true)) {}

TraceDirectory::~TraceDirectory() {
  if (kept_) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

// What a failed cell says comes in the place of its result.
std::string driver_script(const std::string& program,
                          const std::vector<std::vector<std::string>>& commands) {
  std::string script;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    script += fmt::format("{} mark {}\n", shell_quoted(program), cell_mark(i));
    for (const std::string& word : commands[i]) script += shell_quoted(word) + " ";
    script += fmt::format("2>&1\necho \"{}{} $?\"\n", kSeparator, i);
  }
  return script;
}

std::vector<CellOutput> split_output(const std::string& text, std::size_t cells) {
  std::vector<CellOutput> outputs(cells);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < cells; ++i) {
    const std::string separator = fmt::format("{}{} ", kSeparator, i);
    const std::size_t at = text.find(separator, begin);
    if (at == std::string::npos) break;
    outputs[i].text = text.substr(begin, at - begin);
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::from_chars(text.data() + at + separator.size(), text.data() + end, outputs[i].exit_status);
    begin = std::min(end + 1, text.size());
  }
  return outputs;
}

Result<RecordedBatch> record_batch(const std::string& program,
                                   const std::vector<std::vector<std::string>>& commands,
                                   const std::string& trace, bool keep) {
  // What coroutines there are tell of themselves: nothing is to be probed.
  const std::vector<std::string> record = {
      program, "record", "--coroutines", "recorder", "-o",
      trace,   "--",     "/bin/sh",      "-c",       driver_script(program, commands)};
  TRIPTYCH_TRY_ASSIGN(const ChildOutput output, run_child(record, std::nullopt, kTracedTimeoutNs));
  if (output.exit_status != 0) return tl::unexpected<Error>(error_of(output, "the recording"));
  RecordedBatch batch;
  std::vector<Result<CellRun>> runs;
  std::vector<MemoryRange> memories;
  for (const CellOutput& each : split_output(output.out, commands.size())) {
    runs.push_back(run_of(each));
    memories.push_back(memory_of(runs.back()));
  }
  {
    TRIPTYCH_TRY_ASSIGN(const auto source, trace::open_source(trace));
    TRIPTYCH_TRY_ASSIGN(TraceWindows windows, read_windows(*source, memories));
    batch.lost = windows.lost;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      batch.cells.push_back(make_cell(std::move(runs[i]), std::move(windows.cells[i])));
    }
  }
  if (!keep) ::unlink(trace.c_str());
  return batch;
}

}  // namespace triptych::compare
