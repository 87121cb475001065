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
  // Of coroutines with stacks of their own: the functions that one of them may begin with, those
  // without a name if it is what chooses the next one; and what the code that switches them keeps
  // on a stack.
  std::vector<Function> entries;
  std::optional<triptych_context_layout> contexts;
  std::optional<triptych_context_loop> loop;  // its file is 0
  bool only_serves = false;                   // it has no coroutines itself, but what others' need
  bool lower_bounds = false;  // the compiler is one that leaves coroutines out where it can
  std::string not_known;      // why nothing can be made of it: it is built in an unknown way
};

}  // namespace triptych::coroutine::discover
