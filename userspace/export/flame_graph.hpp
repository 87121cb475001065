// SPDX-License-Identifier: Apache-2.0
//
// A profile as an interactive flame graph: one SVG file that needs no other and no network, and
// that can be read without its script too.
#pragma once

#include <cstddef>
#include <string>

#include "profile/base.hpp"
#include "profile/profile.hpp"

namespace triptych::exports {

struct FlameGraphOptions {
  std::size_t unit = 0;
  bool icicle = false;  // the outermost frames on top
  // With it, colours tell what has become more and what has become less.
  const profile::Base* base = nullptr;
};

std::string write_flame_graph(const profile::Profile& profile, const FlameGraphOptions& options);

}  // namespace triptych::exports
