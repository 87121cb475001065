// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says of a task in /proc/TID/status (proc_pid_status(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace triptych {

// The value of the field `name` ("Tgid", "ShdPnd", "CapEff"), without the blanks around it; 0 is
// ourselves. Nothing when the task has gone or has no such field.
std::optional<std::string> proc_status(pid_t tid, std::string_view name);

// The last number of a value such as "4711\t12\t1": of "NSpid" as the task itself is called in its
// namespace, of "Uid" whose the files are that it makes. Nothing where it is not such a list.
std::optional<std::uint32_t> last_number(std::string_view value);

}  // namespace triptych
