// SPDX-License-Identifier: Apache-2.0
//
// The verdict on a page fault, from recorded facts alone: the fault table of docs/methodology.md.
#pragma once

#include "analyze/summary.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

// x86 error-code bits that the analysis looks at; see bpf/abi/events.h.
inline constexpr std::uint16_t kFaultPresent = 1u << 0;
inline constexpr std::uint16_t kFaultWrite = 1u << 1;
inline constexpr std::uint16_t kFaultUser = 1u << 2;
inline constexpr std::uint16_t kFaultInstruction = 1u << 4;

inline constexpr std::uint64_t kHugePageBytes = 2ull << 20;

// Of a completed fault (neither unresolved nor taken by the kernel for itself).
FaultKind fault_kind(const model::Fault& fault);

// Bytes that were copied from a page shared with another address space; 0 when none were.
std::uint64_t copied_bytes(FaultKind kind, std::uint32_t page_size);

}  // namespace triptych::analyze
