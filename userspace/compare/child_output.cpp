// SPDX-License-Identifier: Apache-2.0
#include "compare/child_output.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "compare/interrupt.hpp"
#include "compare/refresh_service.hpp"

namespace triptych::compare {
namespace {

constexpr std::size_t kMostOut = std::size_t{8} << 20;
constexpr std::size_t kMostErr = std::size_t{64} << 10;

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

struct Pipe {
  UniqueFd read, write;
  static Result<Pipe> open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  }
};

struct Command {
  std::vector<char*> arguments;
  std::vector<char*> environment;
};

// The strings must outlive it.
std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& each : strings) pointers.push_back(const_cast<char*>(each.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec; 127 is what a shell says.
[[noreturn]] void exec_child(const Command& command, const launch::User* become, int out, int err,
                             int go, pid_t parent) {
  bool ready = true;
  if (become != nullptr) {
    ready = ::setgroups(become->groups.size(), become->groups.data()) == 0 &&
            ::setresgid(become->gid, become->gid, become->gid) == 0 &&
            ::setresuid(become->uid, become->uid, become->uid) == 0;
  }
  // After the change of user, which takes it back.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ready = ready && null >= 0 && ::dup2(null, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(err, 2) == 2;
  char byte = 0;  // the other end is closed when we may go on
  while (ready && ::read(go, &byte, 1) < 0 && errno == EINTR) {
  }
  if (ready) {
    ::execve(command.arguments[0], command.arguments.data(), command.environment.data());
  }
  ::_exit(127);
}

// Appends what is there; false at the end.
bool drain(int fd, std::size_t most, std::string* text) {
  std::array<char, 16384> buffer;
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR;
  const std::size_t room = most - std::min(most, text->size());
  text->append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
  return count > 0;
}

void collect(pid_t child, UniqueFd out, UniqueFd err, RefreshService* service,
             std::uint64_t deadline_ns, ChildOutput* output) {
  while (out || err) {
    const std::uint64_t now = now_ns();
    if (interrupted() != 0) {
      // It may have something to clean up; the keys of a terminal have told it already.
      ::kill(child, SIGTERM);
      return;
    }
    if (now >= deadline_ns) {
      output->timed_out = true;
      ::kill(child, SIGKILL);
      return;
    }
    std::array<pollfd, 3> waits{pollfd{out.get(), POLLIN, 0}, pollfd{err.get(), POLLIN, 0},
                                pollfd{service->fd(), POLLIN, 0}};
    const auto left_ms =
        static_cast<int>(std::min<std::uint64_t>((deadline_ns - now) / 1'000'000 + 1, 60'000));
    if (::poll(waits.data(), waits.size(), left_ms) <= 0) continue;
    if (waits[0].revents != 0 && !drain(out.get(), kMostOut, &output->out)) out.reset();
    if (waits[1].revents != 0 && !drain(err.get(), kMostErr, &output->err)) err.reset();
    if (waits[2].revents != 0) service->answer();
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string line_after(const std::string& text, const std::string& prefix) {
  std::size_t at = text.starts_with(prefix) ? 0 : text.find("\n" + prefix);
  if (at == std::string::npos) return {};
  at = text.find(prefix, at) + prefix.size();
  return text.substr(at, text.find('\n', at) - at);
}

}  // namespace

Result<ChildOutput> run_child(const std::vector<std::string>& argv,
                              const std::optional<launch::User>& become, std::uint64_t timeout_ns,
                              const ChildHelp& help) {
  TRIPTYCH_TRY_ASSIGN(Pipe out, Pipe::open());
  TRIPTYCH_TRY_ASSIGN(Pipe err, Pipe::open());
  TRIPTYCH_TRY_ASSIGN(Pipe go, Pipe::open());
  RefreshService service;  // without an end: it is asked nothing
  std::vector<std::string> extra;
  if (help.refreshes_statistics) {
    TRIPTYCH_TRY_ASSIGN(service, RefreshService::open());
    extra.push_back(service.variable());
  }
  Command command{pointers_to(argv), pointers_to(extra)};
  for (char** each = environ; *each != nullptr; ++each) {
    command.environment.insert(command.environment.end() - 1, *each);
  }

  ChildOutput output;
  const pid_t parent = ::getpid();
  const std::uint64_t start_ns = now_ns();
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("cannot start another process", errno);
  if (child == 0) {
    go.write.reset();
    if (help.refreshes_statistics && !service.hand_over()) ::_exit(127);
    exec_child(command, become ? &*become : nullptr, out.write.get(), err.write.get(),
               go.read.get(), parent);
  }
  if (help.before_exec) help.before_exec(child);
  service.keep_own_end();
  go.write.reset();
  out.write.reset();
  err.write.reset();
  collect(child, std::move(out.read), std::move(err.read), &service, start_ns + timeout_ns,
          &output);
  output.exit_status = wait_for(child);
  output.wall_ns = now_ns() - start_ns;
  return output;
}

Error error_of(const ChildOutput& output, const std::string& what) {
  if (output.timed_out) {
    return {ErrorCode::kFailed,
            fmt::format("{} did not end within {}", what, format_duration_ns(output.wall_ns)),
            {}};
  }
  std::string message = line_after(output.err, "error: ");
  if (message.empty()) {
    message = output.exit_status > 128
                  ? fmt::format("{} was ended by signal {}", what, output.exit_status - 128)
                  : fmt::format("{} ended with status {}", what, output.exit_status);
  }
  return {ErrorCode::kFailed, std::move(message), line_after(output.err, "hint: ")};
}

}  // namespace triptych::compare
