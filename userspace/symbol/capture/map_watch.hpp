// SPDX-License-Identifier: Apache-2.0
//
// Watches the whole machine for code that appears in address spaces: the kernel tells of it in the
// buffer of a perf event on each CPU, which costs nobody anything who does not map code.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/error.hpp"
#include "base/shared_mapping.hpp"
#include "base/unique_fd.hpp"
#include "symbol/capture/map_event.hpp"

namespace triptych::symbol::capture {

class MapWatch {
 public:
  static Result<MapWatch> open(std::uint32_t cpus);

  // From here on: until then nothing is told, and nothing lost.
  Result<void> begin() const;
  // What has been told by now is what take() will hand over, and nothing later.
  void look();
  // In order of time.
  std::vector<MapEvent> take();

  [[nodiscard]] std::uint64_t lost() const { return lost_; }

 private:
  struct Buffer {
    UniqueFd event;
    SharedMapping memory;
    std::uint64_t seen = 0;  // the kernel's position when we looked
  };
  void read(Buffer& buffer, std::vector<MapEvent>& events);

  std::vector<Buffer> buffers_;
  std::uint64_t lost_ = 0;
};

// The code that is mapped in a process now; nothing of one that has ended.
std::vector<MapEvent> maps_of_process(model::Tid tgid);

}  // namespace triptych::symbol::capture
