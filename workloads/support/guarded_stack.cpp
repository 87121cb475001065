// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/guarded_stack.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "workloads/memory.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRIPTYCH_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TRIPTYCH_ADDRESS_SANITIZER
#endif
#ifdef TRIPTYCH_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace triptych::workloads {
namespace {

// Frames that never returned leave their marks, which whoever gets the addresses next would run
// into.
void forget_frames([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#ifdef TRIPTYCH_ADDRESS_SANITIZER
  ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
#endif
}

}  // namespace

Result<GuardedStack> GuardedStack::create(std::size_t bytes) {
  constexpr std::size_t kGuardBytes = kPageBytes;
  constexpr const char* kHint = "vm.max_map_count limits the mappings of a process";
  void* begin = ::mmap(nullptr, kGuardBytes + bytes, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (begin == MAP_FAILED) return fail_errno("cannot map a coroutine's stack", errno, kHint);
  GuardedStack stack(static_cast<char*>(begin), kGuardBytes, bytes);
  if (::mprotect(stack.mapping_ + kGuardBytes, bytes, PROT_READ | PROT_WRITE) != 0) {
    return fail_errno("cannot map a coroutine's stack", errno, kHint);
  }
  return stack;
}

GuardedStack::GuardedStack(GuardedStack&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      guard_bytes_(other.guard_bytes_),
      bytes_(other.bytes_) {}

GuardedStack& GuardedStack::operator=(GuardedStack&& other) noexcept {
  std::swap(mapping_, other.mapping_);
  std::swap(guard_bytes_, other.guard_bytes_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

GuardedStack::~GuardedStack() {
  if (mapping_ == nullptr) return;
  forget_frames(mapping_, guard_bytes_ + bytes_);
  ::munmap(mapping_, guard_bytes_ + bytes_);
}

}  // namespace triptych::workloads
