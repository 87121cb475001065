// SPDX-License-Identifier: Apache-2.0
#include "probe/single_user_probes.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include "probe/trial_program.hpp"

namespace triptych::probe {
namespace {

constexpr unsigned kWatchersShift = 32;  // format/ref_ctr_offset of the event source

// One event on one CPU serves the program on all.
Result<UniqueFd> attach_one(int program, std::uint32_t type, const std::string& path,
                            const UserProbe& probe, std::uint64_t cookie) {
  if (probe.watchers >> kWatchersShift != 0) return fail("a program too large to be probed");
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = type;
  attr.uprobe_path = reinterpret_cast<std::uint64_t>(path.c_str());
  attr.probe_offset = probe.offset;
  attr.config = probe.watchers << kWatchersShift;
  const UniqueFd event(
      static_cast<int>(::syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event) return fail_errno("probe a place in a program", errno);
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.perf_event.bpf_cookie = cookie;
  // The event lives as long as the link.
  UniqueFd link(bpf_link_create(program, event.get(), BPF_PERF_EVENT, &options));
  if (!link) return fail_errno("attach to a probe in a program", errno);
  return link;
}

}  // namespace

Result<std::uint32_t> user_probe_event_type() {
  constexpr const char* kPath = "/sys/bus/event_source/devices/uprobe/type";
  const UniqueFd file(::open(kPath, O_RDONLY | O_CLOEXEC));
  std::array<char, 16> text{};
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  if (size < 0) return fail_errno(kPath, errno);
  std::uint32_t type = 0;
  if (std::from_chars(text.data(), text.data() + size, type).ec != std::errc()) {
    return fail(fmt::format("{}: not a number", kPath));
  }
  return type;
}

Result<std::vector<UniqueFd>> attach_single_user_probes(int program, int file,
                                                        std::span<const UserProbe> probes,
                                                        std::uint64_t first_cookie) {
  TRIPTYCH_TRY_ASSIGN(const std::uint32_t type, user_probe_event_type());
  const std::string path = fmt::format("/proc/self/fd/{}", file);
  std::vector<UniqueFd> links;
  for (const UserProbe& probe : probes) {
    TRIPTYCH_TRY_ASSIGN(UniqueFd link,
                        attach_one(program, type, path, probe, first_cookie + links.size()));
    links.push_back(std::move(link));
  }
  return links;
}

Result<void> try_single_user_probes() {
  TRIPTYCH_TRY_ASSIGN(const TrialPlace place, trial_place());
  const UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "triptych_trial", "Dual BSD/GPL",
                                       kReturnZero, std::size(kReturnZero), nullptr));
  if (!program) return fail_errno("load refused", errno);
  TRIPTYCH_TRY(
      attach_single_user_probes(program.get(), place.file.get(), std::span(&place.probe, 1), 0));
  return {};
}

Result<void> find_single_user_probes() {
  TRIPTYCH_TRY(user_probe_event_type());
  return {};
}

}  // namespace triptych::probe
