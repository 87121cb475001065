// SPDX-License-Identifier: Apache-2.0
#include "probe/preparation.hpp"

#include <bpf/libbpf.h>
#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "probe/perf_event.hpp"

namespace triptych::probe {
namespace {

Result<Preparation::Parts> make(UniqueFd array, const Preparation::Options& options) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) return fail_errno("number of CPUs", -cpus);
  Preparation::Parts parts;
  TRIPTYCH_TRY_ASSIGN(parts.rings, Rings::create(std::move(array), static_cast<std::uint32_t>(cpus),
                                                 options.buffer_bytes));
  if (options.count_faults) {
    // The first counting event of a task makes the kernel patch its scheduler; this one keeps it
    // patched until the target's are open. If it is refused, so will they be, and say so.
    if (auto first = open_fault_counter(PageFaultEvent::kMinor, 0)) {
      parts.first_counter = std::move(*first);
    }
  }
  return parts;
}

}  // namespace

Result<Preparation> Preparation::start(const Options& options) {
  Preparation preparation;
  TRIPTYCH_TRY_ASSIGN(preparation.array_of_rings_, Rings::create_array());
  UniqueFd array(::fcntl(preparation.array_of_rings_.get(), F_DUPFD_CLOEXEC, 0));
  if (!array) return fail_errno("keep the array of rings", errno);
  preparation.parts_ = std::async(std::launch::async, make, std::move(array), options);
  return preparation;
}

}  // namespace triptych::probe
