// SPDX-License-Identifier: Apache-2.0
//
// Sentences that more than one part of the report needs. Everything is escaped.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/summary.hpp"
#include "report/document.hpp"
#include "report/view.hpp"

namespace triptych::report {

// "sh 100"; "idle", "unknown" for tasks that have no description
std::string task_label(const View& view, model::TaskId id);

// The moment, or "earlier" when it lies before the reported time.
Value moment(const View& view, model::TimeNs ts_ns);
std::string at_words(const View& view, model::TimeNs ts_ns);  // "at +1.00 ms", or "earlier"

// "exited with status 3", "killed by SIGKILL", with ", core dumped" where one was
std::string wait_status_words(std::uint32_t wait_status);
// What $? would be: the exit status, or 128 + the signal.
int shell_status(std::uint32_t wait_status);
// 0 when no signal ended it
int ending_signal(std::uint32_t wait_status);

// "make -j4", every argument quoted where that is needed
std::string command_line(const std::vector<std::string>& arguments);

// "redis-server 1234"; the number alone where the name is not known
std::string process_name(const model::Target& target);

// What a kind of page fault is called, and what happened in it.
struct FaultWords {
  const char* name;
  const char* meaning;
};
FaultWords fault_words(analyze::FaultKind kind);

// Cuts to `width` columns, "…" included; whole escapes only.
std::string cut(std::string_view text, std::size_t width);

// What clone flags make the child share: "memory", "files", …
std::vector<std::string> shared_by(std::uint64_t clone_flags);
// Namespaces of its own: "pid", "net", …
std::vector<std::string> new_namespaces(std::uint64_t clone_flags);

// What a task was blocked in. Without a system call, it is a page fault that waits, or what a task
// of the kernel's own waits for.
std::string blocked_in(const std::string& call);

// Leaves out what stands in parentheses and was said before: why a hook is refused is the same for
// many.
class SaidOnce {
 public:
  std::string operator()(std::string text);

 private:
  std::set<std::string> said_;
};

std::string joined(const std::vector<std::string>& words, std::string_view separator = ", ");

}  // namespace triptych::report
