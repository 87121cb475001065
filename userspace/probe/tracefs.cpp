// SPDX-License-Identifier: Apache-2.0
#include "probe/tracefs.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>

#include "base/unique_fd.hpp"

namespace triptych::probe {
namespace {

// fsopen, fsconfig and fsmount (Linux 5.2) have no wrappers in glibc 2.35 and before.
Result<UniqueFd> mount_detached() {
  const UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
  if (!context) return fail_errno("fsopen tracefs", errno);
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
    return fail_errno("fsconfig tracefs", errno);
  }
  UniqueFd mount(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!mount) return fail_errno("fsmount tracefs", errno);
  return mount;
}

}  // namespace

Result<unsigned> tracepoint_id(std::string_view name) {
  static const Result<UniqueFd> mount = mount_detached();
  if (!mount) return tl::unexpected<Error>(mount.error());
  std::string path = "events/";
  path += name;
  path += "/id";
  const UniqueFd file(::openat(mount->get(), path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno("tracefs " + path, errno);
  char text[32] = {};
  const ssize_t size = ::read(file.get(), text, sizeof(text));
  if (size <= 0) return fail_errno("tracefs " + path, errno);
  unsigned id = 0;
  if (std::from_chars(text, text + size, id).ec != std::errc()) {
    return fail("tracefs " + path + ": not a number");
  }
  return id;
}

}  // namespace triptych::probe
