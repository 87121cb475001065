// SPDX-License-Identifier: Apache-2.0
//
// triptych export, where the form is a profile.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/export_input.hpp"
#include "cli/input.hpp"
#include "cli/output.hpp"
#include "export/chrome_profile.hpp"
#include "export/flame_graph.hpp"
#include "export/folded.hpp"
#include "export/pprof.hpp"
#include "export/profile_writer.hpp"
#include "export/speedscope.hpp"
#include "symbol/resolve/stack_unwinder.hpp"

namespace triptych::cli {
namespace {

struct ProfileOfTrace {
  profile::Profile profile;
  model::DataQuality quality;
};

Result<ProfileOfTrace> gather(const ExportOptions& options, const std::string& path,
                              profile::Kind kind, bool without_ids) {
  TRIPTYCH_TRY_ASSIGN(exports::Selection selection, select(options, path));
  const std::uint64_t from_ns = selection.from_ns;
  const std::uint64_t to_ns = selection.to_ns;
  TRIPTYCH_TRY_ASSIGN(auto source, open_for_export(path, !options.file.empty()));
  TRIPTYCH_TRY(profile::check_recorded(kind, source->metadata()));
  ProfileOfTrace gathered;
  profile::Collector collector(kind, selection.coroutines);
  exports::Export exporting(
      source->metadata(), std::move(selection),
      std::make_unique<exports::ProfileWriter>(
          std::move(collector), without_ids,
          options.names.for_kernel(source->metadata().host.kernel), gathered.profile));
  symbol::resolve::StackUnwinder unwinder(source->metadata().host.kernel);
  exporting.unwind_with(unwinder);
  TRIPTYCH_TRY_ASSIGN(const analyze::Summary summary,
                      run_export(*source, exporting, options, nullptr));
  gathered.quality = summary.quality;
  profile::Profile& profile = gathered.profile;
  profile.begin_ns = from_ns;
  profile.duration_ns =
      std::min(profile.duration_ns, to_ns) - std::min(profile.duration_ns, from_ns);
  if (!options.process.empty()) profile.choices.push_back("process " + quote(options.process));
  if (options.tid) profile.choices.push_back(fmt::format("thread {}", *options.tid));
  if (!options.coroutine.empty()) {
    profile.choices.push_back("coroutine " + quote(options.coroutine));
  }
  return gathered;
}

Result<std::string> flame_graph(const profile::Profile& profile, const ExportOptions& options,
                                std::size_t unit) {
  exports::FlameGraphOptions how;
  how.unit = unit;
  how.icicle = options.icicle;
  if (options.base.empty()) return exports::write_flame_graph(profile, how);
  TRIPTYCH_TRY_ASSIGN(const ProfileOfTrace earlier,
                      gather(options, options.base, profile.kind, true));
  say_what_is_missing(earlier.quality);
  profile::Base base = profile::lay_beside(profile, earlier.profile);
  base.name = quote(options.base);
  how.base = &base;
  return exports::write_flame_graph(profile, how);
}

Result<std::string> format(const profile::Profile& profile, const ExportOptions& options,
                           std::size_t unit) {
  if (options.format == "svg") return flame_graph(profile, options, unit);
  if (options.format == "speedscope") return exports::write_speedscope(profile, unit);
  if (options.format == "chrome") return exports::write_chrome_profile(profile, unit);
  if (options.format == "pprof") return exports::write_pprof(profile, unit);
  return exports::write_folded(profile, unit);
}

}  // namespace

Result<int> export_profile(const ExportOptions& options) {
  const std::string path = options.file.empty() ? kDefaultTrace : options.file;
  const profile::Kind kind =
      *profile::parse_kind(options.profile.empty() ? "on-cpu" : options.profile);
  std::size_t unit = 0;
  if (!options.unit.empty()) {
    TRIPTYCH_TRY_ASSIGN(unit, profile::find_unit(kind, options.unit));
  }
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(options.output, path));
  if (options.format == "pprof") TRIPTYCH_TRY(refuse_terminal(output, "a profile for pprof"));
  TRIPTYCH_TRY_ASSIGN(const ProfileOfTrace gathered,
                      gather(options, path, kind, !options.base.empty()));
  TRIPTYCH_TRY_ASSIGN(const std::string text, format(gathered.profile, options, unit));
  TRIPTYCH_TRY(output.write(text));
  TRIPTYCH_TRY(output.finish());
  const profile::Profile& profile = gathered.profile;
  for (const std::string& warning : profile.warnings) {
    std::fputs(fmt::format("triptych: {}\n", warning).c_str(), stderr);
  }
  if (profile.nodes.size() == 1 && profile.warnings.empty()) {
    std::fputs("triptych: the profile is empty: nothing of the kind was seen\n", stderr);
  }
  say_what_is_missing(gathered.quality);
  return kExitOk;
}

}  // namespace triptych::cli
