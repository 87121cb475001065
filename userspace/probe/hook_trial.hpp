// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "probe/hooks.hpp"

struct btf;

namespace triptych::probe {

// Tries hooks: loads a program of two instructions, really attaches it, and detaches it again. The
// kernel's type information says what could be there; only the attempt says what is allowed.
class HookTrial {
 public:
  static Result<HookTrial> create();
  Result<void> attach(const Hook& hook);
  // What tells it within milliseconds, of fentry, fexit and probes in programs.
  Result<void> load(const Hook& hook);
  [[nodiscard]] const btf* kernel_types() const { return types_.get(); }

 private:
  struct FreeBtf {
    void operator()(btf* types) const;
  };
  std::unique_ptr<btf, FreeBtf> types_;
  std::optional<Result<void>> single_user_probes_;  // tried once: it takes a tenth of a second

  explicit HookTrial(btf* types) : types_(types) {}
  Result<UniqueFd> load_typed(const Hook& hook);
  Result<void> attach_typed(const Hook& hook);
  Result<void> attach_on_event(const Hook& hook);
};

}  // namespace triptych::probe
