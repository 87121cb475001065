// SPDX-License-Identifier: Apache-2.0
//
// The records of stacks, and of what names their frames: a part of encode().
#pragma once

#include "abi/stacks.h"
#include "model/stack_events.hpp"

namespace triptych::decode {

triptych_stack raw_of(const model::Stack& in);
triptych_stack_of raw_of(const model::StackOf& in);
triptych_sample raw_of(const model::Sample& in);
triptych_kernel_symbol raw_of(const model::KernelSymbol& in);
triptych_map raw_of(const model::Map& in);
triptych_stack_bytes raw_of(const model::StackBytes& in);
triptych_stack_copy raw_of(const model::StackCopy& in);
triptych_file_symbol raw_of(const model::FileSymbol& in);
triptych_file_inlined raw_of(const model::FileInlined& in);
triptych_jit_symbol raw_of(const model::JitSymbol& in);

}  // namespace triptych::decode
