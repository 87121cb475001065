// SPDX-License-Identifier: Apache-2.0
//
// Each row of the fault table of docs/methodology.md.
#include "analyze/fault_kind.hpp"

#include <gtest/gtest.h>

#include "support/trace_builder.hpp"

namespace triptych::test {
namespace {

using analyze::fault_kind;
using analyze::FaultKind;
using model::Mapping;

constexpr std::uint16_t kReadMissing = 4, kWriteMissing = 6, kReadPresent = 5, kWritePresent = 7;
constexpr std::uint32_t kShared = 0x8, kUffdMissing = 0x200, kUffdWp = 0x1000;

enum class Got { kNothing, kZeroed, kNotZeroed };

model::Fault facts(std::uint16_t error_code, Mapping mapping, Got got, std::uint32_t vm_flags = 0,
                   std::uint8_t order = 0) {
  model::Fault fault = fault_facts(error_code, mapping, got == Got::kNothing ? 0 : 1u << order,
                                   got == Got::kZeroed, got == Got::kNotZeroed);
  fault.vm_flags |= vm_flags;
  fault.order = order;
  return fault;
}

TEST(FaultKindTest, AnonymousMemory) {
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kAnon, Got::kZeroed)), FaultKind::kFirstTouch);
  EXPECT_EQ(fault_kind(facts(kReadMissing, Mapping::kAnon, Got::kZeroed)), FaultKind::kFirstTouch);
  EXPECT_EQ(fault_kind(facts(kReadMissing, Mapping::kAnon, Got::kNothing)), FaultKind::kZeroPage);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kAnon, Got::kZeroed)),
            FaultKind::kZeroPageWrite);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kAnon, Got::kNotZeroed)), FaultKind::kCowCopy);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kAnon, Got::kNothing)), FaultKind::kWpReuse);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kAnon, Got::kNothing)), FaultKind::kUnknown);
  EXPECT_EQ(fault_kind(facts(kReadPresent, Mapping::kAnon, Got::kNothing)), FaultKind::kUnknown);
}

TEST(FaultKindTest, HugeAndLargePages) {
  // The kernel clears them itself: they are not allocated zeroed.
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kAnon, Got::kNotZeroed, 0, 9)),
            FaultKind::kHuge);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kAnon, Got::kNotZeroed, 0, 4)),
            FaultKind::kFirstTouch);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kAnon, Got::kNotZeroed, 0, 9)),
            FaultKind::kZeroPageWrite);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kShmem, Got::kNotZeroed, kShared, 9)),
            FaultKind::kHuge);
  EXPECT_EQ(fault_kind(facts(kReadMissing, Mapping::kFile, Got::kNotZeroed, 0, 9)),
            FaultKind::kFile);
}

TEST(FaultKindTest, Files) {
  EXPECT_EQ(fault_kind(facts(kReadMissing, Mapping::kFile, Got::kNothing)), FaultKind::kFile);
  EXPECT_EQ(fault_kind(facts(kReadMissing, Mapping::kFile, Got::kNotZeroed)), FaultKind::kFile);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kFile, Got::kNotZeroed, kShared)),
            FaultKind::kFile);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kShmem, Got::kNotZeroed, kShared)),
            FaultKind::kFile);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kFile, Got::kNotZeroed)),
            FaultKind::kPrivateFileCopy);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kFile, Got::kNothing)), FaultKind::kUnknown);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kFile, Got::kNotZeroed)), FaultKind::kCowCopy);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kFile, Got::kNothing)), FaultKind::kWpReuse);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kFile, Got::kNothing, kShared)),
            FaultKind::kSharedFileDirty);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kShmem, Got::kNotZeroed)),
            FaultKind::kCowCopy);
}

TEST(FaultKindTest, Hugetlb) {
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kHugetlb, Got::kNothing)),
            FaultKind::kHugetlbCopy);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kHugetlb, Got::kNothing, kShared)),
            FaultKind::kHugetlb);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kHugetlb, Got::kNothing)),
            FaultKind::kHugetlb);
}

TEST(FaultKindTest, SwapAndUserfaultfd) {
  model::Fault swapped = facts(kReadMissing, Mapping::kAnon, Got::kNotZeroed);
  EXPECT_EQ(fault_kind(swapped), FaultKind::kSwap);
  swapped = facts(kReadMissing, Mapping::kAnon, Got::kNothing);
  swapped.major = true;
  EXPECT_EQ(fault_kind(swapped), FaultKind::kSwap);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kAnon, Got::kNothing, kUffdMissing)),
            FaultKind::kUserfaultfd);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kAnon, Got::kNothing, kUffdWp)),
            FaultKind::kUserfaultfd);
  // The facts decide, not the registration.
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kAnon, Got::kNotZeroed, kUffdWp)),
            FaultKind::kCowCopy);
}

TEST(FaultKindTest, WithoutTheMappingOnlyWhatTheFactsDecideAlone) {
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kUnknown, Got::kNotZeroed)),
            FaultKind::kCowCopy);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kUnknown, Got::kZeroed)),
            FaultKind::kZeroPageWrite);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kUnknown, Got::kZeroed)),
            FaultKind::kFirstTouch);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kUnknown, Got::kNothing)),
            FaultKind::kUnknown);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kUnknown, Got::kNotZeroed)),
            FaultKind::kUnknown);
  EXPECT_EQ(fault_kind(facts(kReadMissing, Mapping::kUnknown, Got::kNothing)), FaultKind::kUnknown);
}

TEST(FaultKindTest, SpecialMappingsBringTheirOwnPages) {
  EXPECT_EQ(fault_kind(facts(kReadMissing, Mapping::kSpecial, Got::kNothing)), FaultKind::kSpecial);
  EXPECT_EQ(fault_kind(facts(kWriteMissing, Mapping::kSpecial, Got::kZeroed)), FaultKind::kSpecial);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kSpecial, Got::kNothing)),
            FaultKind::kSpecial);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kSpecial, Got::kNotZeroed)),
            FaultKind::kUnknown);
}

TEST(FaultKindTest, UnknownIsALegalKind) {
  model::Fault fault = facts(kWritePresent, Mapping::kAnon, Got::kNotZeroed);
  fault.no_start = true;
  EXPECT_EQ(fault_kind(fault), FaultKind::kUnknown);
  fault = facts(kWriteMissing, Mapping::kAnon, Got::kZeroed);
  fault.not_zeroed = true;
  EXPECT_EQ(fault_kind(fault), FaultKind::kUnknown);
  EXPECT_EQ(fault_kind(facts(kWritePresent, Mapping::kNone, Got::kNotZeroed)), FaultKind::kUnknown);
  // Nobody runs code from the zero page.
  EXPECT_EQ(fault_kind(facts(kReadMissing | 0x10, Mapping::kAnon, Got::kNothing)),
            FaultKind::kUnknown);
}

TEST(FaultKindTest, BytesThatWereCopied) {
  EXPECT_EQ(analyze::copied_bytes(FaultKind::kCowCopy, 4096), 4096u);
  EXPECT_EQ(analyze::copied_bytes(FaultKind::kHugetlbCopy, 4096), 2u << 20);
  EXPECT_EQ(analyze::copied_bytes(FaultKind::kPrivateFileCopy, 4096), 0u);
  EXPECT_EQ(analyze::copied_bytes(FaultKind::kWpReuse, 4096), 0u);
}

}  // namespace
}  // namespace triptych::test
