// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace triptych::launch {

// Whether execvp would find `name` with this PATH and our rights: 0, or the errno that execvp would
// give. Asked before anything is recorded, so that a mistyped name leaves no trace behind. `found`
// becomes the file.
int find_program(const std::string& name, std::string_view path, std::string* found = nullptr);

// The PATH of this process, or what execvp takes where there is none.
const char* search_path();

// As a shell: 127 when it was not found, 126 when it was found but cannot be run.
int exit_status_of_exec_error(int errno_value);

}  // namespace triptych::launch
