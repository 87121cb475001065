// SPDX-License-Identifier: Apache-2.0
#include "probe/user_probes.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <link.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "probe/trial_program.hpp"

namespace triptych::probe {
namespace {

// The part of union bpf_attr that BPF_LINK_CREATE reads for this attach type, laid out as the
// kernel has it: libbpf 1.1 has no wrapper for it.
struct LinkCreate {
  std::uint32_t program;
  std::uint32_t target;  // none
  std::uint32_t attach_type;
  std::uint32_t flags;
  std::uint64_t path;
  std::uint64_t offsets;
  std::uint64_t reference_counters;
  std::uint64_t cookies;
  std::uint32_t count;
  std::uint32_t probe_flags;
  std::uint32_t tgid;  // 0: whoever maps the file
  std::uint32_t reserved;
};
static_assert(sizeof(LinkCreate) == 64);

// What the trial is attached to.
asm(R"(
    .pushsection .text
triptych_trial_place:
    nop
    ret
    .popsection
)");
extern "C" void triptych_trial_place();

struct OffsetSearch {
  std::uint64_t address;
  std::uint64_t offset;
};

int find_offset(dl_phdr_info* object, std::size_t /*size*/, void* found) {
  auto& search = *static_cast<OffsetSearch*>(found);
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    const std::uint64_t begin = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type != PT_LOAD || search.address < begin ||
        search.address - begin >= segment.p_filesz) {
      continue;
    }
    search.offset = segment.p_offset + (search.address - begin);
    return 1;
  }
  return -1;  // the first object is the program itself, and the place is in it
}

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

tl::unexpected<Error> not_known(int errno_value) {
  std::string message = "this kernel does not take probes in programs (uprobe_multi): ";
  message += std::generic_category().message(errno_value);
  return fail(std::move(message), "it needs Linux 6.6 or newer; --coroutines off records the rest",
              ErrorCode::kCapability);
}

Result<UniqueFd> load_trial() {
  LIBBPF_OPTS(bpf_prog_load_opts, options,
              .expected_attach_type = static_cast<bpf_attach_type>(kUserProbesAttachType));
  UniqueFd program(bpf_prog_load(BPF_PROG_TYPE_KPROBE, "triptych_trial", "Dual BSD/GPL",
                                 kReturnZero, std::size(kReturnZero), &options));
  if (!program) return fail_errno("load refused", errno);
  return program;
}

// In the file of this name.
UniqueFd link(int program, const char* path, const std::vector<std::uint64_t>& offsets,
              const std::vector<std::uint64_t>& cookies,
              const std::vector<std::uint64_t>& reference_counters) {
  LinkCreate what{};
  what.program = static_cast<std::uint32_t>(program);
  what.attach_type = kUserProbesAttachType;
  what.path = address_of(path);
  what.offsets = address_of(offsets.data());
  what.cookies = address_of(cookies.data());
  what.reference_counters = address_of(reference_counters.data());
  what.count = static_cast<std::uint32_t>(offsets.size());
  return UniqueFd(static_cast<int>(::syscall(SYS_bpf, BPF_LINK_CREATE, &what, sizeof what)));
}

}  // namespace

Result<UniqueFd> attach_user_probes(int program, int file, std::span<const UserProbe> probes,
                                    std::uint64_t first_cookie) {
  const std::string path = fmt::format("/proc/self/fd/{}", file);
  std::vector<std::uint64_t> offsets, cookies, reference_counters;
  for (const UserProbe& probe : probes) {
    offsets.push_back(probe.offset);
    reference_counters.push_back(probe.watchers);
    cookies.push_back(first_cookie + cookies.size());
  }
  UniqueFd attached = link(program, path.c_str(), offsets, cookies, reference_counters);
  if (!attached) return not_known(errno);
  return attached;
}

Result<TrialPlace> trial_place() {
  OffsetSearch place{reinterpret_cast<std::uint64_t>(&triptych_trial_place), 0};
  if (::dl_iterate_phdr(find_offset, &place) != 1) return fail("our own program cannot be found");
  UniqueFd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  if (!self) return fail_errno("open our own program", errno);
  return TrialPlace{std::move(self), {place.offset, {}, 0}};
}

Result<void> try_user_probes() {
  TRIPTYCH_TRY_ASSIGN(const TrialPlace place, trial_place());
  TRIPTYCH_TRY_ASSIGN(const UniqueFd program, load_trial());
  TRIPTYCH_TRY(attach_user_probes(program.get(), place.file.get(), std::span(&place.probe, 1), 0));
  return {};
}

Result<void> find_user_probes() {
  TRIPTYCH_TRY_ASSIGN(const UniqueFd program, load_trial());
  // Who knows of them says that this is no file; who does not, that it was asked for nonsense.
  const UniqueFd attached = link(program.get(), "/", {0}, {0}, {0});
  if (attached || errno == EBADF) return {};
  return not_known(errno);
}

}  // namespace triptych::probe
