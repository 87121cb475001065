// SPDX-License-Identifier: Apache-2.0
//
// The frames of a flame graph as SVG, which html/flame_graph.js brings to life: in a file of its
// own and on a page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "flame/layout.hpp"
#include "html/markup.hpp"
#include "profile/base.hpp"
#include "profile/profile.hpp"

namespace triptych::flame {

inline constexpr int kRow = 19;  // pixels; the same in the script

struct FrameOptions {
  std::size_t unit = 0;
  bool icicle = false;           // the outermost frames on top
  int top = 0;                   // pixels above the uppermost frames
  bool filled = true;            // otherwise a style sheet has the colours
  std::size_t longest_name = 0;  // bytes as markup; 0: whole
  const profile::Base* base = nullptr;
};

void write_frames(html::Markup& out, const profile::Profile& profile, const Layout& layout,
                  const FrameOptions& options);

// What the script has to know of the graph, as attributes of its svg element.
std::string units_json(profile::Kind kind);

// "1.23 ms", "12 faults"
std::string amount(profile::Kind kind, std::size_t unit, std::uint64_t value);

// What XML has no way to write is written as an escape.
std::string printable(std::string text);

}  // namespace triptych::flame
