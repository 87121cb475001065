// SPDX-License-Identifier: Apache-2.0
//
// Chains of functions whose addresses the test is told, so that it knows what a stack has to be.
// Each function lies in a section of its own, whose two ends the linker names.
#include <triptych/mark.h>

#include <cstdio>
#include <ctime>

#include "bpf/scenarios.hpp"

#ifdef __clang__
#define IN_SECTION(name) __attribute__((noinline, section(#name)))
#else
#define IN_SECTION(name) __attribute__((noinline, noclone, section(#name)))
#endif
#define ENDS_OF(name)                     \
  extern "C" const char __start_##name[]; \
  extern "C" const char __stop_##name[]

ENDS_OF(chain_inner);
ENDS_OF(chain_middle);
ENDS_OF(chain_outer);
ENDS_OF(chain_spin);

namespace triptych::scenarios {
namespace {

// What follows a call keeps it from being a jump.
#define AFTER_THE_CALL asm volatile("")

// The system call without libc's function for it, which keeps no frame pointer.
IN_SECTION(chain_inner) void inner(const timespec* time) {
  // What calls nothing has no frame of its own, unless it asks for its address.
  asm volatile("" ::"r"(__builtin_frame_address(0)));
  long result;
  asm volatile("syscall" : "=a"(result) : "0"(35L), "D"(time), "S"(0L) : "rcx", "r11", "memory");
}

// The same with a stack pointer to where nothing is, for as long as it sleeps.
IN_SECTION(chain_inner) void inner_without_stack(const timespec* time) {
  long result;
  asm volatile(
      "mov %%rsp, %%rbx\n\t"
      "mov $0x10000000000, %%rsp\n\t"
      "syscall\n\t"
      "mov %%rbx, %%rsp"
      : "=a"(result)
      : "0"(35L), "D"(time), "S"(0L)
      : "rbx", "rcx", "r11", "memory");
}

IN_SECTION(chain_spin) void spin(const timespec* time) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const long until = now.tv_sec * 1'000'000'000 + now.tv_nsec + time->tv_nsec;
  volatile unsigned long sum = 0;
  do {
    for (int i = 0; i < 100'000; ++i) sum = sum + i;
    ::clock_gettime(CLOCK_MONOTONIC, &now);
  } while (now.tv_sec * 1'000'000'000 + now.tv_nsec < until);
}

using Leaf = void (*)(const timespec*);

IN_SECTION(chain_middle) void middle(Leaf leaf, const timespec* time) {
  leaf(time);
  AFTER_THE_CALL;
}

IN_SECTION(chain_outer) void outer(Leaf leaf, const timespec* time) {
  middle(leaf, time);
  AFTER_THE_CALL;
}

void tell(const char* name, const char* start, const char* stop) {
  char text[TRIPTYCH_MARK_NAME_MAX + 1];
  std::snprintf(text, sizeof text, "%s %lx %lx", name, reinterpret_cast<unsigned long>(start),
                reinterpret_cast<unsigned long>(stop));
  triptych_mark_point(text);
}

void tell_functions() {
  tell("inner", __start_chain_inner, __stop_chain_inner);
  tell("middle", __start_chain_middle, __stop_chain_middle);
  tell("outer", __start_chain_outer, __stop_chain_outer);
  tell("spin", __start_chain_spin, __stop_chain_spin);
}

// Sleeps n times for a millisecond.
int blocked_chain(std::size_t n) {
  const timespec time{0, 1'000'000};
  tell_functions();
  begin();
  for (std::size_t i = 0; i < n; ++i) outer(inner, &time);
  end();
  return 0;
}

int lost_stack(std::size_t n) {
  const timespec time{0, 1'000'000};
  tell_functions();
  begin();
  for (std::size_t i = 0; i < n; ++i) outer(inner_without_stack, &time);
  end();
  return 0;
}

// Computes for n milliseconds.
int busy_chain(std::size_t n) {
  const timespec time{0, static_cast<long>(n) * 1'000'000};
  tell_functions();
  begin();
  outer(spin, &time);
  end();
  return 0;
}

constexpr Scenario kOfStacks[] = {
    {"blocked_chain", blocked_chain}, {"busy_chain", busy_chain}, {"lost_stack", lost_stack}};

}  // namespace

std::span<const Scenario> stack_scenarios() {
  return kOfStacks;
}

}  // namespace triptych::scenarios
