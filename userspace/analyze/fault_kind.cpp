// SPDX-License-Identifier: Apache-2.0
#include "analyze/fault_kind.hpp"

namespace triptych::analyze {
namespace {

constexpr std::uint32_t kVmShared = 0x8;
constexpr std::uint32_t kVmUffdMissing = 0x200;
constexpr std::uint32_t kVmUffdWp = 0x1000;
constexpr std::uint8_t kHugeOrder = 9;

// What was allocated for user data while the fault was in flight. kMixed fits no row of the table.
enum class Allocated { kNothing, kZeroed, kNotZeroed, kMixed };

Allocated allocated(const model::Fault& f) {
  if (f.zeroed && f.not_zeroed) return Allocated::kMixed;
  if (f.zeroed) return Allocated::kZeroed;
  if (f.not_zeroed) return Allocated::kNotZeroed;
  return f.pages == 0 ? Allocated::kNothing : Allocated::kMixed;
}

bool is_private(const model::Fault& f) {
  return (f.vm_flags & kVmShared) == 0;
}

// The kernel clears huge and large folios itself, so they come without __GFP_ZERO: for them it is
// the order, not the zeroing, that tells them from a copy.
FaultKind missing_anonymous(const model::Fault& f, Allocated got, bool write) {
  if (f.major) return FaultKind::kSwap;
  if (f.order >= kHugeOrder) return FaultKind::kHuge;
  switch (got) {
    case Allocated::kNothing:
      // Nobody executes the zero page: such a mapping is not what it seems.
      if (write || (f.error_code & kFaultInstruction) != 0) return FaultKind::kUnknown;
      return FaultKind::kZeroPage;
    case Allocated::kZeroed:
      return FaultKind::kFirstTouch;
    case Allocated::kNotZeroed:
      return f.order > 0 ? FaultKind::kFirstTouch : FaultKind::kSwap;
    case Allocated::kMixed:
      return FaultKind::kUnknown;
  }
  return FaultKind::kUnknown;
}

// A private mapping of a file that is written before it is read gets its own copy at once. Only
// anonymous memory is allocated zeroed: a private mapping of /dev/zero is that, file or not.
FaultKind missing_file(const model::Fault& f, Allocated got, bool write) {
  if (f.mapping == model::Mapping::kShmem && f.order >= kHugeOrder) return FaultKind::kHuge;
  if (!write || !is_private(f)) return FaultKind::kFile;
  if (got == Allocated::kNotZeroed) return FaultKind::kPrivateFileCopy;
  if (got == Allocated::kZeroed) return FaultKind::kFirstTouch;
  return FaultKind::kUnknown;
}

FaultKind missing(const model::Fault& f, Allocated got, bool write) {
  switch (f.mapping) {
    case model::Mapping::kAnon:
      return missing_anonymous(f, got, write);
    case model::Mapping::kFile:
    case model::Mapping::kShmem:
      return missing_file(f, got, write);
    case model::Mapping::kHugetlb:
      return FaultKind::kHugetlb;
    case model::Mapping::kUnknown:
      // Only anonymous memory is allocated zeroed, page by page.
      return write && got == Allocated::kZeroed && f.order == 0 ? FaultKind::kFirstTouch
                                                                : FaultKind::kUnknown;
    case model::Mapping::kSpecial:
      // The handler of such a mapping puts in a page that is there already, or a page frame.
      return FaultKind::kSpecial;
    case model::Mapping::kNone:
      return FaultKind::kUnknown;
  }
  return FaultKind::kUnknown;
}

// In private memory; also for an unknown mapping, since a shared one never allocates here.
FaultKind protected_private(const model::Fault& f, Allocated got) {
  switch (got) {
    case Allocated::kNothing:
      return f.mapping == model::Mapping::kUnknown ? FaultKind::kUnknown : FaultKind::kWpReuse;
    case Allocated::kZeroed:
      return FaultKind::kZeroPageWrite;
    case Allocated::kNotZeroed:
      if (f.order == 0) return FaultKind::kCowCopy;
      // A huge page is never copied whole, it is split: this one replaces the huge zero page.
      return f.order >= kHugeOrder && f.mapping == model::Mapping::kAnon ? FaultKind::kZeroPageWrite
                                                                         : FaultKind::kUnknown;
    case Allocated::kMixed:
      return FaultKind::kUnknown;
  }
  return FaultKind::kUnknown;
}

FaultKind write_protected(const model::Fault& f, Allocated got) {
  switch (f.mapping) {
    case model::Mapping::kAnon:
    case model::Mapping::kUnknown:
      return protected_private(f, got);
    case model::Mapping::kFile:
    case model::Mapping::kShmem:
      return is_private(f) ? protected_private(f, got) : FaultKind::kSharedFileDirty;
    case model::Mapping::kHugetlb:
      return is_private(f) ? FaultKind::kHugetlbCopy : FaultKind::kHugetlb;
    case model::Mapping::kSpecial:
      return got == Allocated::kNothing ? FaultKind::kSpecial : FaultKind::kUnknown;
    case model::Mapping::kNone:
      return FaultKind::kUnknown;
  }
  return FaultKind::kUnknown;
}

}  // namespace

FaultKind fault_kind(const model::Fault& f) {
  if (f.no_start) return FaultKind::kUnknown;
  const bool present = (f.error_code & kFaultPresent) != 0;
  const bool write = (f.error_code & kFaultWrite) != 0;
  const Allocated got = allocated(f);
  if (got == Allocated::kNothing) {
    // The page comes from the handler, or the protection is lifted by it: nothing is allocated
    // here.
    if (!present && (f.vm_flags & kVmUffdMissing) != 0) return FaultKind::kUserfaultfd;
    if (present && write && (f.vm_flags & kVmUffdWp) != 0) return FaultKind::kUserfaultfd;
  }
  if (!present) return missing(f, got, write);
  return write ? write_protected(f, got) : FaultKind::kUnknown;
}

std::uint64_t copied_bytes(FaultKind kind, std::uint32_t page_size) {
  if (kind == FaultKind::kCowCopy) return page_size;
  if (kind == FaultKind::kHugetlbCopy) return kHugePageBytes;
  return 0;
}

}  // namespace triptych::analyze
