// SPDX-License-Identifier: Apache-2.0
#include "report/words.hpp"

#include <fmt/core.h>

#include <csignal>
#include <cstring>

#include "base/text.hpp"
#include "report/text_writer.hpp"

namespace triptych::report {
namespace {

struct CloneFlag {
  std::uint64_t bit;
  const char* word;
};

// <linux/sched.h>
constexpr CloneFlag kSharing[] = {
    {0x00000100, "memory"},
    {0x00000200, "working directory"},
    {0x00000400, "open files"},
    {0x00000800, "signal handlers"},
};
constexpr CloneFlag kNamespaces[] = {
    {0x00000080, "time"}, {0x00020000, "mount"}, {0x02000000, "cgroup"}, {0x04000000, "uts"},
    {0x08000000, "ipc"},  {0x10000000, "user"},  {0x20000000, "pid"},    {0x40000000, "net"},
};

template <std::size_t N>
std::vector<std::string> words_of(const CloneFlag (&known)[N], std::uint64_t flags) {
  std::vector<std::string> words;
  for (const CloneFlag& flag : known) {
    if ((flags & flag.bit) != 0) words.emplace_back(flag.word);
  }
  return words;
}

}  // namespace

std::string task_label(const View& view, model::TaskId id) {
  if (id == model::kIdleTask) return "idle";
  const analyze::Task* task = view.find(id);
  if (task == nullptr) return "unknown";
  return fmt::format("{} {}", task->comm.empty() ? "(no name)" : escape(task->comm), task->tid);
}

Value moment(const View& view, model::TimeNs ts_ns) {
  const model::TimeNs begin_ns = view.summary().begin_ns;
  if (ts_ns < begin_ns) return std::string("earlier");
  return Moment{ts_ns - begin_ns};
}

std::string at_words(const View& view, model::TimeNs ts_ns) {
  const bool earlier = ts_ns < view.summary().begin_ns;
  return (earlier ? "" : "at ") + format_value(moment(view, ts_ns));
}

int ending_signal(std::uint32_t wait_status) {
  return static_cast<int>(wait_status & 0x7f);
}

int shell_status(std::uint32_t wait_status) {
  const int signal = ending_signal(wait_status);
  return signal != 0 ? 128 + signal : static_cast<int>(wait_status >> 8 & 0xff);
}

std::string wait_status_words(std::uint32_t wait_status) {
  const int signal = ending_signal(wait_status);
  if (signal == 0) return fmt::format("exited with status {}", wait_status >> 8 & 0xff);
  const char* name = ::sigabbrev_np(signal);
  std::string words = name != nullptr ? fmt::format("killed by SIG{}", name)
                                      : fmt::format("killed by signal {}", signal);
  if ((wait_status & 0x80) != 0) words += ", core dumped";
  return words;
}

std::string command_line(const std::vector<std::string>& arguments) {
  std::vector<std::string> quoted;
  quoted.reserve(arguments.size());
  for (const std::string& argument : arguments) quoted.push_back(quote(argument));
  return joined(quoted, " ");
}

std::string process_name(const model::Target& target) {
  return target.comm.empty() ? fmt::format("{}", target.tgid)
                             : fmt::format("{} {}", escape(target.comm), target.tgid);
}

FaultWords fault_words(analyze::FaultKind kind) {
  using analyze::FaultKind;
  switch (kind) {
    case FaultKind::kFirstTouch:
      return {"first touch", "new page of zeros, anonymous memory"};
    case FaultKind::kZeroPage:
      return {"zero page", "read before any write: no copy"};
    case FaultKind::kZeroPageWrite:
      return {"zero page write", "first write after such a read"};
    case FaultKind::kFile:
      return {"file", "page of a file or of shared memory"};
    case FaultKind::kSharedFileDirty:
      return {"shared file write", "first write to a clean page, no copy"};
    case FaultKind::kPrivateFileCopy:
      return {"private file copy", "file page copied to be written"};
    case FaultKind::kCowCopy:
      return {"copy-on-write", "mapped page copied to be written"};
    case FaultKind::kWpReuse:
      return {"reused in place", "no other owner left: no copy"};
    case FaultKind::kHuge:
      return {"huge page", "a huge page at once"};
    case FaultKind::kHugetlbCopy:
      return {"hugetlb copy", "page of a hugetlb mapping copied"};
    case FaultKind::kHugetlb:
      return {"hugetlb", "other page of a hugetlb mapping"};
    case FaultKind::kSwap:
      return {"swap", "page that had been swapped out"};
    case FaultKind::kUserfaultfd:
      return {"userfaultfd", "handled by a user program"};
    case FaultKind::kSpecial:
      return {"special", "page of the kernel's own or of a device: vdso, vvar"};
    case FaultKind::kUnknown:
      return {"unknown", "the facts fit no kind, or are missing"};
  }
  return {"unknown", ""};
}

std::string cut(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string kept;
  std::size_t used = 0, i = 0;
  while (i < text.size()) {
    std::size_t length = 1;
    if (text[i] == '\\' && i + 1 < text.size()) {
      length = text[i + 1] == 'x' ? 4 : 2;
    } else {
      while (i + length < text.size() &&
             (static_cast<unsigned char>(text[i + length]) & 0xc0) == 0x80)
        ++length;
    }
    const std::string_view unit = text.substr(i, length);
    if (used + display_width(unit) + 1 > width) break;
    used += display_width(unit);
    kept += unit;
    i += unit.size();
  }
  return kept + "…";
}

std::vector<std::string> shared_by(std::uint64_t clone_flags) {
  return words_of(kSharing, clone_flags);
}

std::vector<std::string> new_namespaces(std::uint64_t clone_flags) {
  return words_of(kNamespaces, clone_flags);
}

std::string blocked_in(const std::string& call) {
  if (call == "no system call") return "a page fault or alike, no system call,";
  return escape(call);
}

std::string SaidOnce::operator()(std::string text) {
  for (std::size_t begin = text.find(" ("); begin != std::string::npos;) {
    const std::size_t end = text.find(')', begin);
    if (end == std::string::npos) break;
    if (said_.insert(text.substr(begin, end - begin)).second) {
      begin = text.find(" (", end);
    } else {
      text.erase(begin, end + 1 - begin);
      begin = text.find(" (", begin);
    }
  }
  return text;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string all;
  for (const std::string& word : words) {
    if (!all.empty()) all += separator;
    all += word;
  }
  return all;
}

}  // namespace triptych::report
