// SPDX-License-Identifier: Apache-2.0
#include "probe/hook_trial.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "base/unique_fd.hpp"
#include "probe/perf_event.hpp"
#include "probe/permission.hpp"
#include "probe/single_user_probes.hpp"
#include "probe/tracefs.hpp"
#include "probe/trial_program.hpp"
#include "probe/user_probes.hpp"

namespace triptych::probe {
namespace {

constexpr std::uint64_t kTrialPeriodNs = 1'000'000'000;

tl::unexpected<Error> refused(const char* step, int errno_value) {
  std::string message = std::string(step) + " refused: ";
  message += std::generic_category().message(errno_value);
  if (errno_value == EPERM) message += " (" + why_not_permitted() + ")";
  return fail(std::move(message));
}

struct TypedHook {
  const char* prefix;  // of the name in the kernel's type information
  std::uint32_t type_kind;
  bpf_attach_type attach_type;
};

TypedHook typed(HookKind kind) {
  switch (kind) {
    case HookKind::kFunctionEntry:
      return {"", BTF_KIND_FUNC, BPF_TRACE_FENTRY};
    case HookKind::kFunctionExit:
      return {"", BTF_KIND_FUNC, BPF_TRACE_FEXIT};
    case HookKind::kTaskWalk:
      return {"bpf_iter_", BTF_KIND_FUNC, BPF_TRACE_ITER};
    default:
      return {"btf_trace_", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP};
  }
}

}  // namespace

void HookTrial::FreeBtf::operator()(btf* types) const {
  btf__free(types);
}

Result<HookTrial> HookTrial::create() {
  btf* types = btf__load_vmlinux_btf();
  if (types == nullptr) return fail_errno("read the kernel's type information", errno);
  return HookTrial(types);
}

Result<void> HookTrial::attach(const Hook& hook) {
  switch (hook.kind) {
    case HookKind::kRawTracepoint:
    case HookKind::kFunctionEntry:
    case HookKind::kFunctionExit:
    case HookKind::kTaskWalk:
      return attach_typed(hook);
    case HookKind::kSyscallTracepoint:
    case HookKind::kMinorFaults:
    case HookKind::kMajorFaults:
    case HookKind::kCpuClock:
      return attach_on_event(hook);
    case HookKind::kUserProbes:
      return try_user_probes();
    case HookKind::kSingleUserProbes:
      if (!single_user_probes_) single_user_probes_ = try_single_user_probes();
      return *single_user_probes_;
  }
  return fail("no such kind of hook");
}

Result<void> HookTrial::load(const Hook& hook) {
  if (hook.kind == HookKind::kUserProbes) return find_user_probes();
  if (hook.kind == HookKind::kSingleUserProbes) return find_single_user_probes();
  TRIPTYCH_TRY(load_typed(hook));
  return {};
}

Result<UniqueFd> HookTrial::load_typed(const Hook& hook) {
  const TypedHook how = typed(hook.kind);
  const std::string name = std::string(how.prefix) + std::string(hook.target);
  const std::int32_t id = btf__find_by_name_kind(types_.get(), name.c_str(), how.type_kind);
  if (id < 0) return fail("this kernel has no " + std::string(hook.target));
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = how.attach_type,
              .attach_btf_id = static_cast<__u32>(id));
  UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_TRACING, "triptych_trial", "Dual BSD/GPL",
                                 kReturnZero, std::size(kReturnZero), &options));
  if (!program) return refused("load", errno);
  return program;
}

Result<void> HookTrial::attach_typed(const Hook& hook) {
  TRIPTYCH_TRY_ASSIGN(const UniqueFd program, load_typed(hook));
  const UniqueFd link(bpf_link_create(program.get(), 0, typed(hook.kind).attach_type, nullptr));
  if (!link) return refused("attach", errno);
  return {};
}

Result<void> HookTrial::attach_on_event(const Hook& hook) {
  Result<UniqueFd> event = [&]() -> Result<UniqueFd> {
    if (hook.kind == HookKind::kSyscallTracepoint) {
      TRIPTYCH_TRY_ASSIGN(const unsigned id, tracepoint_id("syscalls/" + std::string(hook.target)));
      return open_tracepoint(id);
    }
    if (hook.kind == HookKind::kCpuClock) return open_clock_sampler(kTrialPeriodNs, 0);
    return open_fault_sampler(
        hook.kind == HookKind::kMinorFaults ? PageFaultEvent::kMinor : PageFaultEvent::kMajor, 0);
  }();
  if (!event) return tl::unexpected<Error>(std::move(event.error()));
  const bpf_prog_type type = hook.kind == HookKind::kSyscallTracepoint ? BPF_PROG_TYPE_TRACEPOINT
                                                                       : BPF_PROG_TYPE_PERF_EVENT;
  const UniqueFd program(bpf_prog_load(type, "triptych_trial", "Dual BSD/GPL", kReturnZero,
                                       std::size(kReturnZero), nullptr));
  if (!program) return refused("load", errno);
  if (::ioctl(event->get(), PERF_EVENT_IOC_SET_BPF, program.get()) != 0) {
    return refused("attach", errno);
  }
  return {};
}

}  // namespace triptych::probe
