// SPDX-License-Identifier: Apache-2.0
//
// Trace files in memory, and everything that a source says about them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "decode/encode.hpp"
#include "model/event.hpp"
#include "model/metadata.hpp"
#include "support/memory_file.hpp"
#include "trace/open_source.hpp"
#include "trace/writer.hpp"

namespace triptych::trace {

inline model::Metadata sample_metadata() {
  model::Metadata metadata;
  metadata.tool_version = "0.1.0";
  metadata.record_command = {"triptych", "record", "--", "sh", "-c", "echo \"x\"\n"};
  metadata.start_realtime_ns = 1'700'000'000'000'000'000;
  metadata.start_ns = 100;
  metadata.host = {.kernel = "6.1.0-13-amd64",
                   .machine = "x86_64",
                   .cpu_model = "Some CPU",
                   .cpus = 2,
                   .tier = "base",
                   .virtual_machine = true,
                   .page_size = 4096};
  metadata.target = {.kind = model::TargetKind::kCommand,
                     .command = {"sh", "-c"},
                     .comm = "sh",
                     .tgid = 4711,
                     .user = "me"};
  metadata.plan = {{"switch", "tp_btf/sched_switch", ""}, {"fault", "", "not permitted"}};
  return metadata;
}

inline model::Ending sample_ending() {
  model::Ending ending;
  ending.end_ns = 1'000'000;
  ending.reason = "target ended";
  ending.wait_status = 256;
  ending.counted_faults = {.page_faults = 17, .comparable = true, .remark = ""};
  ending.recorder_cpu_ns = 123'456;
  return ending;
}

inline model::Event switch_event(std::uint64_t ts_ns, std::uint32_t task, std::uint16_t cpu = 0) {
  return {.ts_ns = ts_ns,
          .task = model::TaskId{task},
          .cpu = cpu,
          .payload = model::Switch{.next = model::kIdleTask, .prev_state = 1, .voluntary = true}};
}

// That tell what stacks and code are, and are no events.
inline std::uint64_t count_of_stacks(const std::vector<model::Event>& events) {
  return static_cast<std::uint64_t>(
      std::count_if(events.begin(), events.end(), [](const model::Event& event) {
        return std::holds_alternative<model::Stack>(event.payload) ||
               std::holds_alternative<model::StackOf>(event.payload) ||
               std::holds_alternative<model::KernelSymbol>(event.payload) ||
               std::holds_alternative<model::Map>(event.payload) ||
               std::holds_alternative<model::StackBytes>(event.payload) ||
               std::holds_alternative<model::StackCopy>(event.payload) ||
               std::holds_alternative<model::FileSymbol>(event.payload) ||
               std::holds_alternative<model::FileInlined>(event.payload) ||
               std::holds_alternative<model::JitSymbol>(event.payload);
      }));
}

inline Result<void> append(Writer& writer, std::uint32_t stream, const model::Event& event) {
  return writer.append(stream, decode::encode(event));
}

struct Contents {
  model::Metadata metadata;
  std::vector<model::Event> events;
  std::optional<model::Ending> ending;
  model::DataQuality quality;
  std::uint64_t stored_bytes = 0;
  std::optional<Error> error;  // also when the file could not be opened
};

inline Contents read_all(const test::MemoryFile& file) {
  Contents contents;
  UniqueFd fd = file.fd();
  ::lseek(fd.get(), 0, SEEK_SET);
  auto source = open_source_fd(std::move(fd), "test.tpt");
  if (!source) {
    contents.error = source.error();
    return contents;
  }
  contents.metadata = (*source)->metadata();
  model::Event event;
  while ((*source)->next(event)) contents.events.push_back(event);
  contents.ending = (*source)->ending();
  contents.quality = (*source)->quality();
  contents.stored_bytes = (*source)->stored_bytes();
  contents.error = (*source)->error();
  return contents;
}

inline Contents read_all(std::span<const std::byte> bytes) {
  return read_all(test::MemoryFile(bytes));
}

// The counters that are not zero, as "name=count name=count".
inline std::string nonzero(const model::DataQuality& quality) {
  std::string text;
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    const std::uint64_t count = quality[static_cast<model::Quality>(i)];
    if (count == 0) continue;
    if (!text.empty()) text += ' ';
    text += std::string(model::kQualityInfo[i].name) + "=" + std::to_string(count);
  }
  return text;
}

}  // namespace triptych::trace
