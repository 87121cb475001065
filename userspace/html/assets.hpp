// SPDX-License-Identifier: Apache-2.0
//
// The style sheet and the script that every page has, and how a page names them to the browser.
#pragma once

#include <string_view>

namespace triptych::html {

std::string_view style_sheet();
std::string_view script();
// The part of it that brings a flame graph to life: function flameGraph(svg).
std::string_view flame_graph_script();
// "sha256-…" of the two, as they stand in a page.
std::string_view style_hash();
std::string_view script_hash();

}  // namespace triptych::html
