// SPDX-License-Identifier: Apache-2.0
//
// The names of a trace's stacks while it is being read: at the first stack it is read once more,
// from its beginning to its end, since what names a stack may stand anywhere. A trace without
// stacks is not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyze/summary.hpp"
#include "base/error.hpp"
#include "export/stack_names.hpp"
#include "symbol/resolve/remembered_unwinds.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::cli {

class NamesOfTrace : public exports::StackNames {
 public:
  NamesOfTrace(std::string path, symbol::resolve::ResolverOptions names,
               symbol::resolve::RememberedUnwinds& unwinds)
      : path_(std::move(path)), names_(std::move(names)), unwinds_(unwinds) {}

  const symbol::resolve::FrameList& frames(analyze::StackNumber stack) override;
  // Whether reading it went well.
  [[nodiscard]] Result<void> result() const { return result_; }

 private:
  Result<void> read();

  std::string path_;
  symbol::resolve::ResolverOptions names_;
  symbol::resolve::RememberedUnwinds& unwinds_;
  Result<void> result_;
  bool read_ = false;
  std::optional<analyze::Summary> summary_;
  std::optional<symbol::resolve::Resolver> resolver_;
  symbol::resolve::FrameList none_;
};

}  // namespace triptych::cli
