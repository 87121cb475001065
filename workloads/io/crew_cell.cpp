// SPDX-License-Identifier: Apache-2.0
#include "workloads/io/crew_cell.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

#include "workloads/io/echo_server.hpp"
#include "workloads/io/event_loop.hpp"
#include "workloads/support/crew.hpp"

namespace triptych::workloads::io {
namespace {

class CrewCell final : public Cell {
 public:
  CrewCell(unsigned units, unsigned tasks, std::unique_ptr<Crew> crew)
      : units_(units), tasks_(tasks), crew_(std::move(crew)) {}

  Result<void> run(std::uint64_t operations) override {
    operations_ += operations;
    return crew_->run_each(operations);
  }

  std::vector<Metric> metrics() const override {
    const Usage usage = crew_->usage();
    return wait_metrics(usage.voluntary_switches, usage.involuntary_switches, operations_ * units_,
                        tasks_);
  }
  Usage usage_of_living_processes() const override { return crew_->usage_of_processes(); }

 private:
  unsigned units_;
  unsigned tasks_;
  std::uint64_t operations_ = 0;
  std::unique_ptr<Crew> crew_;  // keeps what it works with
};

// Null for timers.
Result<std::shared_ptr<EchoServer>> server_for(const Options& options) {
  if (options.wait == Wait::kTimer) return nullptr;
  return EchoServer::start(options.units, options.delay_ns);
}

int wait_in_a_call(const Options& options, const EchoServer* server, unsigned unit) {
  if (server != nullptr) {
    const int error = ask(server->socket(unit));
    return error != 0 ? error : take_answer(server->socket(unit));
  }
  timespec left{static_cast<time_t>(options.delay_ns / 1'000'000'000),
                static_cast<long>(options.delay_ns % 1'000'000'000)};
  int error = 0;
  do {
    error = ::clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left);
  } while (error == EINTR);
  return error;
}

// The units of one task: numbers first, first + step, …
class LoopMember {
 public:
  static Result<LoopMember> create(const Options& options, std::shared_ptr<EchoServer> server,
                                   unsigned first, unsigned step) {
    TRIPTYCH_TRY_ASSIGN(EventLoop loop, EventLoop::create());
    LoopMember member(options, std::move(server), std::move(loop));
    for (unsigned unit = first; unit < options.units; unit += step) {
      const auto token = static_cast<std::uint32_t>(member.units_.size());
      member.units_.push_back(unit);
      if (!member.server_) continue;
      const int error = member.loop_.watch(member.server_->socket(unit), token);
      if (error != 0) return fail_errno("cannot watch a socket", error);
    }
    member.left_.resize(member.units_.size());
    return member;
  }

  // Each unit waits that many times. 0 or an errno.
  int run(std::uint64_t operations) {
    if (operations == 0) return 0;
    for (std::uint32_t i = 0; i < units_.size(); ++i) {
      left_[i] = operations;
      if (const int error = begin(i); error != 0) return error;
    }
    std::size_t waiting = units_.size();
    while (waiting > 0) {
      if (const int error = loop_.wait(&fired_); error != 0) return error;
      for (const std::uint32_t i : fired_) {
        int error = server_ ? take_answer(server_->socket(units_[i])) : 0;
        if (error == 0 && --left_[i] > 0) error = begin(i);
        if (error != 0) return error;
        if (left_[i] == 0) --waiting;
      }
    }
    return 0;
  }

 private:
  LoopMember(const Options& options, std::shared_ptr<EchoServer> server, EventLoop loop)
      : options_(options), server_(std::move(server)), loop_(std::move(loop)) {}

  int begin(std::uint32_t i) {
    if (server_) return ask(server_->socket(units_[i]));
    loop_.wake_at(now_ns() + options_.delay_ns, i);
    return 0;
  }

  Options options_;
  std::shared_ptr<EchoServer> server_;
  EventLoop loop_;
  std::vector<unsigned> units_;
  std::vector<std::uint64_t> left_;  // waits of each unit in this run
  std::vector<std::uint32_t> fired_;
};

unsigned usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

Result<std::unique_ptr<Cell>> make_blocking_cell(Model model, const Options& options) {
  TRIPTYCH_TRY(check_machine(options, options.units));
  TRIPTYCH_TRY_ASSIGN(std::shared_ptr<EchoServer> server, server_for(options));
  TRIPTYCH_TRY_ASSIGN(
      auto crew,
      Crew::start(model, options.units, [options, server](unsigned unit, std::uint64_t operations) {
        for (std::uint64_t i = 0; i < operations; ++i) {
          const int error = wait_in_a_call(options, server.get(), unit);
          if (error != 0) return error;
        }
        return 0;
      }));
  return std::make_unique<CrewCell>(options.units, options.units, std::move(crew));
}

Result<std::unique_ptr<Cell>> make_epoll_cell(Model model, const Options& options) {
  const unsigned tasks = std::min(options.units, usable_cpus());
  TRIPTYCH_TRY(check_machine(options, tasks));
  TRIPTYCH_TRY_ASSIGN(const std::shared_ptr<EchoServer> server, server_for(options));
  auto members = std::make_shared<std::vector<LoopMember>>();
  for (unsigned task = 0; task < tasks; ++task) {
    TRIPTYCH_TRY_ASSIGN(LoopMember member, LoopMember::create(options, server, task, tasks));
    members->push_back(std::move(member));
  }
  TRIPTYCH_TRY_ASSIGN(auto crew,
                      Crew::start(model, tasks, [members](unsigned task, std::uint64_t operations) {
                        return (*members)[task].run(operations);
                      }));
  return std::make_unique<CrewCell>(options.units, tasks, std::move(crew));
}

}  // namespace triptych::workloads::io
