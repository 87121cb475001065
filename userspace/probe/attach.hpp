// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "probe/hooks.hpp"
#include "probe/skeleton.hpp"

namespace triptych::probe {

// Keeps one program attached; perf events that it sits on are closed with it.
class Attachment {
 public:
  Attachment() = default;
  Attachment(Attachment&& other) noexcept;
  Attachment& operator=(Attachment&& other) noexcept;
  ~Attachment();

  // `sample_period_ns` is for the CPUs' clocks.
  static Result<Attachment> attach(const Hook& hook, bpf_program* program,
                                   const std::vector<int>& cpus, std::uint64_t sample_period_ns);

  // Descriptors that the kernel takes long to let go of; still owned here.
  [[nodiscard]] std::vector<int> slow_fds() const;

 private:
  std::vector<bpf_link*> links_;
  bool slow_ = false;
};

}  // namespace triptych::probe
