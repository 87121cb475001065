// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "coroutine/discover/symbols.hpp"

namespace triptych::coroutine::discover {

// A coroutine, put together from the symbols of its parts.
struct CppCoroutine {
  std::string name;  // mangled, of the function that the program's author wrote
  CodeRange resume;
  std::vector<CodeRange> cold;      // of `resume`, elsewhere
  std::vector<CodeRange> destroys;  // that only destroy
  bool by_gcc = false;
};

class CppNames {
 public:
  void add(const Symbol& symbol);
  // Whole ones, by their symbol.
  [[nodiscard]] std::vector<CppCoroutine> coroutines() const;

 private:
  std::map<std::string, CppCoroutine, std::less<>> by_symbol_;
};

// g++ calls the frame after the function and the function after the frame:
// "_Z4iotaPZ4iotaiE14_Z4iotai.Frame" is "_Z4iotai".
std::string_view gcc_function_name(std::string_view symbol);

}  // namespace triptych::coroutine::discover
