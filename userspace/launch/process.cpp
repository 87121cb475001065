// SPDX-License-Identifier: Apache-2.0
#include "launch/process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/pidfd.hpp"
#include "base/proc_status.hpp"

namespace triptych::launch {
namespace {

constexpr ino_t kInitialPidNamespace = 0xEFFFFFFCu;  // PROC_PID_INIT_INO
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kMostArguments = 2048;
constexpr unsigned kKernelThread = 0x00200000;  // PF_KTHREAD

struct Facts {
  pid_t tgid = 0;
  bool kernel_thread = false;
};

// The beginning of a file of /proc/TID; empty when the process has just gone.
std::string read_file_of(pid_t tid, const char* name, std::size_t at_most) {
  std::FILE* file = std::fopen(fmt::format("/proc/{}/{}", tid, name).c_str(), "re");
  if (file == nullptr) return {};
  std::string text(at_most, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

// A program that rewrites its arguments pads them with NULs.
std::vector<std::string> arguments_of(pid_t tgid) {
  std::string text = read_file_of(tgid, "cmdline", kMostArguments);
  text.resize(text.find_last_not_of('\0') + 1);
  std::vector<std::string> arguments;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    arguments.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return arguments;
}

std::string name_of(pid_t tgid) {
  std::string name = read_file_of(tgid, "comm", kLongestName);
  if (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

// Reads of /proc fail when the process has just gone: the caller then says so.
std::optional<Facts> facts_of(pid_t tid) {
  Facts facts;
  const std::optional<std::string> tgid = proc_status(tid, "Tgid");
  if (!tgid) return std::nullopt;
  facts.tgid = static_cast<pid_t>(std::strtol(tgid->c_str(), nullptr, 10));

  const std::string text = read_file_of(tid, "stat", 1024);
  // The name stands in parentheses and may hold any byte, so count from the last one.
  const std::size_t after_name = text.rfind(") ");
  unsigned flags = 0;
  if (after_name == std::string::npos ||
      std::sscanf(text.c_str() + after_name, ") %*c %*d %*d %*d %*d %*d %u", &flags) != 1) {
    return std::nullopt;
  }
  facts.kernel_thread = (flags & kKernelThread) != 0;
  return facts;
}

tl::unexpected<Error> no_such_process(pid_t tgid) {
  return fail(fmt::format("there is no process {}", tgid), "`ps -e` lists the running processes");
}

}  // namespace

bool in_initial_pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == kInitialPidNamespace;
}

Result<Process> Process::open(pid_t tgid) {
  if (!in_initial_pid_namespace()) {
    return fail(fmt::format("cannot tell which process {} is outside this pid namespace", tgid),
                "run triptych on the host, with the number that the process has there");
  }
  if (tgid == ::getpid()) return fail("triptych cannot record itself");
  const std::optional<Facts> facts = facts_of(tgid);
  if (!facts) return no_such_process(tgid);
  if (facts->kernel_thread) {
    return fail(fmt::format("{} is a kernel thread, not a program", tgid),
                "-a --duration 10s records the whole machine, kernel threads included");
  }
  if (facts->tgid != tgid) {
    return fail(fmt::format("{} is a thread of process {}", tgid, facts->tgid),
                fmt::format("-p {} records all threads of that process", facts->tgid));
  }
  Process process;
  process.tgid_ = tgid;
  process.comm_ = name_of(tgid);
  process.arguments_ = arguments_of(tgid);
  process.pidfd_.reset(pidfd_open(tgid));
  if (!process.pidfd_) {
    if (errno == ESRCH || errno == EINVAL) return no_such_process(tgid);
    return fail_errno(fmt::format("cannot watch process {}", tgid), errno);
  }
  pollfd ended{process.pidfd_.get(), POLLIN, 0};
  if (::poll(&ended, 1, 0) == 1) {
    return fail(fmt::format("process {} has already ended", tgid),
                "it is only waiting for its parent to ask for its status");
  }
  return process;
}

}  // namespace triptych::launch
