// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::probe {

// Waits until every BPF program that runs now has ended.
class GracePeriod {
 public:
  GracePeriod() = default;
  static Result<GracePeriod> create();

  Result<void> wait() const;

 private:
  UniqueFd outer_, inner_;
};

}  // namespace triptych::probe
