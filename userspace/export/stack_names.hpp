// SPDX-License-Identifier: Apache-2.0
//
// The functions of a stack, for a form that is written while the trace is still being read: what
// names them may stand anywhere in it, so whoever tells has read all of it before.
#pragma once

#include <vector>

#include "analyze/stacks.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::exports {

class StackNames {
 public:
  StackNames() = default;
  StackNames(const StackNames&) = delete;
  StackNames& operator=(const StackNames&) = delete;
  virtual ~StackNames() = default;
  // Innermost first; none of a stack that is not known. Valid until the next call.
  virtual const symbol::resolve::FrameList& frames(analyze::StackNumber stack) = 0;
};

}  // namespace triptych::exports
