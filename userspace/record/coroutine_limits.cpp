// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_limits.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "probe/single_user_probes.hpp"

namespace triptych::record {

Result<SettledProbes> settle_probes(const WantedProbes& wanted,
                                    const probe::Capabilities& capabilities) {
  SettledProbes settled;
  const auto way = probe::user_probe_way(capabilities, wanted.programs);
  if (!way) {
    if (wanted.by_name) return tl::unexpected<Error>(way.error());
    settled.refusal = "not by probes in the program: " + way.error().message;
    return settled;
  }
  settled.way = *way;
  const std::string too_many = too_many_places(*way, wanted.places, wanted.by_name);
  if (too_many.empty()) return settled;
  if (wanted.by_name) {
    return fail(too_many, "Linux 6.6 and newer take them away all at once", ErrorCode::kCapability);
  }
  settled.refusal = fmt::format("{}; --coroutines uprobe:{} probes up to {}", too_many,
                                wanted.runtime, probe::kMostSingleProbes);
  return settled;
}

std::string too_many_places(probe::UserProbeWay way, std::size_t places, bool by_name) {
  const std::size_t most = by_name ? probe::kMostSingleProbes : probe::kMostSingleProbesUnasked;
  if (way == probe::UserProbeWay::kTogether || places <= most) return {};
  return fmt::format(
      "{} places to probe, and this kernel takes probes away one by one, in {:.1f} s each: "
      "more than {} are not probed{}",
      places, static_cast<double>(probe::kSingleDetachNs) / kNsPerSecond, most,
      by_name ? "" : " by themselves");
}

std::string one_by_one(std::size_t probes, std::uint64_t placing_ns) {
  return fmt::format("{} placed one by one in {}; taking them away takes about {}",
                     counted(probes, "probe", "probes"), format_duration_ns(placing_ns),
                     format_duration_ns(probes * probe::kSingleDetachNs));
}

std::string lower_bounds_of(std::string_view path) {
  return fmt::format(
      "counts of {} are lower bounds: clang made it, which inlines coroutines and "
      "elides their frames where it can, above all with link-time optimisation",
      path);
}

void explain_probes(std::vector<model::PlannedEvent>& plan,
                    const std::vector<std::string>& remarks) {
  for (model::PlannedEvent& event : plan) {
    if (event.event != "coroutine" || !event.hook.starts_with("uprobe")) continue;
    for (const std::string& remark : remarks) {
      if (!event.reason.empty()) event.reason += "; ";
      event.reason += remark;
    }
    return;
  }
}

Symbols symbols_of(const coroutine::reader::Examined& program) {
  const coroutine::reader::Traits& traits = program.traits;
  if (!program.is_program || traits.has_symbols) return Symbols::kThere;
  const bool cpp = traits.allocates_in_cpp && !traits.links_recorder;
  return cpp ? Symbols::kStrippedOfCpp : Symbols::kStripped;
}

}  // namespace triptych::record
