// SPDX-License-Identifier: Apache-2.0
//
// Which thread a program means when it says a tid: learnt from the kernel's own records as they
// pass by. A program can only name threads of the processes that share its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/ids.hpp"

namespace triptych::coroutine::ring {

struct Thread {
  model::TaskId task{};
  model::Tid ns_tid = 0;  // as the program sees it
  model::TimeNs born_ns = 0;
  model::TimeNs ended_ns = 0;  // 0: lives

  [[nodiscard]] bool ended() const { return ended_ns != 0; }
};

struct Process {
  model::Tid tgid = 0;
  model::Tid parent = 0;  // tgid of the process that it was forked from with its memory; 0: none
  std::vector<Thread> threads;
};

class Threads {
 public:
  // A record of one of the kernel's rings (bpf/abi/events.h); means something from advance() on.
  void on_record(std::span<const std::byte> record);

  // What is known of the time until then. The rings are read one after another: what they say is
  // put in order first, and what is younger has to wait for what another ring may say of it.
  void advance(model::TimeNs until_ns);

  // The process that calls itself, or is called by the kernel, `tgid`; null: not recorded.
  [[nodiscard]] const Process* process(model::Tid tgid) const;
  // Whether it was forked, over any number of generations, from `ancestor`.
  [[nodiscard]] bool descends(const Process& process, model::Tid ancestor) const;

  // The thread of that number in `process` that lived at `at_ns`; null: none.
  [[nodiscard]] static const Thread* thread(const Process& process, model::Tid ns_tid,
                                            model::TimeNs at_ns);
  // Of a thread that was once found here.
  [[nodiscard]] bool has_ended(model::TaskId task) const;
  [[nodiscard]] static bool all_ended(const Process& process);

  // Lets go of the threads and processes that ended no later than `until_ns`, but for the processes
  // `kept`: whatever the length of a recording, only what lives takes memory. Who descends from a
  // forgotten process descends from its ancestors still.
  void forget_ended(model::TimeNs until_ns, std::span<const model::Tid> kept);

  [[nodiscard]] const std::unordered_map<model::Tid, Process>& processes() const {
    return processes_;
  }

 private:
  struct Place {
    model::Tid tgid = 0;
    std::size_t index = 0;
  };
  struct Change {
    enum class What : std::uint8_t { kAppears, kExecs, kEnds };
    model::TimeNs at_ns = 0;
    What what = What::kAppears;
    Thread thread;  // of one that does not appear, the task only
    model::Tid tgid = 0;
    model::TaskId parent{};  // whose memory it has a copy of; 0: none
  };
  void apply(const Change& change);
  void on_exec(model::TaskId task, model::TimeNs ts_ns);
  void on_end(model::TaskId task, model::TimeNs ts_ns);
  void add(model::Tid tgid, const Thread& thread, model::Tid parent);
  void forget_process(model::Tid tgid);
  bool forget_threads(Process& process, model::TimeNs until_ns);
  [[nodiscard]] model::Tid tgid_of(model::TaskId task) const;

  std::vector<Change> changes_;  // yet to be applied
  std::unordered_map<model::Tid, Process> processes_;
  std::unordered_map<std::uint32_t, Place> places_;  // by serial
  std::vector<model::Tid> with_ended_;               // processes with threads to be forgotten
};

}  // namespace triptych::coroutine::ring
