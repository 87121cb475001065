// SPDX-License-Identifier: Apache-2.0
//
// A function into which others are put, and the address of what the innermost of them calls.
#include "inlined_frames.hpp"

namespace triptych::test {
namespace {

volatile int called;

__attribute__((noinline)) void* where_it_is_called() {
  called = called + 1;
  return __builtin_return_address(0);
}

template <class T>
__attribute__((always_inline)) inline void* innermost_inlined(T* times) {
  void* address = where_it_is_called();
  *times = *times + 1;
  return address;
}

__attribute__((always_inline)) inline void* between_inlined() {
  long times = called;
  void* address = innermost_inlined<long>(&times);
  called = static_cast<int>(times);
  return address;
}

}  // namespace

__attribute__((noinline)) void* holds_inlined_functions() {
  void* address = between_inlined();
  called = called + 1;
  return address;
}

}  // namespace triptych::test
