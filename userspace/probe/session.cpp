// SPDX-License-Identifier: Apache-2.0
#include "probe/session.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "abi/config.h"
#include "base/check.hpp"
#include "probe/attach.hpp"
#include "probe/background_detach.hpp"
#include "probe/coroutine_programs.hpp"
#include "probe/grace_period.hpp"
#include "probe/hooks.hpp"
#include "probe/perf_event.hpp"
#include "probe/rings.hpp"
#include "probe/skeleton.hpp"
#include "probe/skeleton_owner.hpp"

namespace triptych::probe {
namespace {

constexpr std::uint64_t kLongestWaitNs = 1'000'000'000;
constexpr int kStandstillPeriods = 4;  // of RCU
constexpr int kMostWalks = 100;

std::uint64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(time.tv_nsec);
}

void sleep_ms(long milliseconds) {
  const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  ::nanosleep(&time, nullptr);
}

}  // namespace

struct Session::Impl {
  Options options;
  SkeletonOwner skeleton;
  std::optional<CoroutinePrograms> coroutines;
  Rings rings;
  GracePeriod grace_period;
  std::vector<Attachment> attachments;
  bpf_link* walk = nullptr;
  UniqueFd first_counter;               // makes those below quick to open
  UniqueFd minor_faults, major_faults;  // counting events on the launched command
  model::CountedFaults counted;
  pid_t process_tgid = 0;
  pid_t excluded_tgid = 0;
  bool first_process_hidden = false;
  // Told by no record, because nothing followed them.
  std::vector<triptych_lost> last_losses;
  std::vector<triptych_coroutine_lost> last_coroutine_losses;
  std::uint64_t alive = 0;  // when the gate was closed

  ~Impl();

  Result<void> load(std::uint32_t cpus);
  Result<void> attach();
  Result<void> run_walk(std::uint32_t action);
  Result<std::uint32_t> make_targets(pid_t tgid);
  Result<void> attach_running();
  Result<void> wait_for_last_records(const std::function<void()>& meanwhile) const;
  Result<void> count_faults();
  [[nodiscard]] std::vector<triptych_cpu_state> cpu_states() const;
  void want_stacks() const;
  [[nodiscard]] model::StackCounters count_stacks() const;
  void take_last_losses();
};

Session::Impl::~Impl() {
  // Before there is another process that has the links, too.
  coroutines.reset();
  std::vector<int> slow;
  for (const Attachment& attachment : attachments) {
    const std::vector<int> fds = attachment.slow_fds();
    slow.insert(slow.end(), fds.begin(), fds.end());
  }
  const BackgroundDetach background(std::move(slow));
  attachments.clear();
  bpf_link__destroy(walk);
}

void Session::Impl::want_stacks() const {
  const StackSet& stacks = options.plan.stacks;
  const auto bit = [](bool wanted, std::uint32_t value) { return wanted ? value : 0u; };
  const std::uint32_t wanted =
      bit(stacks.off_cpu, TRIPTYCH_STACKS_OFF_CPU) | bit(stacks.wakeup, TRIPTYCH_STACKS_WAKEUP) |
      bit(stacks.fault, TRIPTYCH_STACKS_FAULT) | bit(stacks.cow, TRIPTYCH_STACKS_COW) |
      bit(stacks.fork, TRIPTYCH_STACKS_FORK);
  skeleton->rodata->stacks_wanted = wanted;
  skeleton->rodata->kernel_stacks_wanted = stacks.kernel ? wanted : 0;
  // The first piece begins below the stack pointer.
  const std::uint32_t pieces = stacks.copied_bytes / TRIPTYCH_STACK_PIECE + 1;
  skeleton->rodata->stack_copy_pieces =
      stacks.copied_bytes == 0 ? 0 : std::min<std::uint32_t>(pieces, TRIPTYCH_STACK_PIECES_MAX);
  if (::getrandom(&skeleton->rodata->stack_seed, sizeof(__u64), 0) != sizeof(__u64)) {
    skeleton->rodata->stack_seed = now_ns();  // guessable, so that somebody could hide a stack
  }
  // The map is part of the programs; without stacks it takes no memory.
  if (!stacks.any()) bpf_map__set_max_entries(skeleton->maps.told_stacks, 1);
}

Result<void> Session::Impl::load(std::uint32_t cpus) {
  TRIPTYCH_TRY_ASSIGN(skeleton, open_skeleton());
  skeleton->rodata->ring_count = rings.count();
  skeleton->rodata->ring_blocks = rings.blocks();
  skeleton->rodata->cpu_count = cpus;
  skeleton->rodata->preempt_count_distance = options.plan.preempt_count_distance;
  skeleton->rodata->summary_only = options.summary_only;
  skeleton->rodata->record_switches = options.plan.record_switches;
  skeleton->rodata->record_wakeups = options.plan.record_wakeups;
  skeleton->rodata->coroutines_from_start = options.coroutines_from_start;
  want_stacks();
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    const std::string_view name = bpf_program__name(program);
    const auto& wanted = options.plan.programs;
    bpf_program__set_autoload(program,
                              std::find(wanted.begin(), wanted.end(), name) != wanted.end());
  }
  coroutines.emplace(skeleton.get());
  coroutines->prepare(options.plan.user_probes);
  int error = bpf_map__reuse_fd(skeleton->maps.ring_data, rings.data_fd());
  if (error == 0) error = bpf_map__reuse_fd(skeleton->maps.ring_ends, rings.ends_fd());
  if (error != 0) return fail_errno("give the programs their rings", -error);
  return load_skeleton(skeleton.get());
}

Result<void> Session::Impl::attach() {
  TRIPTYCH_TRY_ASSIGN(const std::vector<int> cpus, online_cpus());
  for (const std::string& name : options.plan.programs) {
    const Hook* hook = find_hook(name);
    TRIPTYCH_CHECK(hook != nullptr);
    bpf_program* program = bpf_object__find_program_by_name(skeleton->obj, name.c_str());
    TRIPTYCH_CHECK(program != nullptr);
    if (hook->kind == HookKind::kTaskWalk) {
      walk = bpf_program__attach_iter(program, nullptr);
      if (walk == nullptr) return fail_errno("attach " + name_of(*hook), errno);
      continue;
    }
    TRIPTYCH_TRY_ASSIGN(Attachment attachment,
                        Attachment::attach(*hook, program, cpus, options.sample_period_ns));
    attachments.push_back(std::move(attachment));
  }
  return {};
}

Result<void> Session::Impl::run_walk(std::uint32_t action) {
  skeleton->bss->iter_action = action;
  skeleton->bss->iter_added = 0;
  const UniqueFd iterator(bpf_iter_create(bpf_link__fd(walk)));
  if (!iterator) return fail_errno("walk over the tasks", errno);
  char nothing[64];
  ssize_t size = 0;
  while ((size = ::read(iterator.get(), nothing, sizeof(nothing))) > 0 ||
         (size < 0 && (errno == EAGAIN || errno == EINTR))) {
  }
  if (size < 0) return fail_errno("walk over the tasks", errno);
  return {};
}

// How many tasks of `tgid` (0: all) became targets. A thread that is not yet one can create another
// behind the walk's back: walk again until there is nothing new.
Result<std::uint32_t> Session::Impl::make_targets(pid_t tgid) {
  skeleton->bss->iter_tgid = static_cast<__u32>(tgid);
  skeleton->bss->iter_excluded_tgid = static_cast<__u32>(excluded_tgid);
  std::uint32_t found = 0;
  for (int round = 0; round < kMostWalks; ++round) {
    TRIPTYCH_TRY(run_walk(TRIPTYCH_ITER_ATTACH));
    found += skeleton->bss->iter_added;
    if (skeleton->bss->iter_added == 0) break;
  }
  return found;
}

// Some kernels keep the machine's first process from BPF programs.
Result<void> Session::Impl::attach_running() {
  TRIPTYCH_TRY_ASSIGN(const std::uint32_t found,
                      make_targets(options.whole_machine ? 1 : process_tgid));
  if (options.whole_machine) {
    first_process_hidden = found == 0;
    TRIPTYCH_TRY(make_targets(0));
  } else if (found == 0 && ::kill(process_tgid, 0) == 0) {
    return fail(fmt::format("this kernel does not show process {} to BPF programs", process_tgid),
                "what it starts can be recorded: triptych record -p PID", ErrorCode::kCapability);
  } else if (found == 0) {
    return fail(fmt::format("process {} has ended", process_tgid), "ps -e lists what runs");
  }
  return {};
}

// A task can be reaped before its last switch, and the release of a reaped one comes an RCU period
// later: without waiting for them the last tasks would seem alive, or zombies. What a parent never
// reaps does not change while we look.
Result<void> Session::Impl::wait_for_last_records(const std::function<void()>& meanwhile) const {
  const auto* exiting = reinterpret_cast<volatile __s64*>(&skeleton->bss->exiting);
  const auto* unreaped = reinterpret_cast<volatile __s64*>(&skeleton->bss->unreaped);
  const std::uint64_t deadline = now_ns() + kLongestWaitNs;
  meanwhile();
  while (*exiting > 0 && now_ns() < deadline) {
    sleep_ms(1);
    meanwhile();
  }
  __s64 last = *unreaped;
  for (int unchanged = 0; last > 0 && unchanged < kStandstillPeriods && now_ns() < deadline;
       ++unchanged) {
    TRIPTYCH_TRY(grace_period.wait());
    sleep_ms(5);
    meanwhile();
    if (*unreaped != last) unchanged = -1;
    last = *unreaped;
  }
  return {};
}

std::vector<triptych_cpu_state> Session::Impl::cpu_states() const {
  const auto cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
  std::vector<triptych_cpu_state> states(cpus);
  const std::uint32_t zero = 0;
  if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.cpu_states), &zero, states.data()) != 0) {
    return {};
  }
  return states;
}

void Session::Impl::take_last_losses() {
  const std::vector<triptych_cpu_state> states = cpu_states();
  for (std::size_t cpu = 0; cpu < states.size(); ++cpu) {
    const triptych_cpu_state& state = states[cpu];
    if (state.pending_first_ns == 0) continue;
    triptych_lost lost{};
    lost.hdr.ts_ns = std::max<std::uint64_t>(state.pending_last_ns, state.pending_first_ns);
    lost.hdr.cpu = static_cast<__u16>(cpu);
    lost.hdr.kind = TRIPTYCH_EV_LOST;
    lost.hdr.size8 = sizeof(lost) / 8;
    lost.first_ns = state.pending_first_ns;
    lost.last_ns = state.pending_last_ns;
    for (int i = 0; i < TRIPTYCH_LOSS_CLASSES; ++i) {
      lost.counts[i] = static_cast<__u32>(state.pending[i]);
    }
    last_losses.push_back(lost);
  }
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::open(const Options& options, Preparation preparation) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->counted.remark = "no command was launched";
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) return fail_errno("number of CPUs", -cpus);
  TRIPTYCH_TRY_ASSIGN(impl->grace_period, GracePeriod::create());
  TRIPTYCH_TRY_ASSIGN(impl->rings, preparation.rings());
  TRIPTYCH_TRY(impl->load(static_cast<std::uint32_t>(cpus)));
  impl->first_counter = preparation.first_counter();
  TRIPTYCH_TRY(impl->attach());
  return Session(std::move(impl));
}

Result<void> Session::track_launched(pid_t tid) {
  const UniqueFd task(static_cast<int>(::syscall(SYS_pidfd_open, tid, 0)));
  if (!task) return fail_errno("open the command's process", errno);
  triptych_task_state state{};
  state.flags = TRIPTYCH_TASK_STATE_LAUNCHING;
  const int fd = task.get();
  if (bpf_map_update_elem(bpf_map__fd(impl_->skeleton->maps.tasks), &fd, &state, BPF_NOEXIST) !=
      0) {
    return fail_errno("follow the command", errno);
  }
  if (!impl_->options.plan.count_faults) {
    impl_->counted.remark =
        impl_->options.summary_only
            ? "summary mode goes without a counting event, which would cost more"
            : "page faults were not recorded";
    return {};
  }
  // The child sleeps: no fault falls between the storage, which counts from now on, and this event.
  TRIPTYCH_TRY_ASSIGN(impl_->minor_faults, open_fault_counter(PageFaultEvent::kMinor, tid));
  TRIPTYCH_TRY_ASSIGN(impl_->major_faults, open_fault_counter(PageFaultEvent::kMajor, tid));
  impl_->first_counter.reset();
  return {};
}

Result<void> Session::track_process(pid_t tgid) {
  impl_->process_tgid = tgid;
  impl_->counted.remark =
      "attached to a running process: the counting event cannot begin at the same instant";
  return {};
}

Result<void> Session::track_machine(pid_t except_tgid) {
  impl_->excluded_tgid = except_tgid;
  impl_->counted.remark =
      "the whole machine was recorded, and the counting event counts one command";
  return {};
}

CoroutinePrograms& Session::coroutines() {
  return *impl_->coroutines;
}

Result<std::uint64_t> Session::open_gate() {
  const std::uint64_t opened = now_ns();
  impl_->skeleton->bss->gate = true;
  if (impl_->process_tgid != 0 || impl_->options.whole_machine)
    TRIPTYCH_TRY(impl_->attach_running());
  return opened;
}

Result<void> Session::Impl::count_faults() {
  if (!minor_faults) return {};
  TRIPTYCH_TRY_ASSIGN(const std::uint64_t minor, read_counter(minor_faults));
  TRIPTYCH_TRY_ASSIGN(const std::uint64_t major, read_counter(major_faults));
  counted = {minor + major, true, {}};
  return {};
}

Result<std::uint64_t> Session::close_gate(const std::function<void()>& meanwhile) {
  auto& shared = *impl_->skeleton->bss;
  impl_->skeleton->data->recorded_flags = TRIPTYCH_TASK_STATE_TARGET | TRIPTYCH_TASK_STATE_EXITING;
  const std::uint64_t ended = now_ns();
  TRIPTYCH_TRY(impl_->count_faults());
  if (impl_->options.summary_only) TRIPTYCH_TRY(snapshot());
  TRIPTYCH_TRY(impl_->wait_for_last_records(meanwhile));
  shared.gate = false;
  impl_->alive = shared.alive;
  // Those who run on go on counting; of the others nothing can be missing now.
  if (impl_->alive == 0) {
    TRIPTYCH_TRY(impl_->count_faults());
  } else if (impl_->minor_faults) {
    impl_->counted.page_faults += shared.late_faults;
  }
  // Here, those that might have seen the gate open.
  TRIPTYCH_TRY(impl_->grace_period.wait());
  impl_->take_last_losses();
  impl_->last_coroutine_losses = impl_->coroutines->last_losses();
  return ended;
}

Result<void> Session::drain(const Sink& sink) {
  for (std::uint32_t ring = 0; ring < impl_->rings.count(); ++ring) {
    TRIPTYCH_TRY(impl_->rings.drain(
        ring, [&](std::span<const std::byte> record) { return sink(ring, record); }));
  }
  for (const triptych_lost& lost : std::exchange(impl_->last_losses, {})) {
    const auto ring = static_cast<std::uint32_t>(lost.hdr.cpu % impl_->rings.count());
    TRIPTYCH_TRY(sink(ring, std::as_bytes(std::span(&lost, 1))));
  }
  for (const triptych_coroutine_lost& lost : std::exchange(impl_->last_coroutine_losses, {})) {
    const auto ring = static_cast<std::uint32_t>(lost.hdr.cpu % impl_->rings.count());
    TRIPTYCH_TRY(sink(ring, std::as_bytes(std::span(&lost, 1))));
  }
  return {};
}

Result<void> Session::snapshot() {
  return impl_->run_walk(TRIPTYCH_ITER_SNAPSHOT);
}

std::uint32_t Session::rings() const {
  return impl_->rings.count();
}

bool Session::first_process_hidden() const {
  return impl_->first_process_hidden;
}

std::uint64_t Session::tasks_alive() const {
  return impl_->alive;
}

model::StackCounters Session::Impl::count_stacks() const {
  model::StackCounters counters;
  std::vector<triptych_stack_cpu_state> states(
      static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const std::uint32_t zero = 0;
  if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.stack_cpu_states), &zero, states.data()) !=
      0) {
    return counters;
  }
  for (const triptych_stack_cpu_state& state : states) {
    counters.taken += state.taken;
    counters.told += state.told;
    counters.lost += state.lost;
    counters.unreadable += state.unreadable;
    counters.lost_samples += state.lost_samples;
    counters.collisions += state.collisions;
    counters.copied += state.copied;
  }
  return counters;
}

model::ProbeCounters Session::counters() const {
  model::ProbeCounters counters;
  counters.stacks = impl_->count_stacks();
  for (const triptych_cpu_state& state : impl_->cpu_states()) {
    for (int i = 0; i < TRIPTYCH_LOSS_CLASSES; ++i) {
      counters.produced[i] += state.produced[i];
      counters.lost[i] += state.lost[i];
    }
  }
  const auto* bss = impl_->skeleton->bss;
  counters.storage_failed = bss->storage_failed;
  counters.switches_missed = bss->switches_missed;
  counters.serials_exhausted = bss->serials_exhausted;
  for (const std::string& name : impl_->options.plan.programs) {
    const bpf_program* program =
        bpf_object__find_program_by_name(impl_->skeleton->obj, name.c_str());
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0) {
      counters.recursion_misses += info.recursion_misses;
    }
  }
  return counters;
}

model::CountedFaults Session::counted_faults() const {
  return impl_->counted;
}

}  // namespace triptych::probe
