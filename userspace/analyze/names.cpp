// SPDX-License-Identifier: Apache-2.0
//
// The names that reports use: part of the JSON schema, so append-only.
#include <string_view>

#include "analyze/interval.hpp"
#include "analyze/summary.hpp"

namespace triptych::analyze {

std::string_view name_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kFirstTouch:
      return "first_touch";
    case FaultKind::kZeroPage:
      return "zero_page";
    case FaultKind::kZeroPageWrite:
      return "zero_page_write";
    case FaultKind::kFile:
      return "file";
    case FaultKind::kSharedFileDirty:
      return "shared_file_dirty";
    case FaultKind::kPrivateFileCopy:
      return "private_file_copy";
    case FaultKind::kCowCopy:
      return "cow_copy";
    case FaultKind::kWpReuse:
      return "wp_reuse";
    case FaultKind::kHuge:
      return "huge";
    case FaultKind::kHugetlbCopy:
      return "hugetlb_copy";
    case FaultKind::kHugetlb:
      return "hugetlb";
    case FaultKind::kSwap:
      return "swap";
    case FaultKind::kUserfaultfd:
      return "userfaultfd";
    case FaultKind::kSpecial:
      return "special";
    case FaultKind::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view name_of(CreatedBy how) {
  switch (how) {
    case CreatedBy::kUnknown:
      return "unknown";
    case CreatedBy::kLaunched:
      return "launched";
    case CreatedBy::kAttached:
      return "attached";
    case CreatedBy::kFork:
      return "fork";
    case CreatedBy::kVfork:
      return "vfork";
    case CreatedBy::kThread:
      return "thread";
    case CreatedBy::kClone:
      return "clone";
    case CreatedBy::kIoWorker:
      return "io_worker";
    case CreatedBy::kUserWorker:
      return "user_worker";
    case CreatedBy::kKthread:
      return "kthread";
  }
  return "unknown";
}

std::string_view name_of(UnknownCause cause) {
  switch (cause) {
    case UnknownCause::kBeforeFirstEvent:
      return "before_first_event";
    case UnknownCause::kLoss:
      return "loss";
    case UnknownCause::kUnexplained:
      return "unexplained";
    case UnknownCause::kWakeupsLeftOut:
      return "wakeups_left_out";
  }
  return "unknown";
}

std::string_view name_of(RunnableWhy why) {
  switch (why) {
    case RunnableWhy::kUntold:
      return "";
    case RunnableWhy::kWoken:
      return "woken";
    case RunnableWhy::kPreempted:
      return "preempted";
    case RunnableWhy::kYielded:
      return "yielded";
  }
  return "";
}

std::string_view name_of(AuditVerdict verdict) {
  switch (verdict) {
    case AuditVerdict::kEqual:
      return "equal";
    case AuditVerdict::kDiffers:
      return "differs";
    case AuditVerdict::kNotComparable:
      return "not comparable";
  }
  return "not comparable";
}

}  // namespace triptych::analyze
