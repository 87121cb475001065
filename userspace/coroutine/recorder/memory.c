// SPDX-License-Identifier: Apache-2.0
#include "coroutine/recorder/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Where glibc keeps a thread's tid, from the thread pointer on. Used only after it was found to be
// right for the thread that loads the library.
#define TID_IN_THREAD 0x2d0

// Keys beyond need an allocation for each thread.
#define KEYS_WITHOUT_ALLOCATION 32

// Beyond it the addresses of a process run out.
#define MAX_TOTAL_BYTES (1ull << 44)

struct wish {
  uint64_t ring_bytes;
  const char* socket_name;  // null: nobody records yet
};

struct triptych_coro_process triptych_coro_process;

static const uint32_t never_armed;
const volatile uint32_t* triptych_coro_armed = &never_armed;

int triptych_coro_available(void) {
  return triptych_coro_process.header != NULL;
}

static uint32_t tid_of_thread(void) {
  const char* thread;
  uint32_t tid;
  __asm__("mov %%fs:0, %0" : "=r"(thread));
  memcpy(&tid, thread + TID_IN_THREAD, sizeof tid);
  return tid;
}

uint32_t triptych_coro_own_tid(void) {
  if (triptych_coro_process.tid_in_thread) return tid_of_thread();
  return (uint32_t)syscall(SYS_gettid);
}

// The kernel has watched the TSC: where it does not use it itself, it is not to be relied on.
static uint32_t choose_clock(void) {
  char name[4] = {0};
  const int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                      O_RDONLY | O_CLOEXEC);
  if (fd < 0) return TRIPTYCH_CORO_CLOCK_MONOTONIC;
  const ssize_t got = read(fd, name, sizeof name);
  close(fd);
  return got == 4 && memcmp(name, "tsc\n", 4) == 0 ? TRIPTYCH_CORO_CLOCK_TSC
                                                   : TRIPTYCH_CORO_CLOCK_MONOTONIC;
}

uint64_t triptych_coro_kernel_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// "1:BYTES:NAME". What is not understood is not there: the program must not suffer from it.
static struct wish read_environment(void) {
  struct wish wish = {TRIPTYCH_CORO_RING_BYTES, NULL};
  const char* text = secure_getenv(TRIPTYCH_CORO_ENVIRONMENT);
  if (text == NULL || strncmp(text, "1:", 2) != 0) return wish;
  char* end;
  const unsigned long long bytes = strtoull(text + 2, &end, 10);
  const int is_power = bytes != 0 && (bytes & (bytes - 1)) == 0;
  if (*end != ':' || !is_power || bytes < TRIPTYCH_CORO_RING_BYTES_MIN ||
      bytes > TRIPTYCH_CORO_RING_BYTES_MAX) {
    return wish;
  }
  wish.ring_bytes = bytes;
  wish.socket_name = end + 1;
  return wish;
}

// Hands the memory to whoever records; nonzero when it was taken. From then on it can be read even
// when this process is killed the next moment.
static int hand_over(int memory, const char* name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const size_t length = strlen(name);
  if (length == 0 || length > sizeof address.sun_path - 1) return 0;
  memcpy(address.sun_path + 1, name, length);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  const struct timeval patience = {.tv_sec = 1};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  char byte = 'm';
  struct iovec data = {&byte, 1};
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control = {0};
  struct msghdr message = {
      .msg_name = &address,
      .msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length),
      .msg_iov = &data,
      .msg_iovlen = 1,
      .msg_control = control.bytes,
      .msg_controllen = sizeof control.bytes};
  struct cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(rights), &memory, sizeof memory);
  ssize_t sent;
  do {
    sent = sendmsg(fd, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  close(fd);
  return sent == 1;
}

static struct triptych_coro_private* map_private_page(void) {
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return NULL;
  // Without it a child could write into its parent's rings.
  if (madvise(page, 4096, MADV_WIPEONFORK) != 0) {
    munmap(page, 4096);
    return NULL;
  }
  return page;
}

static int make_memory(uint64_t total) {
  const int fd = memfd_create(TRIPTYCH_CORO_MEMFD, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -1;
  if (ftruncate(fd, (off_t)total) == 0 &&
      fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

static struct triptych_coro_header* map_memory(int fd, uint64_t total) {
  void* at = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (at == MAP_FAILED) return NULL;
  madvise(at, total, MADV_DONTDUMP);
  return at;
}

static void describe_memory(struct triptych_coro_header* header, uint64_t ring_bytes,
                            uint64_t total) {
  header->version = TRIPTYCH_CORO_VERSION;
  header->clock = choose_clock();
  header->total_bytes = total;
  header->functions_offset = TRIPTYCH_CORO_HEADER_BYTES;
  header->slots_offset = triptych_coro_slots_offset();
  header->rings_offset = triptych_coro_rings_offset();
  header->ring_bytes = ring_bytes;
  __atomic_store_n(&header->magic, TRIPTYCH_CORO_MAGIC, __ATOMIC_RELEASE);
}

// Making a larger file than the limit allows would end the program: then there is no recorder.
static int allowed(uint64_t total) {
  struct rlimit limit;
  return total <= MAX_TOTAL_BYTES && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
         (limit.rlim_cur == RLIM_INFINITY || total <= limit.rlim_cur);
}

__attribute__((constructor)) static void load(void) {
  const struct wish wish = read_environment();
  const uint64_t total = triptych_coro_total_bytes(wish.ring_bytes);
  const int saved_errno = errno;
  const int fd = allowed(total) ? make_memory(total) : -1;
  struct triptych_coro_process* process = &triptych_coro_process;
  if (fd >= 0 && (process->private_page = map_private_page()) != NULL &&
      (process->header = map_memory(fd, total)) != NULL) {
    describe_memory(process->header, wish.ring_bytes, total);
    process->ring_mask = wish.ring_bytes / sizeof(struct triptych_coro_event) - 1;
    process->tid_in_thread = tid_of_thread() == (uint32_t)syscall(SYS_gettid);
    if (pthread_key_create(&process->exit_key, triptych_coro_release_slot) == 0) {
      process->has_exit_key = process->exit_key < KEYS_WITHOUT_ALLOCATION;
      if (!process->has_exit_key) pthread_key_delete(process->exit_key);
    }
    triptych_coro_armed = &process->header->armed;
    process->header->armed_until =
        triptych_coro_clock_now() + triptych_coro_lease(process->header->clock);
    if (wish.socket_name != NULL && hand_over(fd, wish.socket_name)) {
      __atomic_store_n(&process->header->armed, 1, __ATOMIC_RELEASE);
    }
  }
  if (fd >= 0) close(fd);
  errno = saved_errno;
}
