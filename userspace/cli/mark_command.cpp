// SPDX-License-Identifier: Apache-2.0
//
// triptych mark: for shell scripts, what <triptych/mark.h> is for programs.
#include <fmt/format.h>
#include <triptych/mark.h>

#include <cerrno>
#include <memory>

#include "base/text.hpp"
#include "cli/command.hpp"

namespace triptych::cli {
namespace {

struct MarkOptions {
  std::string name;
  bool begin = false;
  bool end = false;
  bool point = false;
};

Result<int> run_mark(const MarkOptions& options) {
  if (options.name.empty() || options.name.size() > TRIPTYCH_MARK_NAME_MAX) {
    return fail(fmt::format("{} is not a name for a mark", quote(options.name)),
                fmt::format("a name has 1 to {} bytes", TRIPTYCH_MARK_NAME_MAX), ErrorCode::kUsage);
  }
  unsigned long type = TRIPTYCH_MARK_POINT;
  if (options.begin) type = TRIPTYCH_MARK_BEGIN;
  if (options.end) type = TRIPTYCH_MARK_END;
  if (triptych_mark(options.name.c_str(), type | TRIPTYCH_MARK_FOR_PARENT) != 0) {
    return fail_errno("cannot mark", errno);
  }
  return kExitOk;
}

}  // namespace

Command add_mark_command(CLI::App& app) {
  auto options = std::make_shared<MarkOptions>();
  CLI::App* self = app.add_subcommand(
      "mark", "Mark a phase of the calling program in the trace that records it, if any");
  self->add_option("NAME", options->name, "The name of the phase")->required();
  CLI::Option* begin = self->add_flag("--begin", options->begin, "The phase begins");
  CLI::Option* end = self->add_flag("--end", options->end, "The phase ends");
  CLI::Option* point = self->add_flag("--point", options->point, "A moment (default)");
  begin->excludes(end)->excludes(point);
  end->excludes(point);
  return {self, [options] { return run_mark(*options); }};
}

}  // namespace triptych::cli
