// SPDX-License-Identifier: Apache-2.0
//
// The locks whose waiters sleep in the kernel or spin: for processes and threads alike. A section
// lies in memory that all its units have.
#pragma once

#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace triptych::workloads::lock {

// pshared is PTHREAD_PROCESS_SHARED or PTHREAD_PROCESS_PRIVATE. init returns 0 or an errno; pass is
// one operation.

struct MutexSection {
  pthread_mutex_t mutex;
  std::uint64_t entries;

  int init(int pshared, unsigned) {
    pthread_mutexattr_t attributes;
    ::pthread_mutexattr_init(&attributes);
    ::pthread_mutexattr_setpshared(&attributes, pshared);
    return ::pthread_mutex_init(&mutex, &attributes);
  }
  void pass() {
    ::pthread_mutex_lock(&mutex);
    ++entries;
    ::pthread_mutex_unlock(&mutex);
  }
};

struct SpinSection {
  pthread_spinlock_t spin;
  std::uint64_t entries;

  int init(int pshared, unsigned) { return ::pthread_spin_init(&spin, pshared); }
  void pass() {
    ::pthread_spin_lock(&spin);
    ++entries;
    ::pthread_spin_unlock(&spin);
  }
};

struct SemaphoreSection {
  sem_t semaphore;
  std::uint64_t entries;

  int init(int pshared, unsigned) {
    return ::sem_init(&semaphore, pshared == PTHREAD_PROCESS_SHARED, 1) == 0 ? 0 : errno;
  }
  void pass() {
    while (::sem_wait(&semaphore) != 0) {
    }
    ++entries;
    ::sem_post(&semaphore);
  }
};

// A monitor: the section is taken by a flag, which a mutex guards and a condition variable tells
// of.
struct CondvarSection {
  pthread_mutex_t mutex;
  pthread_cond_t left;
  bool taken;
  std::uint64_t entries;

  int init(int pshared, unsigned) {
    pthread_mutexattr_t mutex_attributes;
    ::pthread_mutexattr_init(&mutex_attributes);
    ::pthread_mutexattr_setpshared(&mutex_attributes, pshared);
    if (const int error = ::pthread_mutex_init(&mutex, &mutex_attributes); error != 0) return error;
    pthread_condattr_t condition_attributes;
    ::pthread_condattr_init(&condition_attributes);
    ::pthread_condattr_setpshared(&condition_attributes, pshared);
    taken = false;
    return ::pthread_cond_init(&left, &condition_attributes);
  }
  void pass() {
    ::pthread_mutex_lock(&mutex);
    while (taken) ::pthread_cond_wait(&left, &mutex);
    taken = true;
    ::pthread_mutex_unlock(&mutex);
    ++entries;
    ::pthread_mutex_lock(&mutex);
    taken = false;
    ::pthread_cond_signal(&left);
    ::pthread_mutex_unlock(&mutex);
  }
};

struct BarrierSection {
  pthread_barrier_t barrier;
  std::uint64_t entries;

  int init(int pshared, unsigned parties) {
    pthread_barrierattr_t attributes;
    ::pthread_barrierattr_init(&attributes);
    ::pthread_barrierattr_setpshared(&attributes, pshared);
    return ::pthread_barrier_init(&barrier, &attributes, parties);
  }
  // One of those who met counts for all.
  void pass() {
    // NOLINTNEXTLINE(bugprone-posix-return): that one is told by a negative number
    if (::pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) ++entries;
  }
};

struct AtomicSection {
  std::atomic<std::uint64_t> entries;

  int init(int, unsigned) { return 0; }
  void pass() { entries.fetch_add(1); }
};

}  // namespace triptych::workloads::lock
