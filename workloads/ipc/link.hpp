// SPDX-License-Identifier: Apache-2.0
//
// The ways from one unit to another for units that the kernel schedules. A link is one direction
// and has one sender and one receiver at a time.
#pragma once

#include <memory>

#include "workloads/ipc/ipc.hpp"

namespace triptych::workloads::ipc {

class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  virtual ~Link() = default;

  // Writes message `number` and passes it on; waits for room. 0 or an errno.
  virtual int send(std::uint64_t number) = 0;
  // Waits for the next message and adds its words to *total. 0 or an errno.
  virtual int receive(std::uint64_t* total) = 0;
};

struct Links {
  std::shared_ptr<Link> there;
  std::shared_ptr<Link> back;
};

// With the kernel's copy in between.
Result<Links> make_pipes(const Options& options);
Result<Links> make_fifos(const Options& options);
Result<Links> make_sockets(const Options& options);
Result<Links> make_posix_queues(const Options& options);
Result<Links> make_sysv_queues(const Options& options);
// In memory that both units have: shared if they are processes.
Result<Links> make_futex_rings(Model model, const Options& options);
Result<Links> make_eventfd_rings(const Options& options);
Result<Links> make_locked_queues(const Options& options);  // for threads

// Two units of the model and the links between them. Links that cannot be made are the cell's
// refusal. `guardians`: processes that the links take besides.
Result<std::unique_ptr<Cell>> make_crew_cell(Model model, const Parameters& parameters,
                                             Result<Links> (*make_links)(const Options& options),
                                             unsigned guardians = 0);

}  // namespace triptych::workloads::ipc
