// SPDX-License-Identifier: Apache-2.0
//
// Imperfect data is never an error: it is counted here, by name, with its weight and advice. Text
// reports show what is not zero; JSON always has all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace triptych::model {

enum class Severity : std::uint8_t { kInfo, kLoss, kDamage };

// X(name, severity, advice). Append-only: the names are part of the JSON schema.
#define TRIPTYCH_DATA_QUALITY(X)                                                                \
  X(lost_switches, kLoss, "raise --buffer-size or narrow --events")                             \
  X(lost_wakeups, kLoss, "raise --buffer-size or narrow --events")                              \
  X(lost_task_records, kLoss, "raise --buffer-size")                                            \
  X(lost_faults, kLoss, "raise --buffer-size or leave out fault")                               \
  X(lost_marks, kLoss, "raise --buffer-size")                                                   \
  X(lost_summaries, kLoss, "raise --buffer-size")                                               \
  X(lost_on_disk, kLoss, "make room on the disk and record again")                              \
  X(storage_failed, kLoss, "tasks are missing; record again, on a newer kernel if it persists") \
  X(recursion_misses, kLoss, "a program was refused inside itself; see docs/kernel-support.md") \
  X(switches_missed, kLoss, "the kernel switched without the tracepoint being recorded")        \
  X(unaccounted, kLoss, "produced records are neither in the file nor counted as lost")         \
  X(recording_cut, kDamage,                                                                     \
    "the recorder did not finish the file; its last second may be missing")                     \
  X(damaged_chunks, kDamage, "part of the file does not match its checksum and was left out")   \
  X(truncated_bytes, kDamage, "the file ends in the middle of a chunk")                         \
  X(malformed_records, kDamage, "records whose size or content is impossible were left out")    \
  X(unknown_records, kInfo, "written by a newer triptych: use that one to see them")            \
  X(out_of_order, kInfo, "events arrived later than their neighbours and were sorted")          \
  X(late_events, kDamage, "events too late to sort were given the time of their neighbour")     \
  X(unknown_tasks, kInfo, "events of tasks whose beginning is not in the trace")                \
  X(sequence_gaps, kLoss,                                                                       \
    "switches are missing between two events of a task: that time is unknown")                  \
  X(state_conflicts, kLoss,                                                                     \
    "an event contradicts what was known of its task: that time is unknown")                    \
  X(untold_arrivals, kInfo,                                                                     \
    "a task came to a CPU, or was woken, untold by a tracepoint: the scheduler's own account")  \
  X(lost_coroutine_events, kLoss, "raise --coroutine-buffer")                                   \
  X(lost_stacks, kLoss, "events are without their stack: raise --buffer-size")                  \
  X(lost_maps, kLoss, "some frames have no names: mappings of code are missing")                \
  X(lost_samples, kLoss, "raise --buffer-size")                                                 \
  X(missing_records, kDamage, "records that stood in damaged or missing parts of the file")

enum class Quality : std::uint8_t {
#define X(name, severity, advice) name,
  TRIPTYCH_DATA_QUALITY(X)
#undef X
};

struct QualityInfo {
  std::string_view name;
  Severity severity;
  std::string_view advice;
};

inline constexpr QualityInfo kQualityInfo[] = {
#define X(name, severity, advice) {#name, Severity::severity, advice},
    TRIPTYCH_DATA_QUALITY(X)
#undef X
};
inline constexpr std::size_t kQualityCount = sizeof(kQualityInfo) / sizeof(kQualityInfo[0]);

class DataQuality {
 public:
  void add(Quality what, std::uint64_t count = 1) {
    counts_[static_cast<std::size_t>(what)] += count;
  }
  void set(Quality what, std::uint64_t count) { counts_[static_cast<std::size_t>(what)] = count; }
  [[nodiscard]] std::uint64_t operator[](Quality what) const {
    return counts_[static_cast<std::size_t>(what)];
  }
  void merge(const DataQuality& other) {
    for (std::size_t i = 0; i < kQualityCount; ++i) counts_[i] += other.counts_[i];
  }
  bool operator==(const DataQuality&) const = default;

 private:
  std::array<std::uint64_t, kQualityCount> counts_{};
};

}  // namespace triptych::model
