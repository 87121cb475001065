// SPDX-License-Identifier: Apache-2.0
//
// A program that loads the recorder when it already runs, on a second thread: what a plug-in with
// coroutines does. Ends with 0 when its events are where they belong.
#include <dlfcn.h>
#include <triptych/coroutine.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

namespace {

int run(const char* library) {
  void* handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    std::fprintf(stderr, "%s\n", ::dlerror());
    return 2;
  }
  auto* armed = static_cast<volatile std::uint32_t* const*>(::dlsym(handle, "triptych_coro_armed"));
  using Event = void (*)(std::uint64_t, std::uint32_t);
  const auto resumed = reinterpret_cast<Event>(::dlsym(handle, "triptych_coro_write_resumed"));
  const auto suspended = reinterpret_cast<Event>(::dlsym(handle, "triptych_coro_write_suspended"));
  if (armed == nullptr || resumed == nullptr || suspended == nullptr) return 3;
  char* memory = reinterpret_cast<char*>(const_cast<std::uint32_t*>(*armed)) -
                 offsetof(triptych_coro_header, armed);
  reinterpret_cast<triptych_coro_header*>(memory)->armed_until = ~std::uint64_t{0};
  **armed = 1;
  resumed(1, 0);
  suspended(1, 0);
  auto* slot = reinterpret_cast<triptych_coro_slot*>(memory + triptych_coro_slots_offset());
  const bool right = slot->head == 3 && slot->tid == static_cast<std::uint32_t>(::gettid());
  return right ? 0 : 4;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 1;
  int status = 1;
  std::thread([&] { status = run(argv[1]); }).join();
  return status;
}
