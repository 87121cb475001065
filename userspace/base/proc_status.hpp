// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says of a task in /proc/TID/status (proc_pid_status(5)).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace triptych {

// The value of the field `name` ("Tgid", "ShdPnd", "CapEff"), without the blanks around it; 0 is
// ourselves. Nothing when the task has gone or has no such field.
std::optional<std::string> proc_status(pid_t tid, std::string_view name);

}  // namespace triptych
