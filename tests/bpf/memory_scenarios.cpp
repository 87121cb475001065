// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "bpf/scenarios.hpp"

namespace triptych::scenarios {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugePage = 2 << 20;

volatile char sink;

char* map(std::size_t bytes, int flags = MAP_PRIVATE | MAP_ANONYMOUS, int fd = -1) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (memory == MAP_FAILED) std::exit(kCannot);
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);
  sink = 0;  // so that its page is there before anything is counted
  return static_cast<char*>(memory);
}

void write_pages(char* memory, std::size_t pages) {
  for (std::size_t i = 0; i < pages; ++i) *const_cast<volatile char*>(memory + i * kPage) = 1;
}

void read_pages(const char* memory, std::size_t pages) {
  for (std::size_t i = 0; i < pages; ++i) sink = memory[i * kPage];
}

// A directory of a file system that writes to something, and does not live in memory alone.
const char* disk() {
  constexpr long kTmpfs = 0x01021994, kRamfs = 0x858458f6;
  for (const char* directory : {".", "/var/tmp", "/tmp"}) {
    struct statfs file_system = {};
    if (::statfs(directory, &file_system) != 0) continue;
    const long type = file_system.f_type & 0xffffffff;
    if (type != kTmpfs && type != kRamfs) return directory;
  }
  std::fprintf(stderr, "no file system that is not in memory alone\n");
  std::exit(kCannot);
}

// A file that nobody else can name, of which every `stride`th page has been written.
int file_of(std::size_t pages, const std::string& directory = ".", std::size_t stride = 1) {
  std::string name = directory + "/triptych-test-XXXXXX";
  const int fd = ::mkstemp(name.data());
  if (fd < 0) std::exit(kCannot);
  ::unlink(name.c_str());
  static char content[kPage] = {1};
  for (std::size_t i = 0; i < pages; ++i) {
    const auto at = static_cast<off_t>(i * stride * kPage);
    if (::pwrite(fd, content, kPage, at) != static_cast<ssize_t>(kPage)) std::exit(kCannot);
  }
  if (stride == 1) ::fsync(fd);  // pages far apart take long
  return fd;
}

// The kernel maps what it has of a file around a fault, 64 KiB at most: pages farther apart than
// that fault each by itself.
constexpr std::size_t kApart = 64;

void read_pages_apart(const char* memory, std::size_t pages) {
  for (std::size_t i = 0; i < pages; ++i) sink = memory[i * kApart * kPage];
}

int first_touch(std::size_t n) {
  char* memory = map(n * kPage);
  begin();
  write_pages(memory, n);
  end();
  return 0;
}

int zero_page(std::size_t n) {
  char* memory = map(n * kPage);
  begin();
  read_pages(memory, n);
  end();
  return 0;
}

int zero_page_write(std::size_t n) {
  char* memory = map(n * kPage);
  read_pages(memory, n);
  begin();
  write_pages(memory, n);
  end();
  return 0;
}

int private_file_copy(std::size_t n) {
  char* memory = map(n * kPage, MAP_PRIVATE, file_of(n));
  begin();
  write_pages(memory, n);
  end();
  return 0;
}

int private_file_write_after_read(std::size_t n) {
  char* memory = map(n * kPage, MAP_PRIVATE, file_of(n));
  read_pages(memory, n);
  begin();
  write_pages(memory, n);
  end();
  return 0;
}

int file_minor(std::size_t n) {
  const char* memory = map(n * kApart * kPage, MAP_PRIVATE, file_of(n, disk(), kApart));
  begin();
  read_pages_apart(memory, n);
  end();
  return 0;
}

bool any_in_memory(char* memory, std::size_t pages) {
  unsigned char there = 0;
  for (std::size_t i = 0; i < pages && (there & 1) == 0; ++i) {
    if (::mincore(memory + i * kApart * kPage, kPage, &there) != 0) return true;
  }
  return (there & 1) != 0;
}

// What has been written back can be dropped; a page that somebody looks at just then stays.
int file_major(std::size_t n) {
  const int fd = file_of(n, disk(), kApart);
  char* memory = map(n * kApart * kPage, MAP_PRIVATE, fd);
  ::madvise(memory, n * kApart * kPage, MADV_RANDOM);  // nothing is read ahead
  bool there = true;
  for (int attempt = 0; attempt < 20 && there; ++attempt) {
    if (attempt != 0) ::usleep(10'000);
    ::fsync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    there = any_in_memory(memory, n);
  }
  if (there) {
    std::fprintf(stderr, "the file's pages cannot be dropped from memory\n");
    return kCannot;
  }
  begin();
  read_pages_apart(memory, n);
  end();
  return 0;
}

// Whole pages that are read once are clean, and the kernel wants to know who dirties them.
int shared_file_dirty(std::size_t n) {
  char* memory = map(n * kPage, MAP_SHARED, file_of(n, disk()));
  read_pages(memory, n);
  begin();
  write_pages(memory, n);
  end();
  return 0;
}

// A file in memory alone has nothing to write back: its pages are mapped to be written at once.
int memory_file_dirty(std::size_t n) {
  const int fd = ::memfd_create("triptych-test", MFD_CLOEXEC);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(n * kPage)) != 0) return kCannot;
  char* memory = map(n * kPage, MAP_SHARED, fd);
  read_pages(memory, n);
  begin();
  write_pages(memory, n);
  end();
  return 0;
}

int shared_memory(std::size_t n) {
  char* memory = map(n * kPage, MAP_SHARED | MAP_ANONYMOUS);
  begin();
  write_pages(memory, n);
  end();
  return 0;
}

// One address, again and again: private memory, then shared memory mapped over it.
int mapped_anew(std::size_t n) {
  char* memory = map(kPage);
  begin();
  for (std::size_t i = 0; i < 2 * n; ++i) {
    const int sharing = i % 2 == 0 ? MAP_PRIVATE : MAP_SHARED;
    if (::mmap(memory, kPage, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_ANONYMOUS | sharing, -1, 0) ==
        MAP_FAILED) {
      return kCannot;
    }
    write_pages(memory, 1);
  }
  end();
  return 0;
}

// The child writes three tenths of the pages, then the parent, while the child still lives, the
// others: as many copies in each, between marks of its own.
int cow(std::size_t n) {
  char* memory = map(n * kPage);
  write_pages(memory, n);
  int to_child[2], to_parent[2];
  if (::pipe(to_child) != 0 || ::pipe(to_parent) != 0) return kCannot;
  char byte = 0;
  const std::size_t of_child = n * 3 / 10;
  const pid_t child = ::fork();
  if (child == 0) {
    begin();
    write_pages(memory, of_child);
    end();
    if (::write(to_parent[1], &byte, 1) != 1 || ::read(to_child[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  if (::read(to_parent[0], &byte, 1) != 1) return 1;
  begin();
  write_pages(memory + of_child * kPage, n - of_child);
  end();
  if (::write(to_child[1], &byte, 1) != 1) return 1;
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// On one CPU: a page that still waits in another one's batch for the list of used pages has a
// second reference, and the kernel copies it rather than ask around.
int reuse_after_child(std::size_t n) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  ::sched_setaffinity(0, sizeof(one), &one);
  char* memory = map(n * kPage);
  write_pages(memory, n);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  int status = 0;
  ::waitpid(child, &status, 0);
  begin();
  write_pages(memory, n);
  end();
  return status;
}

// One instruction at a known address writes to pages at known addresses.
int known_places(std::size_t n) {
  const auto place = [](std::uintptr_t address, std::size_t bytes) {
    void* memory = ::mmap(reinterpret_cast<void*>(address), bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (memory != reinterpret_cast<void*>(address)) std::exit(kCannot);
    ::madvise(memory, bytes, MADV_NOHUGEPAGE);
    return static_cast<char*>(memory);
  };
  char* code = place(kTouchingAt, kPage);
  std::memcpy(code, "\xc6\x07\x01\xc3", 4);  // movb $1, (%rdi); ret
  if (::mprotect(code, kPage, PROT_READ | PROT_EXEC) != 0) return kCannot;
  char* memory = place(kTouchedAt, n * kPage);
  const auto touch = reinterpret_cast<void (*)(char*)>(code);
  char own = 0;
  touch(&own);
  begin();
  for (std::size_t i = 0; i < n; ++i) touch(memory + i * kPage + i % kPage);
  end();
  return own == 1 ? 0 : 1;
}

int huge(std::size_t n) {
  auto* memory = static_cast<char*>(::mmap(nullptr, (n + 1) * kHugePage, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) return kCannot;
  auto* aligned = reinterpret_cast<char*>((reinterpret_cast<std::size_t>(memory) + kHugePage - 1) /
                                          kHugePage * kHugePage);
  if (::madvise(aligned, n * kHugePage, MADV_HUGEPAGE) != 0) {
    std::fprintf(stderr, "no transparent huge pages\n");
    return kCannot;
  }
  begin();
  for (std::size_t i = 0; i < n; ++i) *const_cast<volatile char*>(aligned + i * kHugePage) = 1;
  end();
  return 0;
}

int hugetlb_copy(std::size_t n) {
  void* mapped = ::mmap(nullptr, n * kHugePage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
  if (mapped == MAP_FAILED) {
    std::fprintf(stderr, "no huge pages in the pool\n");
    return kCannot;
  }
  auto* memory = static_cast<volatile char*>(mapped);
  for (std::size_t i = 0; i < n; ++i) memory[i * kHugePage] = 1;
  const pid_t child = ::fork();
  if (child == 0) {
    begin();
    for (std::size_t i = 0; i < n; ++i) memory[i * kHugePage] = 2;
    end();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

int swapped_out(std::size_t n) {
  char* memory = map(n * kPage);
  write_pages(memory, n);
  if (::madvise(memory, n * kPage, MADV_PAGEOUT) != 0) return kCannot;
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    static_cast<void>(*const_cast<volatile char*>(memory + i * kPage));
  }
  end();
  return 0;
}

// The kernel itself touches the pages, on behalf of read(2).
int kernel_mode(std::size_t n) {
  char* memory = map(n * kPage);
  const int zeros = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    if (::read(zeros, memory + i * kPage, 1) != 1) return 1;
  }
  end();
  return 0;
}

sigjmp_buf before_fault;
void jump_back(int) {
  ::siglongjmp(before_fault, 1);
}

// Every access ends in a signal: nothing is ever mapped.
int segv(std::size_t n) {
  void* memory = ::mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct sigaction action = {};
  action.sa_handler = jump_back;
  action.sa_flags = SA_NODEFER;
  ::sigaction(SIGSEGV, &action, nullptr);
  volatile std::size_t done = 0;
  // Once before counting, so that the signal frame's pages are there.
  if (::sigsetjmp(before_fault, 1) == 0) *static_cast<volatile char*>(memory) = 1;
  begin();
  while (done < n) {
    if (::sigsetjmp(before_fault, 1) == 0) {
      *static_cast<volatile char*>(memory) = 1;
    } else {
      done = done + 1;
    }
  }
  end();
  return 0;
}

int populate(std::size_t n) {
  // Populated within the call, so there is no moment for madvise: one fault a page needs small
  // pages.
  ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  begin();
  void* memory = ::mmap(nullptr, n * kPage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  end();
  return memory == MAP_FAILED ? kCannot : 0;
}

int mlock_pages(std::size_t n) {
  char* memory = map(n * kPage);
  begin();
  const int status = ::mlock(memory, n * kPage);
  end();
  return status == 0 ? 0 : kCannot;
}

// Writes into the own memory through the file: the kernel takes the faults on this task's account.
int proc_mem(std::size_t n) {
  char* memory = map(n * kPage);
  const int fd = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (fd < 0) return kCannot;
  begin();
  for (std::size_t i = 0; i < n; ++i) {
    const char one = 1;
    if (::pwrite(fd, &one, 1, reinterpret_cast<off_t>(memory + i * kPage)) != 1) return kCannot;
  }
  end();
  return 0;
}

// Write protection by userfaultfd, resolved at once by the kernel (asynchronous mode, since 6.7).
int userfaultfd(std::size_t n) {
  const int fd = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC));
  uffdio_api api = {};
  api.api = UFFD_API;
  api.features = 1u << 15;  // UFFD_FEATURE_WP_ASYNC
  if (fd < 0 || ::ioctl(fd, UFFDIO_API, &api) != 0) {
    std::fprintf(stderr, "no asynchronous write protection\n");
    return kCannot;
  }
  char* memory = map(n * kPage);
  write_pages(memory, n);
  uffdio_register reg = {};
  reg.range = {reinterpret_cast<std::uint64_t>(memory), n * kPage};
  reg.mode = UFFDIO_REGISTER_MODE_WP;
  uffdio_writeprotect protect = {};
  protect.range = reg.range;
  protect.mode = UFFDIO_WRITEPROTECT_MODE_WP;
  if (::ioctl(fd, UFFDIO_REGISTER, &reg) != 0 || ::ioctl(fd, UFFDIO_WRITEPROTECT, &protect) != 0) {
    std::fprintf(stderr, "cannot protect\n");
    return kCannot;
  }
  begin();
  write_pages(memory, n);
  end();
  return 0;
}

constexpr Scenario kOfMemory[] = {
    {"first_touch", first_touch},
    {"mapped_anew", mapped_anew},
    {"zero_page", zero_page},
    {"zero_page_write", zero_page_write},
    {"private_file_copy", private_file_copy},
    {"private_file_write_after_read", private_file_write_after_read},
    {"file_minor", file_minor},
    {"file_major", file_major},
    {"known_places", known_places},
    {"shared_file_dirty", shared_file_dirty},
    {"memory_file_dirty", memory_file_dirty},
    {"shared_memory", shared_memory},
    {"cow", cow},
    {"reuse_after_child", reuse_after_child},
    {"huge", huge},
    {"hugetlb_copy", hugetlb_copy},
    {"swapped_out", swapped_out},
    {"kernel_mode", kernel_mode},
    {"segv", segv},
    {"populate", populate},
    {"mlock", mlock_pages},
    {"proc_mem", proc_mem},
    {"userfaultfd", userfaultfd},
};

}  // namespace

std::span<const Scenario> memory_scenarios() {
  return kOfMemory;
}

}  // namespace triptych::scenarios
