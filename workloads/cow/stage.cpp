// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>

#include "workloads/cow/cow.hpp"
#include "workloads/limits.hpp"

namespace triptych::workloads::cow {
namespace {

constexpr std::uint64_t kWhole = 1'000'000;

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t faults_so_far() {
  rusage counted{};
  ::getrusage(RUSAGE_THREAD, &counted);
  return static_cast<std::uint64_t>(counted.ru_minflt + counted.ru_majflt);
}

std::uint64_t share_of(std::uint64_t count, std::uint64_t share) {
  return (count * share + kWhole / 2) / kWhole;
}

// `wanted` of the candidates, spread evenly. Appends them.
void spread(const std::vector<std::uint32_t>& candidates, std::uint64_t wanted,
            std::vector<std::uint32_t>* chosen) {
  const std::uint64_t count = candidates.size();
  for (std::uint64_t i = 0; i < count; ++i) {
    if ((i + 1) * wanted / count != i * wanted / count) chosen->push_back(candidates[i]);
  }
}

// Both are in ascending order.
std::vector<std::uint32_t> united(const std::vector<std::uint32_t>& one,
                                  const std::vector<std::uint32_t>& other) {
  std::vector<std::uint32_t> all;
  std::set_union(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(all));
  return all;
}

double per(std::uint64_t sum, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

}  // namespace

Plan Plan::make(std::uint64_t pages, const Shares& shares, Backing backing, Memory memory) {
  Plan plan;
  plan.pages = pages;
  std::vector<std::uint32_t> all(pages);
  for (std::uint64_t page = 0; page < pages; ++page) all[page] = static_cast<std::uint32_t>(page);
  spread(all, share_of(pages, shares.child), &plan.child);
  std::vector<std::uint32_t> left_alone;
  std::set_difference(all.begin(), all.end(), plan.child.begin(), plan.child.end(),
                      std::back_inserter(left_alone));
  const std::uint64_t during = share_of(pages, shares.during);
  const std::uint64_t first = std::min<std::uint64_t>(during, left_alone.size());
  spread(left_alone, first, &plan.during);
  spread(plan.child, during - first, &plan.during);
  std::sort(plan.during.begin(), plan.during.end());
  spread(all, share_of(pages, shares.after), &plan.after);
  if (backing == Backing::kAnonymous) {
    plan.copies = memory == Memory::kOfBoth ? 0 : plan.child.size() + first;
    return plan;
  }
  const std::vector<std::uint32_t> creators = united(plan.during, plan.after);
  if (memory == Memory::kOfBoth) {
    plan.copies = united(plan.child, creators).size();
    plan.needs_restoring = plan.copies > 0;
  } else {  // the child's copies go with the child
    plan.copies = plan.child.size() + creators.size();
    plan.needs_restoring = !creators.empty();
  }
  return plan;
}

void Writing::add(const Writing& other) {
  pages += other.pages;
  faults += other.faults;
  elapsed_ns += other.elapsed_ns;
}

Result<Stage> Stage::prepare(const Parameters& parameters, Memory memory) {
  const std::uint64_t bytes = parameters.value("resident") / kPageBytes * kPageBytes;
  Needs needs;
  needs.tasks = 1;
  needs.memory_bytes = 2 * bytes;  // all of it may be copied
  TRIPTYCH_TRY(require(needs));
  const bool file = parameters.choice("memory") == "file";
  const bool huge = parameters.choice("pages") == "huge";
  if (file && huge) {
    return fail("pages=huge is for anonymous memory", "leave out memory=file", ErrorCode::kUsage);
  }
  Stage stage;
  if (file) {
    TRIPTYCH_TRY_ASSIGN(stage.memory_, Mapping::private_file(bytes));
  } else {
    TRIPTYCH_TRY_ASSIGN(stage.memory_,
                        Mapping::anonymous(bytes, huge ? PageSize::kHuge : PageSize::kSmall));
    stage.memory_.touch();
  }
  stage.plan_ = std::make_unique<const Plan>(
      Plan::make(bytes / kPageBytes,
                 {parameters.value("child"), parameters.value("during"), parameters.value("after")},
                 file ? Backing::kFile : Backing::kAnonymous, memory));
  stage.memory_.read();
  return stage;
}

Writing Stage::write(const std::vector<std::uint32_t>& pages) const {
  unsigned char* const data = memory_.data();
  Writing writing;
  writing.pages = pages.size();
  // A forked child has none of the clock's and of the program's own pages in its tables yet.
  static_cast<void>(now_ns());
  for (const std::uint32_t page : pages)
    static_cast<void>(*static_cast<const volatile std::uint32_t*>(&page));
  const std::uint64_t faults = faults_so_far();
  const std::uint64_t start = now_ns();
  for (const std::uint32_t page : pages) {
    *static_cast<volatile unsigned char*>(data + page * kPageBytes) = 2;
  }
  writing.elapsed_ns = now_ns() - start;
  writing.faults = faults_so_far() - faults;
  return writing;
}

void Stage::restore() const {
  ::madvise(memory_.data(), memory_.bytes(), MADV_DONTNEED);
  // Without a fault of this process, where the kernel can (since 5.14): in a recording there are
  // then the operation's only.
  if (::madvise(memory_.data(), memory_.bytes(), MADV_POPULATE_READ) != 0) memory_.read();
}

std::vector<Metric> Stage::metrics() const {
  const char* const clock = "CLOCK_MONOTONIC around the writing";
  const char* const faults = "getrusage of the writing thread, ru_minflt + ru_majflt";
  return {
      {kMemoryPages, "1", static_cast<double>(plan_->pages), "resident / 4 KiB"},
      {kMemoryAddress, "1", static_cast<double>(reinterpret_cast<std::uintptr_t>(memory_.data())),
       "where the memory begins, to find its faults in a trace"},
      {"huge_bytes", "bytes", static_cast<double>(huge_bytes(memory_)),
       "/proc/self/smaps AnonHugePages"},
      {"copies_expected", "1", static_cast<double>(plan_->copies),
       "pages of an operation that one side writes while both, or a file, have them"},
      {"child_pages", "1", per(child_.pages, operations_), "written by the unit, an operation"},
      {"child_faults", "1", per(child_.faults, operations_), faults},
      {"child_write_ns_per_page", "ns", per(child_.elapsed_ns, child_.pages), clock},
      {"during_pages", "1", per(during_.pages, operations_),
       "written by the creator while the unit lives, an operation"},
      {"during_faults", "1", per(during_.faults, operations_), faults},
      {"during_write_ns_per_page", "ns", per(during_.elapsed_ns, during_.pages), clock},
      {"after_pages", "1", per(after_.pages, operations_),
       "written by the creator after the unit's end, an operation"},
      {"after_faults", "1", per(after_.faults, operations_), faults},
      {"after_write_ns_per_page", "ns", per(after_.elapsed_ns, after_.pages), clock},
  };
}

}  // namespace triptych::workloads::cow
