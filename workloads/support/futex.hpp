// SPDX-License-Identifier: Apache-2.0
//
// The kernel's futex, as thin as it is: no spinning, no retry.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

namespace triptych::workloads {

// Who may wait on a word: the threads of this process, which lets the kernel look it up by its
// address alone, or every process that has the page.
enum class Sharing : std::uint8_t { kThreads, kProcesses };

inline long futex(std::atomic<std::uint32_t>* word, int operation, std::uint32_t value,
                  Sharing sharing, const timespec* timeout) {
  const int flag = sharing == Sharing::kThreads ? FUTEX_PRIVATE_FLAG : 0;
  return ::syscall(SYS_futex, word, operation | flag, value, timeout, nullptr, 0);
}

// Sleeps while *word is `expected`. May return early for any reason: look at the word again.
inline void futex_wait(std::atomic<std::uint32_t>* word, std::uint32_t expected, Sharing sharing,
                       const timespec* timeout = nullptr) {
  futex(word, FUTEX_WAIT, expected, sharing, timeout);
}

inline void futex_wake(std::atomic<std::uint32_t>* word, std::uint32_t count, Sharing sharing) {
  futex(word, FUTEX_WAKE, count, sharing, nullptr);
}

}  // namespace triptych::workloads
