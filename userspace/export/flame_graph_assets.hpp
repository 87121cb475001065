// SPDX-License-Identifier: Apache-2.0
//
// The style of a flame graph in a file of its own, as it is in assets/. The script is html's.
#pragma once

#include <string_view>

namespace triptych::exports {

std::string_view flame_graph_style();

}  // namespace triptych::exports
