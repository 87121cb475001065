// SPDX-License-Identifier: Apache-2.0
#include "probe/five_byte_nop.hpp"

#include <fmt/core.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include "base/unique_fd.hpp"
#include "probe/single_user_probes.hpp"

namespace triptych::probe {
namespace {

// movq $0x5a,-8(%rsp); nopl 0(%rax,%rax,1); mov -8(%rsp),%rax; ret
constexpr std::array<std::uint8_t, 20> kCode = {0x48, 0xc7, 0x44, 0x24, 0xf8, 0x5a, 0x00,
                                                0x00, 0x00, 0x0f, 0x1f, 0x44, 0x00, 0x00,
                                                0x48, 0x8b, 0x44, 0x24, 0xf8, 0xc3};
constexpr std::size_t kNopAt = 9;
constexpr std::uint64_t kKept = 0x5a;
constexpr std::uint8_t kBreakpoint = 0xcc;
constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kHits = 1000;  // kernels rewrite it at one of the first

constexpr unsigned kForkedSeconds = 4, kProbedSeconds = 8;  // it takes milliseconds
constexpr int kPatienceMs = 10'000;
constexpr int kStatusOfSignal = 128;  // what a child ends with that was sent one

struct Outcome {
  int forked_status;  // as wait has it
  std::uint8_t first_byte;
  std::uint8_t kept;
};

// --- In the child, which is a copy of a program that may have threads: system calls and nothing
// else.

extern "C" void end_by_signal(int number) {
  ::_exit(kStatusOfSignal + number);
}

// So that neither a core is written nor the kernel's log.
void end_quietly() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  struct sigaction action {};
  action.sa_handler = end_by_signal;
  for (const int number : {SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGALRM}) {
    ::sigaction(number, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

using Code = std::uint64_t (*)();

// What became of a forked child that comes to the nop, or what wait says of one that was not made.
int status_of_forked(Code code) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(kForkedSeconds);
    code();
    ::_exit(0);
  }
  int status = -1;
  if (child > 0) {
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  return status;
}

[[noreturn]] void be_probed(int file, int parent) {
  end_quietly();
  ::alarm(kProbedSeconds);
  void* memory = ::mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
  char byte = memory == MAP_FAILED ? static_cast<char>(errno) : '\0';
  if (::write(parent, &byte, 1) != 1 || byte != '\0' || ::read(parent, &byte, 1) != 1) ::_exit(1);
  const auto code = reinterpret_cast<Code>(memory);
  Outcome outcome{0, 0, 1};
  for (std::uint64_t i = 0; i < kHits; ++i) {
    if (code() != kKept) outcome.kept = 0;
  }
  outcome.first_byte = static_cast<const volatile std::uint8_t*>(memory)[kNopAt];
  outcome.forked_status = status_of_forked(code);
  const bool told = ::write(parent, &outcome, sizeof outcome) == sizeof outcome;
  ::_exit(told ? 0 : 1);
}

// --- And in ourselves.

// Killed if it has not ended, and waited for, in any case.
class Probed {
 public:
  explicit Probed(pid_t tgid) : tgid_(tgid) {}
  Probed(const Probed&) = delete;
  Probed& operator=(const Probed&) = delete;
  Probed(Probed&&) = delete;
  Probed& operator=(Probed&&) = delete;
  ~Probed() {
    if (tgid_ > 0) end();
  }
  [[nodiscard]] pid_t tgid() const { return tgid_; }
  // As wait has it: of one that was about to end by itself, how.
  int end() {
    ::kill(tgid_, SIGKILL);
    int status = -1;
    while (::waitpid(tgid_, &status, 0) < 0 && errno == EINTR) {
    }
    tgid_ = -1;
    return status;
  }

 private:
  pid_t tgid_;
};

// Whether it has all come in time.
bool read_in_time(int from, void* to, std::size_t size) {
  pollfd waited{from, POLLIN, 0};
  int found = 0;
  while ((found = ::poll(&waited, 1, kPatienceMs)) < 0 && errno == EINTR) {
  }
  return found == 1 && ::read(from, to, size) == static_cast<ssize_t>(size);
}

Result<UniqueFd> file_with_code() {
#ifndef MFD_EXEC
  constexpr unsigned MFD_EXEC = 0x10;  // asked for since Linux 6.3, not known before
#endif
  constexpr const char* kName = "triptych-self-test";
  UniqueFd file(::memfd_create(kName, MFD_CLOEXEC | MFD_EXEC));
  if (!file && errno == EINVAL) file.reset(::memfd_create(kName, MFD_CLOEXEC));
  if (!file) return fail_errno("make a file with code", errno);
  if (::ftruncate(file.get(), kPage) != 0 ||
      ::write(file.get(), kCode.data(), kCode.size()) != static_cast<ssize_t>(kCode.size())) {
    return fail_errno("write a file with code", errno);
  }
  return file;
}

// Of this process only: in no other one's memory is anything changed. It counts.
Result<UniqueFd> probe_nop(int file, pid_t process) {
  TRIPTYCH_TRY_ASSIGN(const std::uint32_t type, user_probe_event_type());
  const std::string path = fmt::format("/proc/self/fd/{}", file);
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = type;
  attr.uprobe_path = reinterpret_cast<std::uint64_t>(path.c_str());
  attr.probe_offset = kNopAt;
  UniqueFd event(static_cast<int>(
      ::syscall(SYS_perf_event_open, &attr, process, -1, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event) return fail_errno("probe a nop in a child", errno);
  return event;
}

int signal_of(int status) {
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  return code > kStatusOfSignal ? code - kStatusOfSignal : 0;
}

tl::unexpected<Error> gone(int status) {
  const int number = signal_of(status);
  return fail(number == 0 ? "the probed child said nothing"
                          : fmt::format("the probed child itself was ended by signal {}", number));
}

}  // namespace

Result<FiveByteNop> try_five_byte_nop() {
  TRIPTYCH_TRY_ASSIGN(const UniqueFd file, file_with_code());
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail_errno("socketpair", errno);
  }
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const pid_t tgid = ::fork();
  if (tgid < 0) return fail_errno("fork", errno);
  if (tgid == 0) {
    ::close(ours.get());
    be_probed(file.get(), theirs.get());
  }
  UniqueFd event;  // closed when the child has ended: nothing has to be put back in its memory
  Probed child(tgid);
  theirs.reset();
  char byte = '\0';
  if (!read_in_time(ours.get(), &byte, 1)) return gone(child.end());
  if (byte != '\0') return fail_errno("map a file with code", byte);
  TRIPTYCH_TRY_ASSIGN(event, probe_nop(file.get(), tgid));
  if (::send(ours.get(), &byte, 1, MSG_NOSIGNAL) != 1) return gone(child.end());
  Outcome outcome{};
  if (!read_in_time(ours.get(), &outcome, sizeof outcome)) return gone(child.end());
  child.end();
  FiveByteNop found;
  if (::read(event.get(), &found.hits, sizeof found.hits) != sizeof found.hits) {
    return fail_errno("read how often a nop was hit", errno);
  }
  if (found.hits != kHits) {
    return fail(fmt::format("of {} hits {} came", kHits, found.hits));
  }
  if (outcome.forked_status == -1) return fail("the probed child could not fork");
  found.rewritten = outcome.first_byte != kBreakpoint;
  found.child_killed_by = signal_of(outcome.forked_status);
  if (found.child_killed_by == SIGALRM) return fail("the forked child did not come back in time");
  found.below_stack_kept = outcome.kept != 0;
  return found;
}

}  // namespace triptych::probe
