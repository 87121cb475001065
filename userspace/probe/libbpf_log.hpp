// SPDX-License-Identifier: Apache-2.0
//
// What libbpf and the verifier say is kept, not printed; the last lines explain a refusal.
#pragma once

#include <string>

namespace triptych::probe {

void clear_libbpf_log();

// ": last lines of the log", or nothing when there are none.
std::string libbpf_log_suffix();

}  // namespace triptych::probe
