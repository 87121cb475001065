// SPDX-License-Identifier: Apache-2.0
#include "probe/attach.hpp"

#include <cerrno>
#include <utility>

#include "probe/perf_event.hpp"
#include "probe/tracefs.hpp"

namespace triptych::probe {

Attachment::Attachment(Attachment&& other) noexcept
    : links_(std::exchange(other.links_, {})), slow_(other.slow_) {}

Attachment& Attachment::operator=(Attachment&& other) noexcept {
  std::swap(links_, other.links_);
  std::swap(slow_, other.slow_);
  return *this;
}

Attachment::~Attachment() {
  for (bpf_link* link : links_) bpf_link__destroy(link);
}

std::vector<int> Attachment::slow_fds() const {
  std::vector<int> fds;
  for (const bpf_link* link : links_) {
    if (slow_) fds.push_back(bpf_link__fd(link));
  }
  return fds;
}

Result<Attachment> Attachment::attach(const Hook& hook, bpf_program* program,
                                      const std::vector<int>& cpus,
                                      std::uint64_t sample_period_ns) {
  Attachment attachment;
  const auto keep = [&](bpf_link* link) -> Result<void> {
    if (link == nullptr) return fail_errno("attach " + name_of(hook), errno);
    attachment.links_.push_back(link);
    return {};
  };
  // bpf_program__attach_perf_event takes the descriptor over when it succeeds.
  const auto keep_on_event = [&](Result<UniqueFd> event) -> Result<void> {
    if (!event) return tl::unexpected<Error>(std::move(event.error()));
    bpf_link* link = bpf_program__attach_perf_event(program, event->get());
    if (link != nullptr) (void)event->release();
    return keep(link);
  };

  switch (hook.kind) {
    case HookKind::kRawTracepoint:
    case HookKind::kFunctionEntry:
    case HookKind::kFunctionExit:
      TRIPTYCH_TRY(keep(bpf_program__attach_trace(program)));
      break;
    case HookKind::kTaskWalk:
      TRIPTYCH_TRY(keep(bpf_program__attach_iter(program, nullptr)));
      break;
    case HookKind::kSyscallTracepoint: {
      TRIPTYCH_TRY_ASSIGN(const unsigned id, tracepoint_id("syscalls/" + std::string(hook.target)));
      TRIPTYCH_TRY(keep_on_event(open_tracepoint(id)));
      attachment.slow_ = true;
      break;
    }
    case HookKind::kUserProbes:
    case HookKind::kSingleUserProbes:
      break;  // by CoroutinePrograms, when the file is known
    case HookKind::kMinorFaults:
    case HookKind::kMajorFaults:
      for (const int cpu : cpus) {
        TRIPTYCH_TRY(keep_on_event(open_fault_sampler(
            hook.kind == HookKind::kMinorFaults ? PageFaultEvent::kMinor : PageFaultEvent::kMajor,
            cpu)));
      }
      break;
    case HookKind::kCpuClock:
      for (const int cpu : cpus) {
        TRIPTYCH_TRY(keep_on_event(open_clock_sampler(sample_period_ns, cpu)));
      }
      break;
  }
  return attachment;
}

}  // namespace triptych::probe
