// SPDX-License-Identifier: Apache-2.0
//
//     kernel_coroutines [SECONDS]   to wait, before it begins
//
// kCoroutines coroutines, one after the other, each suspended kSuspensions times and then to its
// end. What it does is marked, too: both ways of seeing it must tell the same. check_recordings.py
// knows the numbers.
#include <triptych/usdt.h>
#include <unistd.h>

#include <coroutine>
#include <cstdlib>
#include <exception>

namespace {

constexpr int kCoroutines = 10, kSuspensions = 100;

struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    static std::suspend_always initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    [[noreturn]] static void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

Task work(int suspensions) {
  for (int i = 0; i < suspensions; ++i) co_await std::suspend_always();
}

void run() {
  const Task task = work(kSuspensions);
  const auto id = reinterpret_cast<unsigned long>(task.handle.address());
  triptych_usdt_created(id, "work");
  while (!task.handle.done()) {
    triptych_usdt_resumed(id);
    task.handle.resume();
    if (!task.handle.done()) triptych_usdt_suspended(id);
  }
  triptych_usdt_finished(id);
  triptych_usdt_destroyed(id);
  task.handle.destroy();
}

}  // namespace

int main(int count, char** words) {
  if (count > 1) ::sleep(static_cast<unsigned>(std::atoi(words[1])));
  for (int i = 0; i < kCoroutines; ++i) run();
  return 0;
}
