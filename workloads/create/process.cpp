// SPDX-License-Identifier: Apache-2.0
//
// The children end at once of themselves, so none needs to be told that its parent is gone.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "workloads/create/create.hpp"

extern char** environ;

namespace triptych::workloads::create {
namespace {

constexpr const char* kProgram = "/bin/true";

Result<void> reap(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return fail_errno("waitpid", errno);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail("a child did not end as it should");
}

// A function of its own: vfork returns twice, and the compiler must not keep anything of the loop
// in between.
[[gnu::noinline]] pid_t start_vfork() {
  const pid_t child = ::vfork();
  if (child == 0) ::_exit(0);
  return child;
}

class ProcessCell : public Cell {
 public:
  explicit ProcessCell(Parent parent) : parent_(std::move(parent)) {}
  std::vector<Metric> metrics() const override { return parent_.metrics(); }

 private:
  Parent parent_;
};

class ForkCell final : public ProcessCell {
 public:
  using ProcessCell::ProcessCell;

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) {
      const pid_t child = ::fork();
      if (child == 0) ::_exit(0);
      if (child < 0) return fail_errno("fork", errno);
      TRIPTYCH_TRY(reap(child));
    }
    return {};
  }
};

class VforkCell final : public ProcessCell {
 public:
  using ProcessCell::ProcessCell;

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) {
      const pid_t child = start_vfork();
      if (child < 0) return fail_errno("vfork", errno);
      TRIPTYCH_TRY(reap(child));
    }
    return {};
  }
};

class SpawnCell final : public ProcessCell {
 public:
  using ProcessCell::ProcessCell;

  Result<void> run(std::uint64_t operations) override {
    char name[] = "true";
    char* const arguments[] = {name, nullptr};
    for (std::uint64_t i = 0; i < operations; ++i) {
      pid_t child = 0;
      const int error = ::posix_spawn(&child, kProgram, nullptr, nullptr, arguments, environ);
      if (error != 0) return fail_errno("posix_spawn", error);
      TRIPTYCH_TRY(reap(child));
    }
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<Cell>> make_fork(const Parameters& parameters) {
  return make_cell<ForkCell>(parameters);
}

Result<std::unique_ptr<Cell>> make_vfork(const Parameters& parameters) {
  return make_cell<VforkCell>(parameters);
}

Result<std::unique_ptr<Cell>> make_posix_spawn(const Parameters& parameters) {
  if (::access(kProgram, X_OK) != 0) return fail_errno(kProgram, errno);
  return make_cell<SpawnCell>(parameters);
}

}  // namespace triptych::workloads::create
