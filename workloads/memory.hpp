// SPDX-License-Identifier: Apache-2.0
//
// Memory whose every page is under a workload's control.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

namespace triptych::workloads {

inline constexpr std::uint64_t kPageBytes = 4096;
inline constexpr std::uint64_t kHugePageBytes = 2 * 1024 * 1024;

enum class PageSize : std::uint8_t {
  kSmall,  // 4 KiB, also where the system would take huge ones by itself
  kHuge,   // 2 MiB, transparent; refused where the system does not give them
};

// Owns a private mapping. An empty one is a null pointer.
class Mapping {
 public:
  // Anonymous, not touched yet. Huge pages want a multiple of kHugePageBytes, and get such a place.
  static Result<Mapping> anonymous(std::uint64_t bytes, PageSize pages);

  // Anonymous and shared with the processes forked from this one.
  static Result<Mapping> shared(std::uint64_t bytes);

  // A private mapping of a file that has this size and no name any more.
  static Result<Mapping> private_file(std::uint64_t bytes);

  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  // Writes one byte of every page, so that each is there and this process's own.
  void touch();
  // Reads one byte of every page, so that each is there.
  void read() const;

  [[nodiscard]] unsigned char* data() const { return data_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Mapping(unsigned char* data, std::uint64_t bytes) : data_(data), bytes_(bytes) {}

  unsigned char* data_ = nullptr;
  std::uint64_t bytes_ = 0;
};

// Resident bytes of the mapping that are in huge pages, from /proc/self/smaps.
std::uint64_t huge_bytes(const Mapping& mapping);

}  // namespace triptych::workloads
