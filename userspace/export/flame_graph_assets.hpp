// SPDX-License-Identifier: Apache-2.0
//
// The style and the script of a flame graph, as they are in assets/.
#pragma once

#include <string_view>

namespace triptych::exports {

std::string_view flame_graph_style();
std::string_view flame_graph_script();

}  // namespace triptych::exports
