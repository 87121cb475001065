// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace triptych::test {

// An address of its own, within the function that is inlined in the one that is inlined.
void* holds_inlined_functions();

}  // namespace triptych::test
