// SPDX-License-Identifier: Apache-2.0
//
// Rings of messages that are written and read in place; they differ in how a unit waits.
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>
#include <utility>

#include "base/unique_fd.hpp"
#include "workloads/ipc/link.hpp"
#include "workloads/memory.hpp"
#include "workloads/support/futex.hpp"

namespace triptych::workloads::ipc {
namespace {

// The messages' memory, behind a head that the kind of ring chooses.
template <typename Head>
class RingMemory {
 public:
  static Result<RingMemory> create(std::size_t words) {
    RingMemory ring;
    ring.words_ = words;
    TRIPTYCH_TRY_ASSIGN(ring.memory_,
                        Mapping::shared(sizeof(Head) + kSlots * words * sizeof(std::uint64_t)));
    new (ring.memory_.data()) Head;
    return ring;
  }

  Head& head() const { return *static_cast<Head*>(static_cast<void*>(memory_.data())); }
  std::size_t words() const { return words_; }
  std::uint64_t* slot(std::uint64_t number) const {
    void* first = memory_.data() + sizeof(Head);
    return static_cast<std::uint64_t*>(first) + number % kSlots * words_;
  }

 private:
  Mapping memory_;
  std::size_t words_ = 0;
};

// Counts of messages, each on a cache line of its own and written by one side, and whether the
// other side sleeps until it changes.
struct FutexHead {
  alignas(128) std::atomic<std::uint32_t> written{0};
  std::atomic<std::uint32_t> reader_sleeps{0};
  alignas(128) std::atomic<std::uint32_t> read{0};
  std::atomic<std::uint32_t> writer_sleeps{0};
};

class FutexRing final : public Link {
 public:
  FutexRing(RingMemory<FutexHead> ring, Sharing sharing)
      : ring_(std::move(ring)), sharing_(sharing) {}

  int send(std::uint64_t number) override {
    FutexHead& head = ring_.head();
    const std::uint32_t written = head.written.load(std::memory_order_relaxed);
    while (written - head.read.load(std::memory_order_acquire) == kSlots) {
      sleep_until_changed(&head.read, written - kSlots, &head.writer_sleeps);
    }
    fill(ring_.slot(written), ring_.words(), number);
    publish(&head.written, written + 1, &head.reader_sleeps);
    return 0;
  }

  int receive(std::uint64_t* total) override {
    FutexHead& head = ring_.head();
    const std::uint32_t read = head.read.load(std::memory_order_relaxed);
    while (head.written.load(std::memory_order_acquire) == read) {
      sleep_until_changed(&head.written, read, &head.reader_sleeps);
    }
    *total += sum(ring_.slot(read), ring_.words());
    publish(&head.read, read + 1, &head.writer_sleeps);
    return 0;
  }

 private:
  // Either the sleeper sees the new count or the publisher sees the sleeper: both orders are total.
  void sleep_until_changed(std::atomic<std::uint32_t>* count, std::uint32_t seen,
                           std::atomic<std::uint32_t>* sleeps) const {
    sleeps->store(1);
    if (count->load() == seen) futex_wait(count, seen, sharing_);
    sleeps->store(0);
  }
  void publish(std::atomic<std::uint32_t>* count, std::uint32_t value,
               std::atomic<std::uint32_t>* sleeps) const {
    count->store(value);
    if (sleeps->load() != 0) futex_wake(count, 1, sharing_);
  }

  RingMemory<FutexHead> ring_;
  Sharing sharing_;
};

struct EventfdHead {
  alignas(128) std::uint64_t written = 0;  // the sender's
  alignas(128) std::uint64_t read = 0;     // the receiver's
};

class EventfdRing final : public Link {
 public:
  EventfdRing(RingMemory<EventfdHead> ring, UniqueFd filled, UniqueFd free)
      : ring_(std::move(ring)), filled_(std::move(filled)), free_(std::move(free)) {}

  int send(std::uint64_t number) override {
    if (const int error = take(free_); error != 0) return error;
    fill(ring_.slot(ring_.head().written++), ring_.words(), number);
    return give(filled_);
  }

  int receive(std::uint64_t* total) override {
    if (const int error = take(filled_); error != 0) return error;
    *total += sum(ring_.slot(ring_.head().read++), ring_.words());
    return give(free_);
  }

 private:
  static int take(const UniqueFd& counter) {
    std::uint64_t one = 0;
    while (::read(counter.get(), &one, sizeof(one)) < 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }
  static int give(const UniqueFd& counter) {
    const std::uint64_t one = 1;
    while (::write(counter.get(), &one, sizeof(one)) < 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  RingMemory<EventfdHead> ring_;
  UniqueFd filled_;
  UniqueFd free_;
};

struct QueueHead {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
  pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
  std::uint64_t written = 0;
  std::uint64_t read = 0;
};

// The mutex guards the counts. With one sender and one receiver the slot at each count is its
// side's alone, so messages are written and read without it.
class LockedQueue final : public Link {
 public:
  explicit LockedQueue(RingMemory<QueueHead> ring) : ring_(std::move(ring)) {}

  int send(std::uint64_t number) override {
    QueueHead& head = ring_.head();
    ::pthread_mutex_lock(&head.mutex);
    while (head.written - head.read == kSlots) ::pthread_cond_wait(&head.not_full, &head.mutex);
    ::pthread_mutex_unlock(&head.mutex);
    fill(ring_.slot(head.written), ring_.words(), number);
    ::pthread_mutex_lock(&head.mutex);
    ++head.written;
    ::pthread_cond_signal(&head.not_empty);
    ::pthread_mutex_unlock(&head.mutex);
    return 0;
  }

  int receive(std::uint64_t* total) override {
    QueueHead& head = ring_.head();
    ::pthread_mutex_lock(&head.mutex);
    while (head.written == head.read) ::pthread_cond_wait(&head.not_empty, &head.mutex);
    ::pthread_mutex_unlock(&head.mutex);
    *total += sum(ring_.slot(head.read), ring_.words());
    ::pthread_mutex_lock(&head.mutex);
    ++head.read;
    ::pthread_cond_signal(&head.not_full);
    ::pthread_mutex_unlock(&head.mutex);
    return 0;
  }

 private:
  RingMemory<QueueHead> ring_;
};

Result<std::shared_ptr<Link>> make_futex_ring(Sharing sharing, std::size_t words) {
  TRIPTYCH_TRY_ASSIGN(auto ring, RingMemory<FutexHead>::create(words));
  return std::make_shared<FutexRing>(std::move(ring), sharing);
}

Result<std::shared_ptr<Link>> make_eventfd_ring(std::size_t words) {
  TRIPTYCH_TRY_ASSIGN(auto ring, RingMemory<EventfdHead>::create(words));
  UniqueFd filled(::eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC));
  UniqueFd free(::eventfd(kSlots, EFD_SEMAPHORE | EFD_CLOEXEC));
  if (!filled || !free) return fail_errno("cannot make an eventfd", errno);
  return std::make_shared<EventfdRing>(std::move(ring), std::move(filled), std::move(free));
}

Result<std::shared_ptr<Link>> make_locked_queue(std::size_t words) {
  TRIPTYCH_TRY_ASSIGN(auto ring, RingMemory<QueueHead>::create(words));
  return std::make_shared<LockedQueue>(std::move(ring));
}

}  // namespace

Result<Links> make_futex_rings(Model model, const Options& options) {
  const Sharing sharing = model == Model::kProcess ? Sharing::kProcesses : Sharing::kThreads;
  Links links;
  TRIPTYCH_TRY_ASSIGN(links.there, make_futex_ring(sharing, options.words));
  TRIPTYCH_TRY_ASSIGN(links.back, make_futex_ring(sharing, options.words));
  return links;
}

Result<Links> make_eventfd_rings(const Options& options) {
  Links links;
  TRIPTYCH_TRY_ASSIGN(links.there, make_eventfd_ring(options.words));
  TRIPTYCH_TRY_ASSIGN(links.back, make_eventfd_ring(options.words));
  return links;
}

Result<Links> make_locked_queues(const Options& options) {
  Links links;
  TRIPTYCH_TRY_ASSIGN(links.there, make_locked_queue(options.words));
  TRIPTYCH_TRY_ASSIGN(links.back, make_locked_queue(options.words));
  return links;
}

}  // namespace triptych::workloads::ipc
