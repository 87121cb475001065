// SPDX-License-Identifier: Apache-2.0
//
// What is loaded where only whether it can be loaded, or attached, is asked.
#pragma once

#include <linux/bpf.h>

namespace triptych::probe {

// r0 = 0; exit
inline constexpr bpf_insn kReturnZero[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                                           {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};

}  // namespace triptych::probe
