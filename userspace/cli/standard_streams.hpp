// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace triptych::cli {

// Keeps the numbers 0, 1 and 2 from going to files of ours when we were started with them closed:
// an error message must not end up in a trace. A command that we start still finds them closed.
void reserve_standard_streams();

}  // namespace triptych::cli
