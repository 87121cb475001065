// SPDX-License-Identifier: Apache-2.0
//
// Generators of which a compiler may leave out half: their frame does not leave the function that
// makes them, and they are resumed there. Says how many there were, and how often they were
// resumed.
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

struct Generator {
  struct promise_type {
    int value = 0;
    Generator get_return_object() {
      return Generator{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    static std::suspend_always initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int given) {
      value = given;
      return {};
    }
    void return_void() {}
    static void unhandled_exception() { std::abort(); }
  };
  explicit Generator(std::coroutine_handle<promise_type> taken) : handle(taken) {}
  Generator(Generator&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Generator() {
    if (handle) handle.destroy();
  }
  std::coroutine_handle<promise_type> handle;
};

Generator only(int value) {
  co_yield value;
}

// Whoever gets it does not know what it is.
[[gnu::noinline]] int take(Generator generator) {
  generator.handle.resume();
  const int value = generator.handle.promise().value;
  generator.handle.resume();  // to its end
  return value;
}

}  // namespace

int main(int /*count*/, char** words) {
  const int each = std::atoi(words[1]);
  long sum = 0, made = 0;
  for (int i = 0; i < each; ++i, ++made) sum += take(only(i));
  for (int i = 0; i < each; ++i, ++made) {
    Generator generator = only(i);
    generator.handle.resume();
    sum += generator.handle.promise().value;
  }
  std::printf("%ld %ld %ld\n", made, made + each, sum);
  return 0;
}
