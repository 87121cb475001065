// SPDX-License-Identifier: Apache-2.0
#include "workloads/ipc/sysv_queues.hpp"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "workloads/support/child.hpp"
#include "workloads/support/signals_held.hpp"

namespace triptych::workloads::ipc {
namespace {

struct Made {
  int there = -1;
  int back = -1;
  int error = 0;
};

Made make_queues() {
  Made made;
  made.there = ::msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  if (made.there >= 0) made.back = ::msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  if (made.back < 0) made.error = errno;
  return made;
}

// Signals are held here and stay so. `life` ends when its last writer, the parent or a unit that
// dies with it, has ended; a byte on it is the parent's word that the queues are not needed.
[[noreturn]] void guard(int life, int answer) {
  ::setsid();
  ::prctl(PR_SET_NAME, "queue-guardian");
  const Made made = make_queues();
  const bool told = ::write(answer, &made, sizeof(made)) == sizeof(made);
  ::close(answer);
  char byte = 0;
  while (told && made.error == 0 && ::read(life, &byte, 1) < 0 && errno == EINTR) {
  }
  if (made.there >= 0) ::msgctl(made.there, IPC_RMID, nullptr);
  if (made.back >= 0) ::msgctl(made.back, IPC_RMID, nullptr);
  ::_exit(0);
}

struct Pipe {
  UniqueFd input;
  UniqueFd output;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  Pipe pipe;
  pipe.input.reset(ends[0]);
  pipe.output.reset(ends[1]);
  return pipe;
}

}  // namespace

Result<std::shared_ptr<SysvQueues>> SysvQueues::create() {
  TRIPTYCH_TRY_ASSIGN(Pipe life, make_pipe());
  TRIPTYCH_TRY_ASSIGN(Pipe answer, make_pipe());
  const SignalsHeld held;
  const pid_t guardian = ::fork();
  if (guardian < 0) return fail_errno("cannot fork", errno);
  if (guardian == 0) {
    life.output.reset();
    guard(life.input.get(), answer.output.get());
  }
  std::shared_ptr<SysvQueues> queues(new SysvQueues);
  queues->owner_ = ::getpid();
  queues->guardian_ = guardian;
  queues->life_ = std::move(life.output);
  answer.output.reset();
  Made made;
  ssize_t count = 0;
  do {
    count = ::read(answer.input.get(), &made, sizeof(made));
  } while (count < 0 && errno == EINTR);
  if (count != sizeof(made)) return fail("the guardian of the message queues ended early");
  if (made.error != 0) {
    return fail_errno(
        "cannot make a System V message queue", made.error,
        made.error == ENOSPC ? "the number of queues is limited: /proc/sys/kernel/msgmni" : "");
  }
  queues->there_ = made.there;
  queues->back_ = made.back;
  return queues;
}

SysvQueues::~SysvQueues() {
  if (owner_ != ::getpid()) return;
  // A word rather than the end of the pipe: children of other cells may have inherited it.
  const char byte = 0;
  if (::write(life_.get(), &byte, 1) < 0) return;
  reap(guardian_);
}

}  // namespace triptych::workloads::ipc
