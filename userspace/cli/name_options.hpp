// SPDX-License-Identifier: Apache-2.0
//
// Where names of functions are looked for: the same options of every command that shows stacks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "symbol/resolve/resolver.hpp"

namespace triptych::cli {

struct NameOptions {
  bool debug_files = false;
  bool inlines = false;
  std::vector<std::string> debug_directories;

  void add_to(CLI::App& app);
  [[nodiscard]] bool any() const { return debug_files || inlines || !debug_directories.empty(); }
  // For the trace of a machine with this release of the kernel.
  [[nodiscard]] symbol::resolve::ResolverOptions for_kernel(const std::string& release) const;
  // The same, for another call of ours.
  [[nodiscard]] std::vector<std::string> arguments() const;
};

}  // namespace triptych::cli
