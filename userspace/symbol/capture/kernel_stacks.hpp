// SPDX-License-Identifier: Apache-2.0
//
// Takes the kernel's addresses out of the records on their way to the file: a kernel frame becomes
// the number of a symbol and the offset in it, and each stream tells what its numbers mean before
// it uses them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "abi/stacks.h"
#include "base/error.hpp"
#include "symbol/capture/kernel_names.hpp"

namespace triptych::symbol::capture {

class KernelStacks {
 public:
  using Sink = std::function<Result<void>(std::span<const std::byte> record)>;

  // The names are read when they are first needed.
  KernelStacks() = default;
  explicit KernelStacks(KernelNames names) : names_(std::move(names)) {}

  [[nodiscard]] static bool concerns(std::span<const std::byte> record);

  // A record that concerns(), of this stream, without any address of the kernel's.
  Result<void> pass(std::uint32_t stream, std::span<const std::byte> record, const Sink& sink);

 private:
  struct Frame {
    std::uint32_t symbol = 0;
    std::uint32_t offset = 0;
    bool of_tracing = false;  // the machinery that called our program
  };
  [[nodiscard]] Frame frame_of(std::uint64_t address);
  Result<void> tell(std::uint32_t stream, const triptych_stack& stack, std::uint32_t symbol,
                    const Sink& sink);

  std::optional<KernelNames> names_;
  std::unordered_map<std::size_t, std::uint32_t> numbers_;  // by KernelNames' symbol
  std::vector<std::size_t> symbols_;                        // by number, less one
  std::vector<std::vector<bool>> told_;                     // by stream, by number
};

}  // namespace triptych::symbol::capture
