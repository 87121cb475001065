// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "workloads/create/create.hpp"
#include "workloads/limits.hpp"

namespace triptych::workloads {
namespace create {
namespace {

constexpr std::string_view kPageSizes[] = {"small", "huge"};

constexpr Parameter kParameters[] = {
    {"resident",
     "memory that the creating process has touched before",
     ParameterKind::kBytes,
     0,
     0,
     1ull << 30,
     {}},
    {"pages", "of that memory: 4 KiB each, or transparent huge pages", ParameterKind::kChoice, 0, 0,
     0, kPageSizes},
    {"descriptors",
     "files that the creating process has open, beside its own",
     ParameterKind::kCount,
     0,
     0,
     100'000,
     {}},
};

constexpr Variant kVariants[] = {
    {Model::kProcess, "fork", "fork, _exit, waitpid", make_fork},
    {Model::kProcess, "vfork", "vfork, _exit, waitpid: the parent waits and lends its memory",
     make_vfork},
    {Model::kProcess, "posix_spawn", "posix_spawn of /bin/true, waitpid: with an exec",
     make_posix_spawn},
    {Model::kThread, "default", "pthread_create with the default stack, pthread_join", make_thread},
    {Model::kThread, "small-stack", "pthread_create with a stack of 64 KiB, pthread_join",
     make_small_stack_thread},
    {Model::kCoroutine, "stackless",
     "a C++20 coroutine: frame allocated, run to its end, destroyed", make_stackless},
    {Model::kCoroutine, "stackful", "a Boost.Context fiber with a stack of 64 KiB", make_stackful},
    {Model::kCoroutine, "ucontext",
     "makecontext and swapcontext with a stack of 64 KiB: two system calls a switch pair",
     make_ucontext},
};

// The number behind `key` in /proc/self/status, which has kB.
double status_bytes(std::string_view key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stod(line.substr(key.size())) * 1024;
  }
  return 0;
}

}  // namespace

Result<Parent> Parent::prepare(const Parameters& parameters) {
  const std::uint64_t bytes = parameters.value("resident");
  const std::uint64_t descriptors = parameters.value("descriptors");
  Needs needs;
  needs.tasks = 1;
  needs.memory_bytes = bytes;
  needs.descriptors = descriptors;
  TRIPTYCH_TRY(require(needs));
  const bool huge = parameters.choice("pages") == "huge";
  Parent parent;
  TRIPTYCH_TRY_ASSIGN(parent.resident_,
                      Mapping::anonymous(bytes, huge ? PageSize::kHuge : PageSize::kSmall));
  parent.resident_.touch();
  parent.descriptors_.reserve(descriptors);
  for (std::uint64_t i = 0; i < descriptors; ++i) {
    UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!file) return fail_errno("cannot open /dev/null once more", errno);
    parent.descriptors_.push_back(std::move(file));
  }
  return parent;
}

std::vector<Metric> Parent::metrics() const {
  return {
      {"parent_resident_bytes", "bytes", status_bytes("VmRSS:"), "/proc/self/status VmRSS"},
      {"parent_page_table_bytes", "bytes", status_bytes("VmPTE:"), "/proc/self/status VmPTE"},
      {"parent_huge_bytes", "bytes", static_cast<double>(huge_bytes(resident_)),
       "/proc/self/smaps AnonHugePages"},
  };
}

}  // namespace create

Scenario create_scenario() {
  Scenario scenario;
  scenario.name = "create";
  scenario.operation = "create one unit, let it end, reap it";
  scenario.alike =
      "one unit at a time, which does nothing; the creating process has the same memory and "
      "descriptors";
  scenario.different =
      "fork copies page tables and descriptors, vfork lends the memory, posix_spawn also runs a "
      "program; a thread is a kernel task too but shares all of it; a coroutine is an allocation "
      "and two switches, the kernel sees nothing";
  scenario.parameters = create::kParameters;
  scenario.variants.assign(std::begin(create::kVariants), std::end(create::kVariants));
  scenario.default_operations = 1000;
  return scenario;
}

}  // namespace triptych::workloads
