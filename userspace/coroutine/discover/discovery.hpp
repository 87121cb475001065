// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "abi/python.h"
#include "coroutine/probes/usdt.hpp"

namespace triptych::coroutine::discover {

struct Function {
  std::string name;  // as people write it, where that is known
  std::uint64_t address = 0;
};

// What a runtime has in a file. The site of a place has the function's index here, + 1, as its
// function; its file is 0.
struct Discovery {
  std::vector<Function> functions;
  std::vector<probes::Place> places;
  std::vector<std::uint64_t> returns;  // addresses behind calls whose landing is among the places
  // Places that only single-stepping could serve, which are not among the others.
  std::vector<probes::Place> dear;
  std::size_t not_understood = 0;                // functions that cannot be probed at all
  std::optional<triptych_python_layout> python;  // of an interpreter's: how its objects look
};

}  // namespace triptych::coroutine::discover
