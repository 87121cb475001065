// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/confinement.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace triptych::coroutine::reader {
namespace {

// The address sanitizer has mapped terabytes before the first instruction.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRIPTYCH_ADDRESSES_ARE_MAPPED
#endif
#endif
#if defined(TRIPTYCH_ADDRESSES_ARE_MAPPED)
constexpr rlim_t kMostMemory = RLIM_INFINITY;
#else
constexpr rlim_t kMostMemory = 1ull << 30;  // with what is mapped already
#endif

void must(bool done) {
  if (!done) ::_exit(1);
}

template <class Resource>
void limit(Resource what, rlim_t most) {
  const rlimit value{most, most};
  must(::setrlimit(what, &value) == 0);
}

void close_all_but(unsigned file) {
  must(file == 0 || ::syscall(SYS_close_range, 0u, file - 1, 0u) == 0);
  must(::syscall(SYS_close_range, file + 1, ~0u, 0u) == 0);
}

void take_rights(const Rights& rights) {
  if (::geteuid() == 0) {
    must(rights.uid != 0);
    must(::setgroups(rights.groups.size(), rights.groups.data()) == 0);
    must(::setresgid(rights.gid, rights.gid, rights.gid) == 0);
    must(::setresuid(rights.uid, rights.uid, rights.uid) == 0);
  }
  // Whoever is not root may have been given some, too.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
  must(::syscall(SYS_capset, &header, none) == 0);
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

}  // namespace

void confine(const Rights& rights, int socket, pid_t parent) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::prctl(PR_SET_NAME, "triptych-reader", 0, 0, 0);
  close_all_but(static_cast<unsigned>(socket));
  take_rights(rights);
  limit(RLIMIT_AS, kMostMemory);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_NPROC, 0);
  // Both are undone by a change of the user.
  must(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
  must(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
  must(::getppid() == parent);  // or it died before that
}

}  // namespace triptych::coroutine::reader
