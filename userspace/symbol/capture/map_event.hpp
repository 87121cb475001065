// SPDX-License-Identifier: Apache-2.0
//
// Code that appears in an address space, as the kernel tells of it: in a perf event's buffer while
// it happens, in /proc/PID/maps afterwards.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.hpp"

namespace triptych::symbol::capture {

struct MapEvent {
  model::TimeNs ts_ns = 0;
  model::Tid tgid = 0;
  bool exec = false;   // not a mapping: the process has a new address space from here on
  bool fresh = false;  // the first mapping of that
  bool there = false;  // it was there already
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;
  std::uint64_t inode = 0;  // 0: not known
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint8_t build_id_size = 0;  // 0: not known
  std::array<std::uint8_t, 20> build_id{};
  std::string path;

  // Code of no file, which the program made itself, not the kernel ("[vdso]", "[uprobes]").
  [[nodiscard]] bool is_made() const;
};

// What a perf event's record says; `lost` is what it says was lost.
struct PerfRecord {
  std::vector<MapEvent> events;  // none, or one
  std::uint64_t lost = 0;
};
PerfRecord parse_perf_record(std::span<const std::byte> record);

// The mappings of code in the text of /proc/PID/maps, without time and process.
std::vector<MapEvent> parse_process_maps(std::string_view text);

// The record (bpf/abi/events.h) of a mapping.
std::vector<std::byte> record_of(const MapEvent& event);

}  // namespace triptych::symbol::capture
