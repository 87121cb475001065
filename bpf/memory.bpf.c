// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Page faults. A fault begins at the exception's tracepoint, gathers the pages that are allocated for
 * it, and ends at the kernel's own accounting of it (the software events page-faults-min and -maj), in
 * the same task. What kind of fault it was is decided later, from these facts.
 */
#include "lib/stack.bpf.h"
#include "lib/summary.bpf.h"

#include <bpf/bpf_tracing.h>

struct found_mapping {
	u64 start;
	u64 end;
	u32 vm_flags;
	u8 mapping;
};

static __always_inline u8 classify_mapping(struct vm_area_struct *vma, u32 vm_flags)
{
	struct file *file = vma->vm_file;

	if (vm_flags & VM_HUGETLB)
		return TRIPTYCH_MAPPING_HUGETLB;
	if (vm_flags & (VM_PFNMAP | VM_IO))
		return TRIPTYCH_MAPPING_SPECIAL;
	if (!vma->vm_ops) /* the kernel's own test: a private mapping of /dev/zero is one too */
		return TRIPTYCH_MAPPING_ANON;
	if (!file) /* the vdso */
		return TRIPTYCH_MAPPING_SPECIAL;
	return BPF_CORE_READ(file, f_inode, i_sb, s_magic) == TMPFS_MAGIC ? TRIPTYCH_MAPPING_SHMEM
	                                                                  : TRIPTYCH_MAPPING_FILE;
}

static long look_at_mapping(struct task_struct *task, struct vm_area_struct *vma, struct found_mapping *found)
{
	found->start = vma->vm_start;
	found->end = vma->vm_end;
	found->vm_flags = vma->vm_flags;
	found->mapping = classify_mapping(vma, found->vm_flags);
	return 0;
}

/*
 * The mapping of the fault that ends. Most faults are in that of the one before; looking it up ends, where
 * interrupts are off, with one that the CPU sends to itself: up to 20 microseconds in a virtual machine.
 */
static __always_inline void find_mapping(struct task_struct *task, struct triptych_task_state *state,
                                         struct found_mapping *found)
{
	u64 address = state->fault_address;
	u32 changes = 0;
	bool counted = mapping_changes(task->mm, &changes);

	if (counted && changes == state->mapping_changes && address >= state->mapping_start &&
	    address < state->mapping_end) {
		found->vm_flags = state->mapping_flags;
		found->mapping = state->mapping;
		return;
	}
	if (bpf_find_vma(task, address, look_at_mapping, found, 0) == -2 /* ENOENT */)
		found->mapping = TRIPTYCH_MAPPING_NONE;
	state->mapping_start = found->start;
	state->mapping_end = found->end;
	state->mapping_flags = found->vm_flags;
	state->mapping_changes = changes;
	state->mapping = found->mapping;
}

static __always_inline u32 saturate(u64 value)
{
	return value > 0xffffffff ? 0xffffffff : value;
}

static __always_inline void emit_fault(const struct triptych_task_state *state, u16 flags,
                                       const struct found_mapping *found, u64 now)
{
	struct triptych_fault *record = reserve(TRIPTYCH_LOSS_FAULT, sizeof(*record), now);
	u16 all = state->fault_flags | flags;

	if (!record)
		return;
	fill_header(&record->hdr, TRIPTYCH_EV_FAULT, now, state->serial);
	record->address = state->fault_address;
	/* Where the kernel lies is told to nobody. */
	record->ip = (s64)state->fault_ip < 0 ? 0 : state->fault_ip;
	record->duration_ns = all & TRIPTYCH_FAULT_NO_START ? 0 : saturate(now - state->fault_start_ns);
	record->vm_flags = found->vm_flags;
	record->mm = state->mm;
	record->pages = state->fault_pages;
	record->error_code = state->fault_error_code;
	record->flags = all;
	record->order = state->fault_order;
	record->mapping = found->mapping;
	submit(&record->hdr, sizeof(*record));
}

/* The fault that was open has not been completed: a signal, or a kernel copy that gave up. */
static __noinline int drop_open_fault(struct task_struct *task, struct triptych_task_state *state, u64 now)
{
	struct found_mapping found = { .mapping = TRIPTYCH_MAPPING_UNKNOWN };

	state->flags &= ~TRIPTYCH_TASK_STATE_IN_FAULT;
	if (summary_only) {
		state->summary.record.faults[TRIPTYCH_SUMMARY_FAULT_UNRESOLVED]++;
		return 0;
	}
	emit_fault(state, TRIPTYCH_FAULT_UNRESOLVED, &found, now);
	return 0;
}

static __always_inline int begin_fault(u64 address, struct pt_regs *regs, u64 error_code)
{
	struct triptych_task_state *state = current_target();
	u64 now;

	if (!state || (s64)address < 0) /* not a user address */
		return 0;
	if (state->walking_stack)
		return 0;
	now = bpf_ktime_get_ns();
	if (state->flags & TRIPTYCH_TASK_STATE_IN_FAULT)
		drop_open_fault(bpf_get_current_task_btf(), state, now);
	state->flags |= TRIPTYCH_TASK_STATE_IN_FAULT;
	state->fault_start_ns = now;
	state->fault_address = address;
	state->fault_ip = regs->ip;
	state->fault_error_code = error_code;
	state->fault_flags = 0;
	state->fault_pages = 0;
	state->fault_order = 0;
	return 0;
}

/* void page_fault_user(unsigned long address, struct pt_regs *regs, unsigned long error_code)
 * With interrupts off, before anything is looked up: proves an exception, not yet a fault taken. */
SEC("?tp_btf/page_fault_user")
int BPF_PROG(on_fault_user, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	return begin_fault(address, regs, error_code);
}

/* The same when the kernel itself touches a user address: copy_to_user and its kin. */
SEC("?tp_btf/page_fault_kernel")
int BPF_PROG(on_fault_kernel, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	return begin_fault(address, regs, error_code);
}

/*
 * void mm_page_alloc(struct page *page, unsigned int order, gfp_t gfp_flags, int migratetype)
 *
 * Pages for user data ask for high, movable memory; page tables and slabs do not. The pages of a
 * hugetlb pool do not come this way, nor do those that an interrupt takes while it sits on the fault.
 */
SEC("?tp_btf/mm_page_alloc")
int BPF_PROG(on_page_alloc, struct page *page, unsigned int order, gfp_t gfp_flags, int migratetype)
{
	struct triptych_task_state *state;

	if ((gfp_flags & GFP_HIGHUSER_MOVABLE_BITS) != GFP_HIGHUSER_MOVABLE_BITS)
		return 0;
	state = current_target();
	if (!state || !(state->flags & (TRIPTYCH_TASK_STATE_IN_FAULT | TRIPTYCH_TASK_STATE_IN_KERNEL_FAULT)))
		return 0;
	if (in_interrupt(bpf_get_current_task_btf()))
		return 0;
	state->fault_pages += 1u << (order & 31);
	if (order > state->fault_order)
		state->fault_order = order;
	state->fault_flags |= gfp_flags & GFP_ZERO_BIT ? TRIPTYCH_FAULT_ZEROED : TRIPTYCH_FAULT_NOT_ZEROED;
	return 0;
}

static __always_inline void fix_fault_baseline(struct triptych_task_state *state, struct task_struct *task,
                                               bool major, u64 now)
{
	struct triptych_counters counters = {};

	if (!(state->flags & TRIPTYCH_TASK_STATE_NEW_FAULTS))
		return;
	read_counters(&counters, task);
	counters.min_flt -= !major; /* this fault is already in it, and is recorded */
	counters.maj_flt -= major;
	state->flags &= ~TRIPTYCH_TASK_STATE_NEW_FAULTS;
	emit_baseline(state->serial, &counters, state->prelude_faults, TRIPTYCH_BASELINE_FAULTS, now);
}

static __always_inline bool wants_stack(const struct triptych_task_state *state)
{
	const u16 copies = TRIPTYCH_FAULT_EC_PRESENT | TRIPTYCH_FAULT_EC_WRITE;

	if (stacks_wanted & TRIPTYCH_STACKS_FAULT)
		return true;
	return (stacks_wanted & TRIPTYCH_STACKS_COW) && (state->fault_error_code & copies) == copies;
}

static __always_inline int end_fault(struct bpf_perf_event_data *ctx, bool major)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct triptych_task_state *state = find_task(task);
	struct found_mapping found = { .mapping = TRIPTYCH_MAPPING_UNKNOWN };
	bool kernel_mode;
	u64 now;

	if (!state)
		return 0;
	if (!gate || !is_target(state)) {
		state->prelude_faults++;
		return 0;
	}
	if (is_ending())
		__sync_fetch_and_add(&late_faults, 1);
	now = bpf_ktime_get_ns();
	fix_fault_baseline(state, task, major, now);
	state->faults++;
	if (!(state->flags & TRIPTYCH_TASK_STATE_IN_FAULT)) {
		state->fault_address = ctx->addr;
		state->fault_ip = ctx->regs.ip;
		state->fault_error_code = 0;
		state->fault_flags = TRIPTYCH_FAULT_NO_START;
		state->fault_pages = 0;
		state->fault_order = 0;
	}
	state->flags &= ~TRIPTYCH_TASK_STATE_IN_FAULT;
	kernel_mode = !(state->fault_error_code & TRIPTYCH_FAULT_EC_USER);
	if (summary_only) {
		summarize_fault(&state->summary, state, major, kernel_mode, now);
		return 0;
	}
	find_mapping(task, state, &found);
	if (wants_stack(state))
		take_stacks_of(ctx, TRIPTYCH_STACK_SLOT_FAULT, TRIPTYCH_STACKS_FAULT | TRIPTYCH_STACKS_COW,
		               TRIPTYCH_EV_FAULT, state, now);
	emit_fault(state, major ? TRIPTYCH_FAULT_MAJOR : 0, &found, now);
	return 0;
}

/* PERF_COUNT_SW_PAGE_FAULTS_MIN with period 1, on every CPU: mm_account_fault, at the end. */
SEC("?perf_event")
int on_fault_minor(struct bpf_perf_event_data *ctx)
{
	return end_fault(ctx, false);
}

/* PERF_COUNT_SW_PAGE_FAULTS_MAJ: the page had to be read. */
SEC("?perf_event")
int on_fault_major(struct bpf_perf_event_data *ctx)
{
	return end_fault(ctx, true);
}

/*
 * vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags,
 *			      struct pt_regs *regs)
 *
 * Without registers it is the kernel that needs the page (get_user_pages: exec's arguments, mlock,
 * MAP_POPULATE, direct I/O). It counts in the current task's min_flt and in no tracepoint or event.
 */
SEC("?fentry/handle_mm_fault")
int BPF_PROG(on_kernel_taken_start, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
             struct pt_regs *regs)
{
	struct triptych_task_state *state;

	if (regs)
		return 0;
	state = current_target();
	if (!state || (state->flags & TRIPTYCH_TASK_STATE_IN_FAULT))
		return 0;
	state->flags |= TRIPTYCH_TASK_STATE_IN_KERNEL_FAULT;
	state->fault_start_ns = bpf_ktime_get_ns();
	state->fault_flags = 0;
	state->fault_pages = 0;
	state->fault_order = 0;
	return 0;
}

SEC("?fexit/handle_mm_fault")
int BPF_PROG(on_kernel_taken_end, struct vm_area_struct *vma, unsigned long address, unsigned int flags,
             struct pt_regs *regs, unsigned int result)
{
	struct triptych_task_state *state;
	struct found_mapping found = {};
	u16 kind = TRIPTYCH_FAULT_KERNEL_TAKEN | TRIPTYCH_FAULT_FROM_FENTRY;

	if (regs)
		return 0;
	state = current_target();
	if (!state || !(state->flags & TRIPTYCH_TASK_STATE_IN_KERNEL_FAULT))
		return 0;
	state->flags &= ~TRIPTYCH_TASK_STATE_IN_KERNEL_FAULT;
	if (summary_only || (result & (VM_FAULT_ERROR | VM_FAULT_RETRY)))
		return 0;
	/* The mapping may be gone by now, but its address and the task's mm are not. */
	state->fault_address = address;
	state->fault_ip = 0;
	state->fault_error_code = 0;
	if (result & VM_FAULT_MAJOR)
		kind |= TRIPTYCH_FAULT_MAJOR;
	found.mapping = TRIPTYCH_MAPPING_UNKNOWN;
	emit_fault(state, kind, &found, bpf_ktime_get_ns());
	return 0;
}
