// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "model/metadata.hpp"

namespace triptych::host {

// This machine, as the trace remembers it; `tier` is left empty.
model::Host describe_host();

// From the text of /proc/cpuinfo: "model name", and whether a hypervisor shows itself.
void read_cpuinfo(std::string_view cpuinfo, model::Host* host);

}  // namespace triptych::host
