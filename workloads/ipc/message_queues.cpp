// SPDX-License-Identifier: Apache-2.0
//
// POSIX and System V message queues: the kernel keeps whole messages, up to a size that the system
// sets.
#include <fcntl.h>
#include <fmt/format.h>
#include <mqueue.h>
#include <sys/msg.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "workloads/ipc/link.hpp"
#include "workloads/ipc/sysv_queues.hpp"
#include "workloads/support/signals_held.hpp"

namespace triptych::workloads::ipc {
namespace {

constexpr const char* kPosixSize = "/proc/sys/fs/mqueue/msgsize_max";
constexpr const char* kPosixCount = "/proc/sys/fs/mqueue/msg_max";
constexpr const char* kSysvSize = "/proc/sys/kernel/msgmax";
constexpr const char* kSysvQueueBytes = "/proc/sys/kernel/msgmnb";

// 0 when it cannot be read.
std::uint64_t read_limit(const char* path) {
  std::uint64_t value = 0;
  std::ifstream(path) >> value;
  return value;
}

tl::unexpected<Error> too_large(std::uint64_t bytes, const char* path, std::uint64_t limit) {
  return fail(fmt::format("a message of {} is too large for the queue: {} is {}",
                          format_bytes(bytes), path, limit),
              fmt::format("set a smaller size, or as root: echo {} >{}", bytes, path));
}

class PosixQueue final : public Link {
 public:
  PosixQueue(mqd_t queue, std::size_t words) : queue_(queue), sent_(words), received_(words) {}
  ~PosixQueue() override { ::mq_close(queue_); }

  int send(std::uint64_t number) override {
    fill(sent_.data(), sent_.size(), number);
    const auto* bytes = reinterpret_cast<const char*>(sent_.data());
    while (::mq_send(queue_, bytes, sent_.size() * sizeof(sent_[0]), 0) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  int receive(std::uint64_t* total) override {
    auto* bytes = reinterpret_cast<char*>(received_.data());
    while (::mq_receive(queue_, bytes, received_.size() * sizeof(received_[0]), nullptr) < 0) {
      if (errno != EINTR) return errno;
    }
    *total += sum(received_.data(), received_.size());
    return 0;
  }

 private:
  mqd_t queue_;
  std::vector<std::uint64_t> sent_;
  std::vector<std::uint64_t> received_;
};

Result<std::shared_ptr<Link>> make_posix_queue(const Options& options) {
  mq_attr attributes{};
  const std::uint64_t bytes = options.words * sizeof(std::uint64_t);
  const std::uint64_t most = read_limit(kPosixCount);
  attributes.mq_maxmsg = static_cast<long>(most > 0 && most < kSlots ? most : kSlots);
  attributes.mq_msgsize = static_cast<long>(bytes);
  static unsigned count = 0;
  const std::string name = fmt::format("/triptych-{}-{}", ::getpid(), ++count);
  const SignalsHeld held;  // until the name is gone
  const mqd_t queue =
      ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
  const int error = errno;
  if (queue >= 0) {
    ::mq_unlink(name.c_str());
    return std::make_shared<PosixQueue>(queue, options.words);
  }
  if (const std::uint64_t limit = read_limit(kPosixSize); error == EINVAL && bytes > limit) {
    return too_large(bytes, kPosixSize, limit);
  }
  std::string hint;
  if (error == EMFILE) hint = "the bytes of all queues are limited: ulimit -q";
  if (error == ENOSPC) hint = "the number of queues is limited: /proc/sys/fs/mqueue/queues_max";
  return fail_errno("cannot make a POSIX message queue", error, std::move(hint));
}

// The kernel wants a type in front of a message.
class SysvQueue final : public Link {
 public:
  SysvQueue(std::shared_ptr<SysvQueues> queues, int queue, std::size_t words)
      : queues_(std::move(queues)), queue_(queue), sent_(words + 1), received_(words + 1) {
    static_assert(sizeof(long) == sizeof(std::uint64_t));
    sent_[0] = 1;
  }

  int send(std::uint64_t number) override {
    fill(sent_.data() + 1, sent_.size() - 1, number);
    while (::msgsnd(queue_, sent_.data(), (sent_.size() - 1) * sizeof(sent_[0]), 0) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  int receive(std::uint64_t* total) override {
    while (::msgrcv(queue_, received_.data(), (received_.size() - 1) * sizeof(received_[0]), 0, 0) <
           0) {
      if (errno != EINTR) return errno;
    }
    *total += sum(received_.data() + 1, received_.size() - 1);
    return 0;
  }

 private:
  std::shared_ptr<SysvQueues> queues_;
  int queue_;
  std::vector<std::uint64_t> sent_;
  std::vector<std::uint64_t> received_;
};

}  // namespace

Result<Links> make_posix_queues(const Options& options) {
  Links links;
  TRIPTYCH_TRY_ASSIGN(links.there, make_posix_queue(options));
  TRIPTYCH_TRY_ASSIGN(links.back, make_posix_queue(options));
  return links;
}

Result<Links> make_sysv_queues(const Options& options) {
  const std::uint64_t bytes = options.words * sizeof(std::uint64_t);
  for (const char* path : {kSysvSize, kSysvQueueBytes}) {
    const std::uint64_t limit = read_limit(path);
    if (limit > 0 && bytes > limit) return too_large(bytes, path, limit);
  }
  TRIPTYCH_TRY_ASSIGN(const std::shared_ptr<SysvQueues> queues, SysvQueues::create());
  Links links;
  links.there = std::make_shared<SysvQueue>(queues, queues->there(), options.words);
  links.back = std::make_shared<SysvQueue>(queues, queues->back(), options.words);
  return links;
}

}  // namespace triptych::workloads::ipc
