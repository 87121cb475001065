// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace triptych::analyze {

inline constexpr std::int16_t kSyscallSchedYield = 24;  // of the 64-bit table

// "read"; "syscall_999" where the table has no name; "compat_3" for the 32-bit table, which has
// other numbers; "no system call" for a negative number: the task blocked in a page fault, in an
// exception or, being a kernel thread, in the kernel itself.
std::string syscall_name(std::int16_t number, bool compat);

}  // namespace triptych::analyze
