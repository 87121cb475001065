// SPDX-License-Identifier: Apache-2.0
//
// ipc: a message goes from one unit to another, and back again or not.
#pragma once

#include "workloads/scenario.hpp"

namespace triptych::workloads {

Scenario ipc_scenario();

namespace ipc {

enum class Pattern : std::uint8_t { kRoundTrip, kStream };

struct Options {
  std::size_t words;  // of 8 bytes, of a message
  Pattern pattern;
};

Options read_options(const Parameters& parameters);

// Messages that a link in shared memory, a queue or a channel has room for.
inline constexpr unsigned kSlots = 16;

// The sender writes every word of a message and the receiver reads every word, whatever the way.
void fill(std::uint64_t* message, std::size_t words, std::uint64_t number);
std::uint64_t sum(const std::uint64_t* message, std::size_t words);
// What sum() adds up to over messages 0…count-1.
std::uint64_t expected_sum(std::uint64_t count, std::size_t words);

Result<std::unique_ptr<Cell>> make_process_pipe(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_process_fifo(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_process_socket(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_process_posix_queue(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_process_sysv_queue(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_process_shared_memory(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_process_eventfd(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread_queue(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread_futex(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread_pipe(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread_socket(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread_eventfd(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters);

}  // namespace ipc
}  // namespace triptych::workloads
