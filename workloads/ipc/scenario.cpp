// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "workloads/ipc/ipc.hpp"

namespace triptych::workloads {
namespace ipc {
namespace {

constexpr std::string_view kPatterns[] = {"round-trip", "stream"};

constexpr Parameter kParameters[] = {
    {"size", "of a message", ParameterKind::kBytes, 64, 64, 64 << 10, {}},
    {"pattern", "a message there and one back, or messages in one direction",
     ParameterKind::kChoice, 0, 0, 0, kPatterns},
};

constexpr Variant kVariants[] = {
    {Model::kProcess, "pipe", "a pipe for each direction", make_process_pipe},
    {Model::kProcess, "fifo", "a named pipe for each direction", make_process_fifo},
    {Model::kProcess, "unix-socket", "a pair of connected stream sockets", make_process_socket},
    {Model::kProcess, "posix-queue", "a POSIX message queue for each direction",
     make_process_posix_queue},
    {Model::kProcess, "sysv-queue", "a System V message queue for each direction",
     make_process_sysv_queue},
    {Model::kProcess, "shared-memory", "a ring in shared memory; who must wait sleeps on a futex",
     make_process_shared_memory},
    {Model::kProcess, "eventfd", "a ring in shared memory, counted by two eventfds",
     make_process_eventfd},
    {Model::kThread, "queue", "a ring guarded by a mutex and two condition variables",
     make_thread_queue},
    {Model::kThread, "futex", "a ring without a lock; who must wait sleeps on a futex",
     make_thread_futex},
    {Model::kThread, "eventfd", "a ring, counted by two eventfds", make_thread_eventfd},
    {Model::kThread, "pipe", "a pipe for each direction", make_thread_pipe},
    {Model::kThread, "unix-socket", "a pair of connected stream sockets", make_thread_socket},
    {Model::kCoroutine, "stackless", "a channel between C++20 coroutines of one thread",
     make_stackless},
    {Model::kCoroutine, "stackful", "a channel between Boost.Context coroutines of one thread",
     make_stackful},
};

}  // namespace

Options read_options(const Parameters& parameters) {
  return {static_cast<std::size_t>(parameters.value("size") / sizeof(std::uint64_t)),
          parameters.choice("pattern") == "stream" ? Pattern::kStream : Pattern::kRoundTrip};
}

void fill(std::uint64_t* message, std::size_t words, std::uint64_t number) {
  std::fill_n(message, words, number);
}

std::uint64_t sum(const std::uint64_t* message, std::size_t words) {
  return std::accumulate(message, message + words, std::uint64_t{0});
}

std::uint64_t expected_sum(std::uint64_t count, std::size_t words) {
  // 0 + 1 + … without an overflow before the division; what overflows after it does so in sum()
  // too.
  const std::uint64_t numbers = count % 2 == 0 ? count / 2 * (count - 1) : (count - 1) / 2 * count;
  return numbers * words;
}

}  // namespace ipc

Scenario ipc_scenario() {
  Scenario scenario;
  scenario.name = "ipc";
  scenario.operation =
      "a message from one unit to another and an answer of the same size (round-trip), or a "
      "message "
      "in one direction (stream)";
  scenario.alike =
      "two units; the sender writes every word of a message and the receiver reads and adds up "
      "every "
      "word, and the sums are checked after each run; sizes are cut to a multiple of 8 bytes";
  scenario.different =
      "pipes, sockets and message queues copy into the kernel and out again; shared memory, queues "
      "of threads and channels are written and read in place, and only waiting needs the kernel, "
      "or "
      "for coroutines not even that; the room for messages under way is the mechanism's own";
  scenario.parameters = ipc::kParameters;
  scenario.variants.assign(std::begin(ipc::kVariants), std::end(ipc::kVariants));
  scenario.default_operations = 10'000;
  return scenario;
}

}  // namespace triptych::workloads
