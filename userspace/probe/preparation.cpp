// SPDX-License-Identifier: Apache-2.0
#include "probe/preparation.hpp"

#include <bpf/libbpf.h>

#include <utility>

#include "probe/perf_event.hpp"

namespace triptych::probe {
namespace {

Result<Rings> make_rings(std::uint64_t buffer_bytes) {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) return fail_errno("number of CPUs", -cpus);
  return Rings::create(static_cast<std::uint32_t>(cpus), buffer_bytes);
}

// The first counting event of a task makes the kernel patch its scheduler; this one keeps it
// patched until the target's are open.
UniqueFd open_first_counter() {
  auto counter = open_fault_counter(PageFaultEvent::kMinor, 0);
  return counter ? std::move(*counter) : UniqueFd();
}

}  // namespace

Preparation Preparation::start(const Options& options) {
  Preparation preparation;
  preparation.rings_ = std::async(std::launch::async, make_rings, options.buffer_bytes);
  if (options.count_faults) {
    preparation.first_counter_ = std::async(std::launch::async, open_first_counter);
  }
  return preparation;
}

}  // namespace triptych::probe
