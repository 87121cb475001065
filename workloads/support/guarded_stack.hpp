// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/error.hpp"

namespace triptych::workloads {

// A stack for a coroutine: private memory above a guard page, on which an overflow ends the program
// instead of writing into the neighbour. Two mappings of the process.
class GuardedStack {
 public:
  // bytes: a multiple of the page size, without the guard.
  static Result<GuardedStack> create(std::size_t bytes);

  GuardedStack(GuardedStack&& other) noexcept;
  GuardedStack& operator=(GuardedStack&& other) noexcept;
  GuardedStack(const GuardedStack&) = delete;
  GuardedStack& operator=(const GuardedStack&) = delete;
  ~GuardedStack();

  // One past the highest byte: where a stack begins.
  [[nodiscard]] void* top() const { return mapping_ + guard_bytes_ + bytes_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  GuardedStack(char* mapping, std::size_t guard_bytes, std::size_t bytes)
      : mapping_(mapping), guard_bytes_(guard_bytes), bytes_(bytes) {}

  char* mapping_;
  std::size_t guard_bytes_;
  std::size_t bytes_;
};

inline constexpr unsigned kMappingsPerGuardedStack = 2;

}  // namespace triptych::workloads
